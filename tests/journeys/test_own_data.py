"""A captain and her data in a browser without a script: who looked, a copy, erasure and a change of mind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
CAPTAIN, ADMIN = "钱桂英", "邵文静"


def become(page: Page, person: str) -> Page:
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()
    return page


def look_at(page: Page, person: str) -> None:
    """The village admin opens a person's page."""
    page.goto("/desk/people")
    page.get_by_label("称呼，或手机尾号四位").fill(person)
    page.get_by_role("button", name="查找").click()
    page.get_by_role("main").get_by_role("link", name=person).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(person)


def test_she_sees_who_looked_takes_a_copy_and_changes_her_mind(
    demo_server: Server, new_phone: NEW_PHONE, tmp_path
) -> None:
    look_at(become(new_phone(demo_server).open("/"), ADMIN), CAPTAIN)

    page = become(new_phone(demo_server, java_script_enabled=False).open("/"), CAPTAIN)
    page.goto("/me")
    page.get_by_role("link", name="谁看过我的资料").click()
    first = page.get_by_role("main").get_by_role("listitem").first
    expect(first).to_contain_text(ADMIN)
    expect(first).to_contain_text("您的居民页")

    page.goto("/me/data")
    page.get_by_role("link", name="导出一份").click()
    page.get_by_role("button", name="导出一份").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载压缩包").click()
    waiting.value.save_as(tmp_path / "mine.zip")
    copy = ZipFile(tmp_path / "mine.zip")
    assert copy.testzip() is None
    person = json.loads(copy.read("linli-my-data/json/person.json"))["rows"]
    assert [row["display_name"] for row in person] == [CAPTAIN]
    assert json.loads(copy.read("linli-my-data/json/checkins.json"))["rows"]
    assert ADMIN not in "".join(copy.read(name).decode() for name in copy.namelist())

    page.goto("/me/data")
    page.get_by_role("link", name="注销账号").click()
    page.get_by_text("我要注销…").click()
    page.get_by_role("button", name="确认注销").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("之前都可以撤回"))
    page.goto("/me")
    page.get_by_role("link", name="改主意了，撤回").click()
    page.get_by_role("button", name="撤回注销").click()
    expect(page.get_by_role("main")).to_contain_text("一切照旧")
