"""A rule on its way in Chromium: drafted, refused, tried, published by another, objected to and answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from community.core import clock
from community.demo.pictures import paper
from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser


def seat(demo_server: Server, new_phone: Callable[..., Phone], person: str, *, script: bool) -> Page:
    """A computer at which one tap made somebody a demo person."""
    desk = new_phone(demo_server, java_script_enabled=script, viewport={"width": 1280, "height": 900}, is_mobile=False)
    page = desk.open("/sign-in")
    page.get_by_role("button", name=person).click()
    return page


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_rule_from_draft_through_trial_and_publication_to_an_answered_objection(
    demo_server: Server, new_phone: Callable[..., Phone], script: bool
) -> None:
    page = seat(demo_server, new_phone, "镇街管理员", script=script)
    main = page.get_by_role("main")
    page.goto("/desk/rules")
    page.get_by_text("起草新规则…").click()
    where = page.get_by_label("哪里的规则")
    where.select_option(where.locator("option", has_text="白塘街道").get_attribute("value"))
    page.get_by_label("名称").fill("骑手顺路打卡")
    page.get_by_role("button", name="建草案").click()

    # What no rule may ask for is refused with the reason, and what was typed stays.
    page.get_by_role("link", name="加新规则").click()
    page.get_by_label("规则的正文").fill("骑手告发可疑人员，每条另记2分。")
    page.get_by_label("每次记多少").fill("2")
    page.get_by_label("每天只记第一次").check()
    page.get_by_label("哪些队伍").select_option(label="平安骑手")
    page.get_by_role("button", name="写进草案").click()
    expect(main).to_contain_text("不能写进规则")
    page.get_by_label("规则的正文").fill("骑手送单路上每天第一次有效打卡，另记2分。")
    page.get_by_role("button", name="写进草案").click()
    expect(main).to_contain_text("新规则")

    # Tried on the last ninety days: what it costs and for whom.
    page.get_by_role("button", name="试算").click()
    expect(main).to_contain_text("人得分变多")
    expect(main).to_contain_text("平安骑手")
    expect(main).to_contain_text("要请另一位有权限的人")
    address, writer = page.url.partition("#")[0], page

    # Another person publishes it, with the resolution.
    page = seat(demo_server, new_phone, "区平安办", script=script)
    page.goto(address)
    page.get_by_text("填决议并公示…").click()
    page.get_by_label("哪个会议通过的").fill("居民代表会议")
    page.get_by_label("决议编号").fill("示例〔2026〕9号")
    page.get_by_label("哪天通过的").fill((clock.today() - dt.timedelta(days=3)).isoformat())
    photo = {"name": "resolution.jpg", "mimeType": "image/jpeg", "buffer": paper()}
    page.get_by_label("决议的照片或 PDF").set_input_files(photo)
    page.get_by_role("button", name="公示", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("公示了")

    # A rider objects on his phone, and is answered for everybody to read.
    page = seat(demo_server, new_phone, "平安骑手", script=script)
    page.goto("/rules")
    page.get_by_role("link", name="骑手顺路打卡").click()
    page.get_by_label("哪里不合适").fill("只记第一次太少，跑一天的人吃亏。")
    page.get_by_role("button", name="提异议").click()
    expect(page.get_by_role("main")).to_contain_text("等答复")

    page = writer
    page.goto(address)
    expect(main).to_contain_text("条异议没有答复")
    page.get_by_label("答复").last.fill("先试半年，到时候看数字再调。")
    page.get_by_role("button", name="答复", exact=True).click()
    expect(main).to_contain_text("答复公开了")
    expect(main).to_contain_text("先试半年")
