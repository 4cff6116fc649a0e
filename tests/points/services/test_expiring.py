"""Expiry by civil date: leap day, month and year end, once for each lot, and never what is held."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.scheduler import ItemsFailed
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Lot, Txn
from community.points.queries import balance
from community.points.services import expiring
from tests.factories.ledger import give
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


def expire(village: Area) -> int:
    with transaction():
        return expiring.expire_town(village.town_id, clock.today())


@pytest.mark.parametrize("last", [dt.date(2028, 2, 29), dt.date(2027, 12, 31), dt.date(2027, 2, 28)])
def test_a_lot_is_valid_to_the_end_of_its_last_day_and_gone_a_minute_later(
    village: Area, member: Member, frozen_clock: FrozenClock, last: dt.date
) -> None:
    frozen_clock.move_to(clock.at_local(last - dt.timedelta(days=1), dt.time(12)))
    with transaction():
        give(member, village, 7, days=1)
    frozen_clock.move_to(clock.at_local(last, dt.time(23, 59)))
    assert (expire(village), balance(member.id).available) == (0, 7)
    frozen_clock.tick(minutes=1)
    assert balance(member.id).available == 0, "before any job has run"
    assert expire(village) == 1
    assert (expire(village), posted(member)) == (0, 0)
    row = session().scalars(select(Txn).where(Txn.kind == "expire")).one()
    assert (row.effective_on, row.explain["expires_on"]) == (last + dt.timedelta(days=1), last.isoformat())
    assert_sound()


def test_each_lot_expires_by_a_posting_of_its_own_and_minutes_never_do(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        for days in (1, 2, 2, 40):
            give(member, village, 5, days=days)
        give(member, village, 60, days=None, asset="minutes")
    frozen_clock.tick(days=3)
    assert expire(village) == 3
    keys = session().scalars(select(Txn.dedupe_key).where(Txn.kind == "expire").order_by(Txn.id)).all()
    expired = session().scalars(select(Lot.id).where(Lot.remaining == 0).order_by(Lot.expires_on, Lot.id))
    assert keys == [f"expire:{lot_id}" for lot_id in expired]
    assert balance(member.id).available == 5
    assert_sound()


def test_the_job_goes_on_with_the_others_when_one_account_fails(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        give(member, village, 5, days=1)
        give(leader, village, 6, days=1)
    frozen_clock.tick(days=2)
    broken = balance(member.id).purses[0].account_id
    real = expiring.expire_account

    def sometimes(account_id: int, today: dt.date) -> int:
        done = real(account_id, today)
        if account_id == broken:
            raise OSError("the power failed")
        return done

    with monkeypatch.context() as patched:
        patched.setattr(expiring, "expire_account", sometimes)
        with pytest.raises(ItemsFailed, match="1 of 2"):
            jobs.expire_points()
    assert (posted(member), posted(leader)) == (5, 0)
    jobs.expire_points()
    jobs.expire_points()
    assert (posted(member), posted(leader)) == (0, 0)
    assert_sound()
