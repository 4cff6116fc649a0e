"""First visits and ways back in, in a real Chromium, with and without JavaScript."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from community.demo.district import read_district
from community.demo.people import cast_phone
from tests.harness.browser import Phone
from tests.harness.gateway import KEY_ID, SECRET, Gateway, running_gateway
from tests.harness.server import Server

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
POST = "橹声里中心花园"
NAME, NUMBER = "陈桂花", "199 0000 9871"
DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False}
WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; V2203A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MicroMessenger/8.0.49.2600(0x28003133) NetType/4G"
)
both = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])


def become(page: Page, person: str) -> None:
    """One tap to be a demo person."""
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()


def sign_of(admin: Page) -> str:
    """Print the open post's sign anew; return its typed code."""
    admin.goto("/desk/posts")
    admin.get_by_role("link", name=POST).first.click()
    make = admin.get_by_role("button", name=re.compile("打印"))
    if not make.first.is_visible():
        admin.get_by_text(re.compile("打印")).first.click()
    make.first.click()
    admin.wait_for_url("**/poster**")
    typed = re.search(r"([0-9a-z]{4}) ([0-9a-z]{4})\b", admin.locator(".typed").first.inner_text().lower())
    assert typed
    return typed[1] + typed[2]


def visit(page: Page, code: str, name: str = NAME, number: str = NUMBER) -> None:
    """Scan, say who one is, agree and check in: one form, one tap."""
    page.goto(f"/p/{code}")
    page.get_by_label("怎么称呼您").fill(name)
    page.get_by_label("手机号").fill(number)
    page.get_by_label("60 岁以上").check()
    page.get_by_role("button", name="同意并打卡").click()
    page.wait_for_url("**/checkins/**")


def person(admin: Page, name: str) -> None:
    """Open a person's page at the desk."""
    admin.goto("/desk/people")
    admin.get_by_label("称呼，或手机尾号四位").fill(name)
    admin.get_by_role("button", name="查找").click()
    admin.get_by_role("link", name=name).first.click()


