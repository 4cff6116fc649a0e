"""The town's admin at her desk in Chromium: offices within her own, and a registration that was made twice."""

from __future__ import annotations

import re
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


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_offices_and_a_double_registration(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, viewport={"width": 1280, "height": 900}, is_mobile=False)
    page = desk.open("/")
    become(page, "镇街管理员")
    main = page.get_by_role("main")

    # Given: only what she holds herself is offered, and only where she holds it.
    page.goto("/desk/grants")
    page.get_by_role("link", name="新授权").click()
    page.get_by_role("searchbox").fill("周雅琴")
    page.get_by_role("button", name="查找").click()
    main.get_by_role("link", name=re.compile("周雅琴")).click()
    expect(page.get_by_label("职务")).to_be_visible()
    offered = page.get_by_label("职务").locator("option").all_inner_texts()
    assert "网格员" in offered
    assert not {"系统管理员", "区平安办"} & set(offered)
    assert "桑埠镇" not in page.get_by_label("在哪里").inner_text()
    page.get_by_label("职务").select_option(label="网格员")
    where = page.get_by_label("在哪里")
    where.select_option(where.locator("option", has_text="安澜第一网格").first.get_attribute("value"))
    page.get_by_label("为什么").fill("临时代管")
    page.get_by_role("button", name="授权", exact=True).click()
    expect(main).to_contain_text("安澜第一网格")

    # And ended, with a reason.
    page.get_by_text("现在结束…").click()
    page.get_by_label("为什么").last.fill("不用了")
    page.get_by_role("button", name="确认结束").click()
    expect(main).to_contain_text("已结束")

    # The captain registered twice.
    page.goto("/desk/people")
    page.get_by_label("称呼，或手机尾号四位").fill("桂英")
    page.get_by_role("button", name="查找").click()
    main.get_by_role("link", name="桂英", exact=True).click()
    main.get_by_role("link", name=re.compile("钱桂英")).click()
    expect(main).to_contain_text("合并不能撤回")
    page.get_by_label("怎样核对的").fill("本人到场")
    page.get_by_label("我核对过，这两份登记是同一个人").check()
    page.get_by_role("button", name="合并登记").click()
    expect(main).to_contain_text("并入的登记")

    # And all of it stands in the log, in words.
    page.goto("/desk/audit")
    for word in ("授了权", "结束了授权", "合并了登记"):
        expect(main).to_contain_text(word)
    desk.close()
