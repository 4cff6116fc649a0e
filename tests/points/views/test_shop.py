"""A member at the shop and a keeper at the desk, page by page, without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem, RewardOrder
from community.points.services import checking
from tests.factories.access import make_grant
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.harness.client import Visitor
from tests.points.invariants import assert_sound

NEW = Callable[[], Visitor]


@pytest.fixture
def rice(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader, pick_up="晚潮社区服务台", about_zh="本地新米")


@pytest.fixture
def shopper(member: Member, village: Area, client_page: Visitor) -> Visitor:
    with transaction():
        give(member, village, 12, days=20)
        give(member, village, 30)
    client_page.sign_in(member.id)
    return client_page


@pytest.fixture
def keeper(village: Area, new_visitor: NEW) -> Visitor:
    with transaction():
        keeper = make_member(village, display_name="沈阿姨")
        make_grant(keeper, "shop_keeper", town_of(village))
    visitor = new_visitor()
    visitor.sign_in(keeper.id)
    return visitor


def the_order() -> RewardOrder:
    session().rollback()
    return session().scalars(select(RewardOrder)).one()


def test_three_taps_lead_to_the_code_and_one_scan_hands_it_over(
    shopper: Visitor, keeper: Visitor, rice: RewardItem, member: Member
) -> None:
    assert "/shop" in shopper.get("/points").html
    shelf = shopper.get("/shop")
    assert "大米 5 斤" in shelf.text
    assert "可用 42 分" in shelf.text
    confirm = shopper.get(f"/shop/items/{rice.id}")
    assert "用完还剩" in confirm.text
    assert "32 分" in confirm.text
    # The lots that would be used, and what expires if she waits.
    assert "会到期 12 分" in confirm.text
    code = shopper.submit(confirm.form("/redeem"))
    order = the_order()
    assert code.url.endswith(f"/shop/orders/{order.id}/pick-up")
    assert f"{order.code[:3]} {order.code[3:]}" in code.text

    page = keeper.get(f"/o/{order.id}", 303)
    assert page.url == f"/desk/rewards/orders/{order.id}"
    assert "王**" in page.text
    assert member.display_name not in page.text
    assert order.code not in page.text
    done = keeper.submit(page.form(f"/desk/rewards/orders/{order.id}/hand"))
    assert "已发放" in done.text
    assert "不要再发一次" in done.text
    # Her phone: the pick-up page leads on, the line explains itself, the inbox tells.
    mine = shopper.get(f"/shop/orders/{order.id}/pick-up", 303)
    assert "已领取" in mine.text
    assert "兑换：大米 5 斤" in shopper.get(f"/points/{the_order().txn_id}").text
    assert "已领取：大米 5 斤" in shopper.get("/inbox").text
    assert_sound()


def test_the_code_page_may_be_kept_by_the_phone_until_the_last_day_and_holds_no_form(
    shopper: Visitor, rice: RewardItem, frozen_clock: FrozenClock
) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    page = shopper.get(f"/shop/orders/{order.id}/pick-up")
    assert shopper.last
    kept = shopper.last.headers["Cache-Control"]
    assert kept.startswith("private, max-age=")
    left = (order.expires_at - clock.now()).total_seconds()
    assert 0 < int(kept.rpartition("=")[2]) <= left
    assert not page.all("form")
    assert "csrf" not in page.html
    assert "<svg" in page.html
    # Every other page of the shop is asked for anew.
    shopper.get(f"/shop/orders/{order.id}")
    assert shopper.last.headers["Cache-Control"] in {"no-store", "private, no-cache"}


def test_the_six_digits_do_the_same_as_the_scan(shopper: Visitor, keeper: Visitor, rice: RewardItem) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    desk = keeper.get("/desk/rewards")
    assert "大米 5 斤" in desk.text
    assert order.code not in desk.text
    found = keeper.get(f"/desk/rewards?code={order.code[:3]}+{order.code[3:]}", 303)
    assert found.url == f"/desk/rewards/orders/{order.id}"
    assert "取货码是 6 位数字" in keeper.get("/desk/rewards?code=12", 422).text
    wrong = "000000" if order.code != "000000" else "111111"
    assert "这里没有这个取货码" in keeper.get(f"/desk/rewards?code={wrong}", 422).text
    keeper.submit(found.form(f"/desk/rewards/orders/{order.id}/hand"))
    again = keeper.get(f"/desk/rewards?code={order.code}", 303)
    assert "已经领走了" in again.text


def test_a_page_that_lay_open_at_two_desks_hands_over_once(shopper: Visitor, keeper: Visitor, rice: RewardItem) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    action = f"/desk/rewards/orders/{order.id}/hand"
    first, second = (keeper.get(f"/desk/rewards/orders/{order.id}").form(action) for _ in range(2))
    keeper.submit(first)
    assert "已经领走了（2026-11-23 21:07）" in keeper.submit(second, 409).text
    assert_sound()


def test_a_reason_comes_to_the_member_and_the_points_come_back(
    shopper: Visitor, keeper: Visitor, rice: RewardItem
) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    form = keeper.get(f"/desk/rewards/orders/{order.id}").form(f"/desk/rewards/orders/{order.id}/refuse")
    assert "请写明为什么不发" in keeper.submit(form, 422, reason="").text
    form = keeper.get(f"/desk/rewards/orders/{order.id}").form(f"/desk/rewards/orders/{order.id}/refuse")
    keeper.submit(form, reason="米袋破了")
    assert "米袋破了" in shopper.get(f"/shop/orders/{order.id}").text
    assert "可用 42 分" in shopper.get("/shop").text
    assert "没有发放：大米 5 斤" in shopper.get("/inbox").text


def test_she_may_cancel_before_it_is_picked_up(shopper: Visitor, rice: RewardItem) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    page = shopper.get(f"/shop/orders/{order.id}")
    done = shopper.submit(page.form(f"/shop/orders/{order.id}/cancel"))
    assert "已取消" in done.text
    assert "可用 42 分" in shopper.get("/shop").text
    assert "已取消" in shopper.get("/shop/orders").text


def test_points_are_given_to_a_cause_for_good(shopper: Visitor, village: Area, leader: Member) -> None:
    with transaction():
        cause = make_item(village, leader, kind="cause", name_zh="楼道灯公益金", on_hand=0, points=10)
    page = shopper.get(f"/shop/items/{cause.id}?quantity=2")
    assert "不能收回" in page.text
    done = shopper.submit(page.form(f"/shop/items/{cause.id}/donate"))
    assert "谢谢您" in done.text
    assert not [form for form in done.all("form") if "cancel" in form.get("action", "")]
    assert "可用 22 分" in shopper.get("/shop").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on_hand": 0}, "换完了"),
        ({"state": "closed"}, "已经下架"),
    ],
)
def test_what_cannot_be_had_says_why(
    shopper: Visitor, rice: RewardItem, changes: dict[str, object], words: str
) -> None:
    form = shopper.get(f"/shop/items/{rice.id}").form("/redeem")
    with transaction():
        for name, value in changes.items():
            setattr(rice, name, value)
        session().merge(rice)
    refused = shopper.submit(form, 409)
    assert words in refused.text or (words == "换完了" and "刚刚换完" in refused.text)
    if words != "已经下架":
        again = shopper.get(f"/shop/items/{rice.id}")
        assert words in again.text
        assert not [form for form in again.forms if form.action.endswith("/redeem")]


def test_a_red_ledger_stops_the_shop_of_its_town_and_says_so(shopper: Visitor, rice: RewardItem) -> None:
    form = shopper.get(f"/shop/items/{rice.id}").form("/redeem")
    with transaction():
        checking.keep(rice.town_id, {"I1 x": [(1,)]})
    assert "账本正在核对" in shopper.get("/shop").text
    assert "账本正在核对" in shopper.submit(form, 409).text


def test_a_code_tells_a_stranger_nothing_and_another_towns_keeper_where_to_go(
    shopper: Visitor, rice: RewardItem, leader: Member, new_visitor: NEW, village: Area
) -> None:
    shopper.submit(shopper.get(f"/shop/items/{rice.id}").form("/redeem"))
    order = the_order()
    assert shopper.get(f"/o/{order.id}", 303).url == f"/shop/orders/{order.id}"
    stranger = new_visitor()
    stranger.sign_in(leader.id)
    assert "大米" not in stranger.get(f"/o/{order.id}", 403).text
    stranger.get(f"/shop/orders/{order.id}", 404)
    with transaction():
        there = make_village()
        open_books(town_of(there))
        other = make_member(there)
        make_grant(other, "shop_keeper", town_of(there))
    elsewhere = new_visitor()
    elsewhere.sign_in(other.id)
    told = elsewhere.get(f"/o/{order.id}", 404)
    assert town_of(village).name in told.text
    assert "大米" not in told.text
    elsewhere.get(f"/desk/rewards/orders/{order.id}", 404)


def test_a_keeper_does_not_hand_over_to_herself(keeper: Visitor, rice: RewardItem, village: Area) -> None:
    own = session().scalars(select(Member).where(Member.display_name == "沈阿姨")).one()
    with transaction():
        give(own, village, 50)
    keeper.submit(keeper.get(f"/shop/items/{rice.id}").form("/redeem"))
    page = keeper.get(f"/o/{the_order().id}", 303)
    assert "这是您自己的兑换" in page.text
    assert not [form for form in page.all("form") if "/hand" in form.get("action", "")]


def test_what_costs_more_than_was_said_or_than_there_is_holds_nothing(shopper: Visitor, rice: RewardItem) -> None:
    form = shopper.get(f"/shop/items/{rice.id}").form("/redeem")
    assert "还差 8 分" in shopper.submit(form, 409, quantity="5", total="50").text
    form = shopper.get(f"/shop/items/{rice.id}").form("/redeem")
    with transaction():
        rice.points = 50
        session().merge(rice)
    assert "现在要 50 分，刚才是 10 分" in shopper.submit(form, 409).text
    assert "还差 8 分" in shopper.get(f"/shop/items/{rice.id}").text
