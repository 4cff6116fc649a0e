"""The page of what expires soon: the days, and one tap to give it away or to use it."""

from __future__ import annotations

import re

import pytest

from community.core import clock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import accounts, lots
from community.points.queries.lots import Expiring
from community.points.services import checking, reminding
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def lamp(village: Area, member: Member, leader: Member) -> object:
    """A cause for 10 points a step, and 47 points of the member that expire in 20 and 30 days, 5 that stay long."""
    with transaction():
        give(member, village, 33, days=20)
        give(member, village, 14, days=30)
        give(member, village, 5, days=300)
        make_item(village, leader, name_zh="大米", points=20)
        make_item(village, leader, name_zh="电动车", points=5000)
        return make_item(village, leader, kind="cause", name_zh="巷口路灯", points=10, on_hand=0)


def test_a_notice_leads_to_the_page_where_one_tap_gives_it_away(
    member: Member, lamp: object, client_page: Visitor
) -> None:
    account = accounts.balance(member.id).purses[0].account_id
    with transaction():
        assert reminding.tell(account, clock.today()) == 2
    client_page.sign_in(member.id)
    inbox = client_page.get("/inbox")
    assert "33 分 12月13日 到期" in inbox.text
    button = next(one for one in inbox.all("button", name="message") if "33 分" in "".join(one.itertext()))
    page = client_page.submit(inbox.form("/inbox/open"), message=button.attrib["value"])
    assert page.h1 == "快到期的积分"
    for said in ("4760 天内到期", "52", "12月13日", "12月23日", "捐 40 分", "大米", "捐出去的积分不能收回"):
        assert said in page.text
    assert "电动车" not in page.text
    done = client_page.submit(page.form(f"/shop/items/{lamp.id}/donate"))  # type: ignore[attr-defined]
    assert "谢谢您" in done.text
    assert [(one.expires_on.day, one.amount) for one in _left(account)] == [(23, 7), (19, 5)]


def test_a_member_sees_only_her_own_account_whatever_the_address_says(
    village: Area, member: Member, lamp: object, client_page: Visitor
) -> None:
    with transaction():
        stranger = make_member(village)
    client_page.sign_in(stranger.id)
    account = accounts.balance(member.id).purses[0].account_id
    for address in (f"/points/expiring?account={account}", "/points/expiring?account=x", "/points/expiring"):
        page = client_page.get(address)
        assert "没有会到期的积分" in page.text
        assert not re.search(r"\b(33|47|52)\b", page.text)


def test_while_the_books_are_checked_nothing_is_offered(
    village: Area, member: Member, lamp: object, client_page: Visitor
) -> None:
    with transaction():
        checking.keep(village.town_id or 0, {"I1 x": [(1,)]})
    client_page.sign_in(member.id)
    page = client_page.get("/points/expiring")
    assert "账本正在核对" in page.text
    assert not page.all("button", string="捐 40 分")
    assert f"/shop/items/{lamp.id}/donate" not in page.text  # type: ignore[attr-defined]


def test_the_balance_shows_minutes_beside_points_and_each_opens_to_its_lines(
    village: Area, member: Member, client_page: Visitor
) -> None:
    with transaction():
        give(member, village, 12)
        give(member, village, 150, days=None, asset="minutes")
    client_page.sign_in(member.id)
    assert "12 分2 小时 30 分钟" in client_page.get("/").text
    page = client_page.get("/points")
    assert "2 小时 30 分钟服务时长" in page.text
    lines = client_page.get(next(link for link in page.links if link.startswith("/points?account=")))
    assert (lines.h1, "+150" in lines.text, "+12" in lines.text) == ("服务时长", True, False)


def _left(account: int) -> list[Expiring]:
    return lots.expiring(account, clock.today())
