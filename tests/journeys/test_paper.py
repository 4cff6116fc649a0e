"""Paper in a real Chromium, with scripts and without: an area's signs in one run, and a member card in use."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2
import pytest
from playwright.sync_api import Page, expect

from tests.harness import paper
from tests.harness.browser import Phone
from tests.harness.codes import decode_all
from tests.harness.server import Server
from tests.journeys.test_volunteer import become

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEW_PHONE = Callable[..., Phone]
DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False, "has_touch": False}
SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
# He has applied, nobody has met him yet, and he has never checked in.
NEWCOMER = "邱建平"
POST = "晚潮苑南门岗"


def print_out(page: Page) -> list[paper.Sheet]:
    """What comes out of the printer: colours of the background left out, as browsers do unless told otherwise."""
    page.wait_for_load_state()  # a click returns when the next page begins; half of it would print blank signs
    return paper.sheets(page.pdf(prefer_css_page_size=True, print_background=False), dots=8)


def code_on(sheet: paper.Sheet) -> str:
    """The one code on a sheet, as every decoder reads it."""
    return decode_all(cv2.imencode(".png", sheet.picture)[1].tobytes())


def quarters(sheet: paper.Sheet) -> list[paper.Sheet]:
    """A sheet cut twice along its marks."""
    height, width = (half // 2 for half in sheet.picture.shape)
    cut = [sheet.picture[y : y + height, x : x + width] for y in (0, height) for x in (0, width)]
    return [paper.Sheet(sheet.width_mm / 2, sheet.height_mm / 2, part, sheet.dots) for part in cut]


def count_of(page: Page) -> int:
    """How many posts the printing page says it holds."""
    found = re.search(r"这里是 (\d+) 个岗点", page.get_by_role("main").inner_text())
    assert found
    return int(found[1])


def check_in(page: Page, address: str) -> Page:
    """Scan a sign and check in with one tap, to the receipt."""
    page.goto(address)
    page.get_by_role("button", name="打卡").click()
    page.wait_for_url("**/checkins/**")
    return page


@SCRIPTS
def test_an_area_is_printed_in_one_run_and_each_sign_opens_its_post(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    admin.goto("/desk/posts")
    admin.get_by_role("link", name="整片打印").click()
    admin.get_by_role("link", name=re.compile("^晚潮社区")).first.click()
    admin.get_by_text("全部换新版…").click()
    admin.get_by_role("button", name=re.compile("^换新")).click()
    admin.wait_for_url("**/run?**")
    count = count_of(admin)
    assert count >= 3
    sheets = print_out(admin)
    assert [(round(sheet.width_mm), round(sheet.height_mm)) for sheet in sheets] == [(210, 297)] * count
    addresses = [code_on(sheet) for sheet in sheets]
    assert len(set(addresses)) == count
    assert all(address.startswith(f"{demo_server.url}/p/") for address in addresses)

    # The same signs small, four on a sheet: cut apart, each quarter has one of the same codes.
    admin.get_by_role("link", name="A6").click()
    small = print_out(admin)
    assert len(small) == -(-count // 4)
    cut = [quarter for sheet in small for quarter in quarters(sheet)][:count]
    assert sorted(code_on(quarter) for quarter in cut) == sorted(addresses)

    street = new_phone(demo_server, java_script_enabled=script)
    page = street.open("/")
    become(page, "楼长")
    heads = []
    for address in addresses:
        page.goto(address)
        heads.append(page.get_by_role("heading", level=1).inner_text())
    assert len(set(heads)) == count
    (here,) = [address for address, head in zip(addresses, heads, strict=True) if POST in head]
    expect(check_in(page, here).get_by_role("main")).to_contain_text(POST)

    # Somebody photographed it: it is withdrawn, and who scans it hears so and whom to turn to.
    admin.goto("/desk/posts")
    admin.get_by_role("link", name=POST).first.click()
    admin.get_by_text("作废…").first.click()
    withdrawal = admin.locator("form[action$='/withdraw']").first
    withdrawal.get_by_label("原因").fill("被人拍走了")
    withdrawal.get_by_role("button", name="立即作废").click()
    expect(admin.get_by_role("main")).to_contain_text("被人拍走了")
    page.goto(here)
    expect(page.get_by_role("main")).to_contain_text("这张牌子已停用")
    for visitor in (desk, street):
        visitor.close()


def open_person(admin: Page, name: str) -> None:
    admin.goto("/desk/people")
    admin.get_by_label("称呼，或手机尾号四位").fill(name)
    admin.get_by_role("button", name="查找").click()
    admin.get_by_role("link", name=name).first.click()
    expect(admin.get_by_role("heading", level=1)).to_have_text(name)


def issue_card(admin: Page, name: str) -> str:
    """Give the member a card and print it; return the address in its code."""
    open_person(admin, name)
    agreed = admin.get_by_label("念给她听过，她同意并在纸上签了名")
    if agreed.count():
        agreed.check()
    admin.get_by_role("button", name="发卡").click()
    admin.wait_for_url("**/card")
    (sheet,) = print_out(admin)
    return code_on(sheet)


@SCRIPTS
def test_a_card_is_issued_printed_used_by_a_leader_and_revoked(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    admin.goto("/desk/applications")
    row = admin.get_by_role("row").filter(has_text=NEWCOMER)
    row.get_by_role("button", name="通过").first.click()
    expect(admin.get_by_role("row").filter(has_text=NEWCOMER)).to_have_count(0)
    address = issue_card(admin, NEWCOMER)
    assert address.startswith(f"{demo_server.url}/m/")

    # Who finds the card learns what it is and not whose.
    phone = new_phone(demo_server, java_script_enabled=script)
    page = phone.open(address)
    expect(page.get_by_role("main")).to_contain_text("这是一张队员卡")
    expect(page.get_by_role("main")).not_to_contain_text(NEWCOMER)

    become(page, "巡防队长")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(NEWCOMER)
    expect(page.get_by_role("main")).to_contain_text("今天还没有打过卡")
    # Nothing proves that he stands there himself: his word alone is a list.
    choice = page.get_by_label("她在哪个岗点")
    elsewhere = choice.locator("option[value]:not([value=''])").filter(has_not_text="您在这里").first
    number, post = elsewhere.inner_text().split(" ", 1)
    choice.select_option(value=elsewhere.get_attribute("value"))
    page.get_by_role("button", name="代她打卡").click()
    page.wait_for_url("**/checkins/**")
    receipt = page.get_by_role("main")
    for words in (NEWCOMER, post, number, "由队长代签（李守田）", "D 级", "+5"):
        expect(receipt).to_contain_text(words)
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text(post)
    open_person(admin, NEWCOMER)
    expect(admin.locator("main")).to_contain_text(re.compile(r"可用积分\s*5"))

    # With his own card the leader gets nowhere.
    own = issue_card(admin, "李守田")
    page.goto(own)
    expect(page.get_by_role("main")).to_contain_text("这是您自己的卡")
    expect(page.get_by_role("button", name="代她打卡")).to_have_count(0)

    # The card is lost: from now on it opens nothing for anybody.
    open_person(admin, NEWCOMER)
    admin.get_by_text("停用…").click()
    admin.get_by_label("原因").last.fill("卡丢了")
    admin.get_by_role("button", name="停用这张卡").click()
    expect(admin.get_by_role("main")).to_contain_text("卡丢了")
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text("这张卡已停用")
    expect(page.get_by_role("button", name="代她打卡")).to_have_count(0)
    for visitor in (phone, desk):
        visitor.close()
