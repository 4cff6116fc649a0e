"""Spending points on two phones: three taps to the code, scanned or typed at the desk; a gift; an offline cellar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.harness.browser import PHONE, Phone
from tests.harness.cameras import film, looking_at
from tests.harness.codes import decode_all
from tests.harness.server import Server
from tests.journeys.test_volunteer import become

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
CAPTAIN, KEEPER = "钱桂英", "沈巧云"
REWARD = "毛巾一条"


def redeem(page: Page, reward: str = REWARD) -> str:
    """From one's points to the code in three taps; returns the six digits."""
    page.goto("/points")
    page.get_by_role("link", name="积分商城").click()
    page.get_by_role("main").get_by_role("link", name=re.compile(f"^{reward}")).last.click()
    page.get_by_role("button", name="确认兑换").click()
    page.wait_for_url("**/pick-up")
    shown = re.search(r"\b(\d{3}) (\d{3})\b", page.get_by_role("main").inner_text())
    assert shown
    return shown[1] + shown[2]


def available(page: Page) -> int:
    page.goto("/shop")
    found = re.search(r"可用 ([\d,]+) 分", page.get_by_role("main").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def hand_over(keeper: Page) -> None:
    expect(keeper.get_by_role("heading", level=1)).to_have_text(REWARD)
    keeper.get_by_role("button", name="发放", exact=True).click()
    expect(keeper.get_by_role("main")).to_contain_text("不要再发一次")


@pytest.fixture
def keeper_with_camera(browser: Browser, browser_path: str, demo_server: Server) -> Iterator[Callable[[Path], Page]]:
    """The keeper's phone, whose camera looks at a film."""
    open_ones = []

    def open_page(shown: Path) -> Page:
        running = looking_at(browser, browser_path, shown, allowed=True)
        phone = Phone(running.__enter__(), demo_server.url)
        open_ones.append((phone, running))
        page = phone.open("/")
        become(page, KEEPER)
        return page

    yield open_page
    for phone, running in open_ones:
        phone.close()
        running.__exit__(None, None, None)


def test_a_code_on_one_phone_is_scanned_by_another_and_handed_over_once(
    demo_server: Server, new_phone: NEW_PHONE, keeper_with_camera: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = new_phone(demo_server).open("/")
    become(page, CAPTAIN)
    before = available(page)
    redeem(page)
    picture = page.locator(".ticket").screenshot()
    assert re.fullmatch(rf"{re.escape(demo_server.url)}/o/[0-9a-f-]{{36}}", decode_all(picture))

    keeper = keeper_with_camera(film(picture, tmp_path / "code.y4m"))
    keeper.goto("/desk/rewards")
    keeper.get_by_role("link", name="扫取货码").click()
    keeper.get_by_role("button", name="打开相机").click()
    keeper.wait_for_url("**/desk/rewards/orders/**")
    hand_over(keeper)

    page.get_by_role("link", name=re.compile("看进度")).click()
    expect(page.get_by_role("main")).to_contain_text("已领取")
    page.get_by_role("link", name=re.compile("看这笔积分")).click()
    expect(page.get_by_role("main")).to_contain_text(f"兑换：{REWARD}")
    expect(page.get_by_role("main")).to_contain_text("用的是")
    assert available(page) == before - 15


def test_without_a_script_the_digits_are_typed_and_a_refusal_gives_the_points_back(
    demo_server: Server, new_phone: NEW_PHONE
) -> None:
    page = new_phone(demo_server, java_script_enabled=False).open("/")
    become(page, CAPTAIN)
    before = available(page)
    code = redeem(page)
    keeper = new_phone(demo_server, java_script_enabled=False).open("/")
    become(keeper, KEEPER)
    keeper.goto("/desk/rewards")
    keeper.get_by_label("6 位取货码").fill(f"{code[:3]} {code[3:]}")
    keeper.get_by_role("button", name="查取货码").click()
    keeper.get_by_text("不发放…").click()
    keeper.get_by_label("为什么不发").fill("毛巾受潮，明天补货")
    keeper.get_by_role("button", name="不发放").click()
    expect(keeper.get_by_role("main")).to_contain_text("不要发放")
    assert available(page) == before
    page.goto("/shop/orders")
    page.get_by_role("main").get_by_role("link", name=re.compile(REWARD)).first.click()
    expect(page.get_by_role("main")).to_contain_text("毛巾受潮，明天补货")


def test_points_are_given_to_a_cause_and_an_order_is_cancelled(demo_server: Server, new_phone: NEW_PHONE) -> None:
    page = new_phone(demo_server, java_script_enabled=False).open("/")
    become(page, CAPTAIN)
    before = available(page)
    page.get_by_role("link", name=re.compile("^楼道灯公益金")).click()
    page.get_by_label("捐几份").fill("4")
    page.get_by_role("button", name="重新算").click()
    page.get_by_role("button", name="确认捐赠").click()
    expect(page.get_by_role("main")).to_contain_text("谢谢您")
    assert available(page) == before - 20

    redeem(page)
    page.get_by_role("link", name=re.compile("看进度")).click()
    page.get_by_text("取消兑换…").click()
    page.get_by_role("button", name="取消兑换").click()
    expect(page.get_by_role("main")).to_contain_text("已取消")
    assert available(page) == before - 20


def test_the_code_is_still_there_without_a_signal(browser: Browser, demo_server: Server) -> None:
    # A phone of its own: looking at requests, as the others do, would switch the browser's cache off.
    context = browser.new_context(base_url=demo_server.url, **PHONE)
    page = context.new_page()
    become(page, CAPTAIN)
    code = redeem(page)
    address = page.url
    page.goto("/shop")
    context.set_offline(True)
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text(f"{code[:3]} {code[3:]}")
    assert decode_all(page.locator(".ticket").screenshot()).endswith(address.split("/")[-2])
    context.close()
