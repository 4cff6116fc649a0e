"""A captain leaves for good, with a script and without: her copy, her wish, the day to think, and what stays."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.later import later
from tests.harness.server import Server

pytestmark = pytest.mark.browser

CAPTAIN, ADMIN = "钱桂英", "邵文静"
PASSWORD = "lu-cheng-wan-chao"
JOB = "community.people.jobs:erase_due"
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def become(page: Page, person: str) -> Page:
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()
    page.wait_for_load_state()
    return page


def choose_password(page: Page) -> None:
    page.goto("/me/password")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password_again]").fill(PASSWORD)
    page.get_by_role("button", name="保存密码").click()
    page.wait_for_load_state()


def take_copy(page: Page, path: str) -> ZipFile:
    page.goto("/me/export")
    page.get_by_role("button", name="导出一份").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载压缩包").click()
    waiting.value.save_as(path)
    return ZipFile(path)


def rows(copy: ZipFile, key: str) -> list[dict[str, object]]:
    return json.loads(copy.read(f"linli-my-data/json/{key}.json"))["rows"]


def day_of(instant: str) -> dt.date:
    return dt.datetime.fromisoformat(instant).astimezone(SHANGHAI).date()


def read(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator("main").inner_text()


def ask_to_go(page: Page) -> dt.datetime:
    """Ask to be erased; return the minute that the page names."""
    page.goto("/me/erase")
    page.get_by_text("我要注销…").click()
    page.get_by_role("button", name="确认注销").click()
    told = page.locator("main .say.warn:not(#offline)").inner_text()
    month, day, hour, minute = map(int, re.search(r"(\d+)月(\d+)日 (\d+):(\d+) 注销", told).groups())
    now = dt.datetime.now(SHANGHAI)
    shown = dt.datetime(now.year + (month < now.month), month, day, hour, minute, tzinfo=SHANGHAI)
    assert dt.timedelta(hours=23, minutes=58) < shown - now <= dt.timedelta(hours=24)
    return shown


def try_password(page: Page, phone: str) -> None:
    page.goto("/sign-in")
    page.locator("input[name=phone]").fill(phone)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_load_state()


@pytest.mark.parametrize("script", [True, False])
def test_who_leaves_is_gone_at_the_hour_that_she_was_told_and_only_numbers_stay(
    demo_server: Server, new_phone: Callable[..., Phone], tmp_path, script: bool
) -> None:
    desk = become(new_phone(demo_server).open("/"), ADMIN)
    page = become(new_phone(demo_server, java_script_enabled=script).open("/"), CAPTAIN)
    choose_password(page)
    copy = take_copy(page, str(tmp_path / "mine.zip"))
    assert copy.testzip() is None
    [person] = rows(copy, "person")
    last = rows(copy, "checkins")[-1]
    proofs = (f"/checkins/{last['id']}", f"/desk/checkins?day={day_of(str(last['used_at']))}")
    before = [read(desk, path) for path in proofs]
    assert CAPTAIN in before[1]

    shown = ask_to_go(page)
    later(demo_server, JOB, shown - dt.timedelta(minutes=1))
    page.goto("/me")
    expect(page.get_by_role("main")).to_contain_text(CAPTAIN)
    later(demo_server, JOB, shown + dt.timedelta(minutes=1))

    page.goto("/me")
    assert "/sign-in" in page.url
    try_password(page, str(person["phone"]))
    assert "/sign-in" in page.url
    expect(page.locator("main .errors")).to_be_visible()
    page.goto("/me/erase")
    assert "/sign-in" in page.url
    assert [read(desk, path) for path in proofs] == [text.replace(CAPTAIN, "已注销用户") for text in before]
    desk.goto("/desk/people")
    desk.get_by_label("称呼，或手机尾号四位").fill(CAPTAIN)
    desk.get_by_role("button", name="查找").click()
    expect(desk.get_by_role("main").get_by_role("link", name=CAPTAIN)).to_have_count(0)
