"""What a member sees of time and of her neighbours, without a script: what expires, a day of the past, the board."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import Phone
from tests.harness.server import Server
from tests.journeys.test_volunteer import become

pytestmark = pytest.mark.browser

LEADER, ADMIN = "李守田", "邵文静"
WHY = "核对他说的重复那一笔"


def test_a_notice_leads_to_a_gift_a_day_of_the_past_is_looked_at_and_a_name_comes_and_goes(
    demo_server: Server, new_phone: Callable[..., Phone]
) -> None:
    page = new_phone(demo_server, java_script_enabled=False).open("/")
    become(page, LEADER)
    gives_away_what_expires(page)
    sees_what_was_known_before_the_gift(page)
    leaves_the_board_and_comes_back_under_another_name(page)

    desk = new_phone(demo_server, java_script_enabled=False).open("/")
    become(desk, ADMIN)
    staff_look_with_a_reason(desk)
    page.goto("/me/looks")
    expect(page.get_by_role("main")).to_contain_text("您的积分在某一天")
    expect(page.get_by_role("main")).to_contain_text(WHY)


def gives_away_what_expires(page: Page) -> None:
    page.goto("/inbox")
    page.get_by_role("button", name=re.compile("18 分 .*到期")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("快到期的积分")
    page.get_by_role("button", name="捐 15 分").click()
    expect(page.get_by_role("main")).to_contain_text("谢谢您")
    page.get_by_role("link", name=re.compile("看这笔积分")).click()
    page.get_by_role("link", name=re.compile("从原来的账本转入")).click()
    expect(page.get_by_role("main")).to_contain_text("这些分用在哪")


def sees_what_was_known_before_the_gift(page: Page) -> None:
    page.goto("/points")
    page.get_by_role("link", name="那天有多少").click()
    expect(page.get_by_role("main")).to_contain_text("按现在知道的")
    page.get_by_label("哪一天").fill("2026-01-31")
    page.get_by_role("button", name="看那天").click()
    expect(page.get_by_role("main")).to_contain_text("按现在知道的")
    page.goto("/points/then?on=2999-01-01")
    expect(page.get_by_role("main")).to_contain_text("请选今天或以前的一天")


def leaves_the_board_and_comes_back_under_another_name(page: Page) -> None:
    page.goto("/points/board")
    page.get_by_role("button", name="下榜").click()
    expect(page.get_by_role("main")).to_contain_text("您不在榜上")
    page.get_by_label("化名").fill("13900000000")
    page.get_by_role("button", name="我要上榜").click()
    expect(page.get_by_role("main")).to_contain_text("最多 4 个数字")
    page.get_by_label("化名").fill("提灯的人")
    page.get_by_role("button", name="我要上榜").click()
    page.get_by_role("link", name=re.compile("邻里榜$")).last.click()
    expect(page.get_by_role("main")).to_contain_text("各支队伍")
    expect(page.get_by_role("main")).to_contain_text("提灯的人")


def staff_look_with_a_reason(desk: Page) -> None:
    desk.goto("/desk/people")
    desk.get_by_role("searchbox").or_(desk.locator("main input[name=q]")).first.fill(LEADER)
    desk.locator("main form:has(input[name=q]) button").first.click()
    desk.get_by_role("main").get_by_role("link", name=re.compile(LEADER)).first.click()
    desk.locator("summary", has_text="看过去某一天").click()
    desk.get_by_label("哪一天").fill("2026-01-15")
    desk.get_by_label("为什么要看").fill(WHY)
    desk.get_by_role("button", name="看那天").click()
    expect(desk.get_by_role("main")).to_contain_text("那天知道的")
    expect(desk.get_by_role("main")).to_contain_text("这次查看和原因已经记下")
