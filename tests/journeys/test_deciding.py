"""From a line of points to why it is what it is, to an objection, and to its answer by somebody new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]


def become(page: Page, person: str) -> None:
    """One tap to be a demo person."""
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()


@pytest.mark.parametrize("script", [True], ids=["with JavaScript"])
def test_why_objection_and_answer(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    phone = new_phone(demo_server, java_script_enabled=script)
    page = phone.open("/")
    main = page.get_by_role("main")
    become(page, "巡防队长")
    page.goto("/points")
    main.locator("#lines a.row").nth(2).click()
    expect(main).to_contain_text("依据的规则")
    main.get_by_role("link", name="我要申诉").click()
    page.get_by_label("哪里不对").fill("那天我带了两班，只记了一班")
    page.get_by_role("button", name="提交申诉").click()
    expect(main).to_contain_text("等答复")
    mine, first = page.url, page

    desk = new_phone(demo_server, java_script_enabled=script, viewport={"width": 1280, "height": 900}, is_mobile=False)
    page = desk.open("/")
    main = page.get_by_role("main")
    become(page, "村社管理员")
    page.goto("/desk/appeals")
    row = main.get_by_role("row").filter(has_text="李守田").first
    row.get_by_role("link", name="去答复").click()
    expect(main).to_contain_text("只记了一班")
    page.get_by_label("维持原来的决定").check()
    page.get_by_role("textbox", name="答复").fill("查过值班表，那天您值一班")
    page.get_by_role("button", name="发出答复").click()
    expect(main).to_contain_text("维持原来的决定")

    first.goto(mine)
    expect(first.get_by_role("main")).to_contain_text("那天您值一班")
    phone.close()
    desk.close()
