"""Lots are used in the order in which they expire, and only those that are still valid."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import balance, lots
from tests.factories.ledger import give

pytestmark = pytest.mark.engine


def test_who_is_due_and_what_expires_when_can_be_asked_before(village: Area, member: Member) -> None:
    today = clock.today()
    with transaction():
        give(member, village, 5, days=10)
        give(member, village, 3, days=10)
        give(member, village, 4, days=70)
    account_id = balance(member.id).purses[0].account_id
    soon, later = today + dt.timedelta(days=10), today + dt.timedelta(days=70)
    assert [(one.expires_on, one.amount) for one in lots.expiring(account_id, today)] == [(soon, 8), (later, 4)]
    assert len(lots.expiring(account_id, today, soon)) == 1
    assert [(part.amount, part.expires_on) for part in lots.plan(account_id, 9, today)] == [
        (5, soon),
        (3, soon),
        (1, later),
    ]
    assert lots.due(soon) == []
    assert lots.due(later, town_id=village.town_id) == [account_id]


def test_what_has_expired_is_neither_planned_nor_told_and_minutes_stay_for_good(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 5, days=1)
        give(member, village, 7, days=None)
    account_id = balance(member.id).purses[0].account_id
    frozen_clock.tick(days=2)
    assert [(part.amount, part.expires_on) for part in lots.plan(account_id, 100, clock.today())] == [(7, None)]
    assert lots.expiring(account_id, clock.today()) == []
    assert lots.plan(account_id, 0, clock.today()) == []
