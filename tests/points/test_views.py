"""Addresses of points with odd values: each gets a page, nobody gets another's account."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import balance
from tests.factories.people import make_member
from tests.factories.points import accepted
from tests.harness.client import Visitor


@pytest.mark.parametrize(
    "query",
    ["before=", "before=-1", "before=x", "before=1", "before=" + "9" * 40, "before=٣", "account=0", "account=%0A"],
)
def test_odd_values_in_the_address_give_a_page(member: Member, village: Area, client_page: Visitor, query: str) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    client_page.sign_in(member.id)
    assert "我的积分" in client_page.get(f"/points?{query}").h1


def test_naming_somebody_elses_account_shows_ones_own(member: Member, village: Area, client_page: Visitor) -> None:
    with transaction():
        other = make_member(village)
        subscribers.award_checkin(accepted(other, village, post_name="别人的岗"))
        subscribers.award_checkin(accepted(member, village, post_name="自己的岗"))
    client_page.sign_in(member.id)
    page = client_page.get(f"/points?account={balance(other.id).purses[0].account_id}")
    assert "自己的岗" in page.text
    assert "别人的岗" not in page.text


@pytest.mark.parametrize("address", ["/points/0", "/points/x", "/points/" + "9" * 19, "/points/" + "9" * 400])
def test_a_line_that_cannot_be_does_not_exist(member: Member, client_page: Visitor, address: str) -> None:
    client_page.sign_in(member.id)
    client_page.get(address, 404)


def test_signed_out_one_is_asked_to_sign_in_first(village: Area, client_page: Visitor) -> None:
    assert village
    answer = client_page.client.get("/points")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=")
