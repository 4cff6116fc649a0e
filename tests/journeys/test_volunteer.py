"""The main journey in a real Chromium, with and without JavaScript: from applying to the line in the ledger."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.codes import decode_all
from tests.harness.server import Server

pytestmark = pytest.mark.browser

PASSWORD = "梧桐树下 2026"
NEW_PHONE = Callable[..., Phone]


def apply(page: Page) -> None:
    """From the front door to "my application stands here"."""
    page.get_by_role("link", name="加入一支志愿队").click()
    page.get_by_role("link", name="巡防队员").click()
    page.get_by_role("link", name="白塘街道").click()
    community, team = (page.get_by_role("link", name=name) for name in ("晚潮社区", "晚潮夜巡队"))
    expect(community.or_(team).first).to_be_visible()
    if community.count():
        community.click()
    team.click()
    page.get_by_label("怎么称呼您").fill("陈桂花")
    page.get_by_label("手机号", exact=False).first.fill("199 0000 9871")
    page.get_by_label("60 岁以上").check()
    page.get_by_label("您住在哪个社区").select_option(index=1)
    page.get_by_label("设一个密码").fill(PASSWORD)
    page.get_by_label("我看过上面的说明").check()
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("main")).to_contain_text("晚潮夜巡队")


def become(page: Page, person: str) -> None:
    """One tap to be a demo person."""
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()


def approve(admin: Page) -> None:
    """The village admin lets the applicant in."""
    admin.goto("/desk/applications")
    row = admin.get_by_role("row").filter(has_text="陈桂花")
    row.get_by_role("button", name="通过").first.click()
    expect(admin.get_by_role("main")).not_to_contain_text("陈桂花")


def print_poster(admin: Page, post: str) -> tuple[str, str]:
    """Print the post's sign anew and read its code from the picture; return (address, typed code)."""
    admin.goto("/desk/posts")
    admin.get_by_role("link", name=post).first.click()
    make = admin.get_by_role("button", name=re.compile("打印"))
    if not make.is_visible():
        admin.get_by_text(re.compile("打印")).first.click()
    make.first.click()
    admin.wait_for_url("**/poster**")
    admin.emulate_media(media="print")
    address = decode_all(admin.screenshot(full_page=True))
    typed = re.search(r"(?<![0-9a-z])([0-9a-z]{4}) ([0-9a-z]{4})\b", admin.get_by_role("main").inner_text().lower())
    assert typed
    return address, typed[1] + typed[2]


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_applying_to_the_line_in_the_ledger(demo_server: Server, new_phone: NEW_PHONE, script: bool) -> None:
    phone = new_phone(demo_server, java_script_enabled=script)
    page = phone.open("/")
    apply(page)
    expect(page.get_by_role("main")).to_contain_text("正在审核")

    desk = new_phone(demo_server, java_script_enabled=script, viewport={"width": 1280, "height": 900}, is_mobile=False)
    admin = desk.open("/")
    become(admin, "村社管理员")
    approve(admin)
    address, _typed = print_poster(admin, "晚潮苑南门岗")
    assert address.startswith(f"{demo_server.url}/p/")

    page.reload()
    expect(page.get_by_role("main")).to_contain_text("在队")

    # Another phone of hers, where she is not signed in: scan, tap, sign in, one tap.
    other = new_phone(
        demo_server,
        java_script_enabled=script,
        geolocation={"latitude": 30.2, "longitude": 120.3},
        permissions=["geolocation"],
    )
    scanned = other.open(address)
    expect(scanned.get_by_role("heading", level=1)).to_contain_text("晚潮苑南门岗")
    scanned.get_by_role("button", name="打卡").click()
    scanned.wait_for_url("**/sign-in**")
    scanned.get_by_label("手机号").fill("19900009871")
    scanned.get_by_label("密码").fill(PASSWORD)
    scanned.get_by_role("button", name="登录", exact=True).click()
    expect(scanned.get_by_role("main")).to_contain_text("扫的码还在")
    scanned.get_by_role("button", name="打卡").click()
    scanned.wait_for_url("**/checkins/**")
    expect(scanned.get_by_role("main")).to_contain_text("晚潮苑南门岗")
    expect(scanned.get_by_role("main")).to_contain_text("级")
    expect(scanned.get_by_role("main")).to_contain_text("+5")

    scanned.goto("/points")
    expect(scanned.get_by_role("main")).to_contain_text("晚潮苑南门岗")
    scanned.get_by_role("link", name=re.compile("晚潮苑南门岗")).first.click()
    proof = scanned.get_by_role("main")
    for word in ("规则", "决议", "到期"):
        expect(proof).to_contain_text(word)
    for visitor in (phone, desk, other):
        visitor.close()
