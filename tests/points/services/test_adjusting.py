"""Opening balances: once for each row of the old book, never dead, never negative."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import Account
from community.points.services import adjusting, spending
from community.points.services.posting import By
from tests.factories.ledger import give
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


def adjust(village: Area, member: Member, amount: int, until: dt.date | None = None) -> int:
    with transaction():
        return adjusting.adjust(
            village.town_id, member.id, "points", amount, expires_on=until, by=By(0), evidence_ref="book:7",
            reason_code="opening", explain={},
        )  # fmt: skip


def test_the_same_row_of_the_old_book_is_carried_over_once(village: Area, member: Member) -> None:
    assert adjust(village, member, 30) == adjust(village, member, 30)
    assert posted(member) == 30
    assert_sound()


def test_nothing_dead_and_nothing_negative_is_granted(village: Area, member: Member) -> None:
    with pytest.raises(ValueError, match="never takes"):
        adjust(village, member, -5)
    with pytest.raises(ValueError, match="expired already"):
        adjust(village, member, 5, clock.today() - dt.timedelta(days=1))
    assert session().scalars(select(Account).where(Account.kind == "resident")).all() == []


def test_points_are_spent_at_once_for_a_cause_and_once_for_each(village: Area, member: Member) -> None:
    with transaction():
        give(member, village, 10)
    for _again in range(2):
        with transaction():
            spending.spend(
                village.town_id, member.id, 6, kind="donate", by=By(member.id), evidence_ref="order:9", explain={}
            )
    assert posted(member) == 4
    with pytest.raises(spending.NotEnough, match="not_enough"), transaction():
        spending.spend(
            village.town_id, member.id, 6, kind="donate", by=By(member.id), evidence_ref="order:10", explain={}
        )
    assert_sound()