@both
def test_a_first_visitors_points_are_released_when_she_is_confirmed(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    code = sign_of(admin)

    phone = new_phone(demo_server, java_script_enabled=script)
    page = phone.open("/")
    visit(page, code)
    expect(page.get_by_role("main")).to_contain_text("打卡成功")
    expect(page.get_by_role("main")).to_contain_text("待发放")
    expect(page.get_by_role("main")).to_contain_text("这部手机记住您了")

    person(admin, NAME)
    admin.get_by_role("button", name="核对无误").click()
    expect(admin.get_by_role("main")).to_contain_text("已核对")

    def points() -> str:
        page.goto("/points")
        return page.get_by_role("main").inner_text()

    # Ten seconds it may be undone; then a job of the server posts them.
    wait_until(lambda: "+5" in points(), "the points")
    # The same phone is known: one tap, nothing to fill in.
    page.goto(f"/p/{code}")
    expect(page.get_by_label("怎么称呼您")).to_have_count(0)
    expect(page.get_by_role("button", name="打卡")).to_be_visible()
    for visitor in (desk, phone):
        visitor.close()


@both
def test_after_two_refusals_back_shows_the_form_and_never_asks_to_send_again(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    phone = new_phone(demo_server, java_script_enabled=script, user_agent=WECHAT)
    page = phone.open("/")
    page.goto(f"/p/{sign_of(admin)}")
    page.get_by_label("怎么称呼您").fill("陈桂花")
    page.get_by_label("手机号").fill("12345")
    page.get_by_label("14–17 岁").check()
    for _once in range(2):
        page.get_by_role("button", name="同意并打卡").click()
        expect(page.get_by_role("alert")).to_contain_text("这不像一个手机号")
        page.get_by_label("60 岁以上").check()
    page.reload()
    expect(page.get_by_label("怎么称呼您")).to_have_value("陈桂花")
    # Chromium answers "send this form again?" with an error page of its own: Back must find none on its way.
    for _once in range(2):
        page.go_back()
        expect(page.get_by_role("button", name="同意并打卡")).to_be_visible()
    page.go_forward()
    page.get_by_label("手机号").fill(NUMBER)
    page.get_by_label("60 岁以上").check()
    page.get_by_role("button", name="同意并打卡").click()
    expect(page.get_by_role("main")).to_contain_text("打卡成功")
    page.go_back()
    expect(page.get_by_role("button", name="打卡")).to_be_visible()
    for visitor in (desk, phone):
        visitor.close()


@both
def test_a_stranger_who_types_a_members_number_learns_and_gains_nothing(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    code = sign_of(admin)
    owner, stranger, other = (new_phone(demo_server, java_script_enabled=script) for _ in range(3))
    hers = owner.open("/")
    visit(hers, code)
    person(admin, NAME)
    admin.get_by_role("button", name="核对无误").click()
    expect(admin.get_by_role("main")).to_contain_text("已核对")

    said = []
    for phone, number in ((stranger, NUMBER), (other, "199 0000 9872")):
        page = phone.open("/")
        visit(page, code, name="路人甲", number=number)
        said.append(re.sub(r"\d\d:\d\d", "", page.get_by_role("main").inner_text()))
        page.goto("/points")
        expect(page.get_by_role("main")).not_to_contain_text("晚潮苑")
        page.goto("/me")
        expect(page.get_by_role("main")).to_contain_text("路人甲")
        expect(page.get_by_role("main")).not_to_contain_text(NAME)
    assert said[0] == said[1]

    # Nothing changed for the owner, and the desk sees that the two may be one.
    hers.goto("/me")
    expect(hers.get_by_role("main")).to_contain_text(NAME)
    admin.goto("/desk/people")
    admin.get_by_label("称呼，或手机尾号四位").fill("9871")
    admin.get_by_role("button", name="查找").click()
    admin.get_by_role("link", name="路人甲").click()
    expect(admin.get_by_role("main")).to_contain_text("可能是同一个人")
    expect(admin.get_by_role("main")).to_contain_text(NAME)
    admin.get_by_role("button", name="核对无误").click()
    expect(admin.get_by_role("main")).to_contain_text("已有一位核实过的居民")
    for visitor in (desk, owner, stranger, other):
        visitor.close()


@both
def test_a_new_phone_by_a_code_and_the_next_by_a_password(
    demo_server: Server, new_phone: NEW_PHONE, script: bool
) -> None:
    desk = new_phone(demo_server, java_script_enabled=script, **DESK)
    admin = desk.open("/")
    become(admin, "村社管理员")
    first = new_phone(demo_server, java_script_enabled=script)
    hers = first.open("/")
    visit(hers, sign_of(admin))
    person(admin, NAME)
    admin.get_by_role("link", name="发一次性口令").click()
    admin.get_by_label("我当面见到了本人").check()
    admin.get_by_label("为什么要口令").fill("换了新手机")
    admin.get_by_role("button", name="做一个口令").click()
    admin.wait_for_url("**/codes/*")
    code = re.search(r"\d{4} \d{4}", admin.get_by_role("main").inner_text())
    assert code

    second = new_phone(demo_server, java_script_enabled=script)
    page = second.open("/sign-in")
    page.get_by_label("手机号").fill(NUMBER)
    page.get_by_role("button", name="用一次性口令登录").click()
    page.get_by_label("8 位口令").fill(code[0])
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("登录好了")
    page.goto("/me/password")
    page.get_by_label("新密码", exact=True).fill("梧桐树下 2026")
    page.get_by_label("再输一遍新密码").fill("梧桐树下 2026")
    page.get_by_role("button", name="保存密码").click()
    expect(page.get_by_role("main")).to_contain_text("密码已设好")
    # The first phone's session ended with the new password; she comes in again by it, and reads about the code.
    hers.goto("/me")
    hers.wait_for_url("**/sign-in**")
    hers.get_by_label("手机号").fill(NUMBER)
    hers.get_by_label("密码").fill("梧桐树下 2026")
    hers.get_by_role("button", name="登录", exact=True).click()
    expect(hers.get_by_role("main")).to_contain_text(NAME)
    hers.goto("/inbox")
    expect(hers.get_by_role("main")).to_contain_text("一次性口令")
    for visitor in (desk, first, second):
        visitor.close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running_gateway() as running:
        yield running


@pytest.fixture
def texting_server(
    _demo_instance: Path, tmp_path: Path, start_server: Callable[..., Server], gateway: Gateway
) -> Server:
    """The demo with a gateway for text messages."""
    shutil.copytree(_demo_instance, tmp_path / "texting")
    settings = {"SMS_URL": gateway.url, "SMS_KEY_ID": KEY_ID, "SMS_SECRET": SECRET, "no_proxy": "127.0.0.1"}
    return start_server(instance=tmp_path / "texting", **settings)


@both
def test_a_new_phone_by_a_text(texting_server: Server, gateway: Gateway, new_phone: NEW_PHONE, script: bool) -> None:
    someone = read_district().cast[0]
    phone = new_phone(texting_server, java_script_enabled=script)
    page = phone.open("/sign-in/code")
    page.get_by_label("手机号").fill(cast_phone(0))
    page.get_by_role("button", name="发短信口令").click()
    expect(page.get_by_role("main")).to_contain_text("记下了")
    wait_until(lambda: bool(gateway.texts), "a text")
    assert gateway.faults == []
    assert gateway.texts[0]["to"] == cast_phone(0)
    page.get_by_label("8 位口令").fill(gateway.last_code)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("登录好了")
    page.goto("/me")
    expect(page.get_by_role("main")).to_contain_text(someone.name)
    phone.close()


def test_without_a_gateway_nobody_is_offered_a_text(demo_server: Server, new_phone: NEW_PHONE) -> None:
    phone = new_phone(demo_server)
    page = phone.open("/sign-in/code")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="发短信口令")).to_have_count(0)
    phone.close()


def wait_until(met: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Wait for something that a job of the server does."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.2)
