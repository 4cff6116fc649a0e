"""Members are told 60, 30 and 7 days before points expire: each day of points once at each step, by civil date."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Account, ExpiryNotice
from community.points.queries import lots
from community.points.services import holding, reminding, spending
from community.points.services.posting import By
from tests.factories.ledger import give, make_item, make_order

pytestmark = pytest.mark.engine


def told(member: Member) -> list[tuple[str, int, dt.date]]:
    """What stands in the member's inbox about points that expire: (kind, amount, first day), oldest first."""
    rows = session().scalars(
        select(Message).where(Message.member_id == member.id, Message.kind.startswith("points.expiring"))
    )
    return [
        (row.kind, row.params["amount"], dt.date.fromisoformat(row.params["day"]["on"]))
        for row in sorted(rows, key=lambda row: row.created_at)
    ]


def walk(frozen_clock: FrozenClock, days: int) -> dict[dt.date, int]:
    """Run the job every morning for so many days, twice each time; returns how many notices each day brought."""
    brought: dict[dt.date, int] = {}
    for _day in range(days):
        before = len(session().scalars(select(Message.id)).all())
        jobs.tell_expiring()
        jobs.tell_expiring()
        if new := len(session().scalars(select(Message.id)).all()) - before:
            brought[clock.today()] = new
        frozen_clock.tick(days=1)
    return brought


def test_a_day_of_points_is_told_three_times_on_the_right_mornings_and_never_doubled(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    last = clock.today() + dt.timedelta(days=63)
    with transaction():
        give(member, village, 8, days=63)
        give(member, village, 4, days=63)
        give(member, village, 60, days=None, asset="minutes")
    assert walk(frozen_clock, 70) == {last - dt.timedelta(days=days): 1 for days in (60, 30, 7)}
    assert told(member) == [("points.expiring", 12, last)] * 3
    assert session().scalar(select(Message.link).limit(1)) == f"/points/expiring?account={_account(member)}"


@pytest.mark.parametrize("last", [dt.date(2028, 2, 29), dt.date(2028, 3, 1), dt.date(2027, 12, 31)])
def test_days_are_counted_on_the_calendar_of_the_place(
    village: Area, member: Member, frozen_clock: FrozenClock, last: dt.date
) -> None:
    frozen_clock.move_to(clock.at_local(last - dt.timedelta(days=61), dt.time(23, 50)))
    with transaction():
        give(member, village, 5, days=61)
    assert walk(frozen_clock, 1) == {}
    frozen_clock.move_to(clock.at_local(last - dt.timedelta(days=60), dt.time(0, 5)))
    assert walk(frozen_clock, 1) == {last - dt.timedelta(days=60): 1}
    frozen_clock.move_to(clock.at_local(last - dt.timedelta(days=7), dt.time(23, 59)))
    assert walk(frozen_clock, 1) == {last - dt.timedelta(days=7): 1}


def test_who_served_every_evening_is_told_by_weeks_and_every_day_of_points_once_a_step(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        for days in range(70, 84):
            give(member, village, 5, days=days)
    brought = walk(frozen_clock, 84)
    assert sum(brought.values()) == 6
    assert {kind for kind, _amount, _day in told(member)} == {"points.expiring_week"}
    assert sum(amount for _kind, amount, _day in told(member)) == 3 * 14 * 5
    kept = session().execute(select(ExpiryNotice.expires_on, ExpiryNotice.days_before)).all()
    assert len(kept) == len(set(kept)) == 3 * 14
    assert all((row.expires_on - day).days >= 0 for row, day in zip(kept, brought, strict=False))


def test_a_job_that_slept_tells_the_step_that_is_left_and_only_that(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 5, days=25)
    assert lots.step(25) == 30
    assert walk(frozen_clock, 3) == {dt.date(2026, 11, 23): 1}
    frozen_clock.tick(days=19)  # three days are left
    assert walk(frozen_clock, 8) == {dt.date(2026, 12, 15): 1}, "and nothing on the day after its last"
    steps = session().scalars(select(ExpiryNotice.days_before).order_by(ExpiryNotice.at)).all()
    assert steps == [30, 7]


def test_what_is_spent_or_held_is_not_told_and_neither_is_who_left(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 10, days=20)
        order_id = make_order(member, make_item(village, leader), 6)
        holding.hold(village.town_id, member.id, 6, order_id=order_id, expires_at=clock.now())
        spending.spend(
            village.town_id, member.id, 4, kind="donate", by=By(member.id), evidence_ref="order:1", explain={}
        )  # fmt: skip
        give(leader, village, 5, days=20)
        session().get_one(Member, leader.id).status = "left"
    assert lots.to_tell(clock.today()) == []
    with transaction():
        holding.void(order_id, "voided")
    assert lots.to_tell(clock.today()) == [_account(member)]
    assert walk(frozen_clock, 1)
    assert told(member)[0][1] == 6


def test_of_two_hosts_one_tells(village: Area, member: Member) -> None:
    """The other one wrote the key first, after this one had read what there is to tell."""
    with transaction():
        give(member, village, 5, days=30)
    account = _account(member)
    with transaction():
        row = {"account_id": account, "expires_on": dt.date(2026, 12, 23), "days_before": 30, "at": clock.now()}
        session().execute(insert(ExpiryNotice), row)
    with transaction():
        assert reminding._note(account, lots.Expiring(dt.date(2026, 12, 23), 5), 30) is False
        assert reminding.tell(account, clock.today()) == 0
    assert told(member) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE expiry_notice SET days_before = 7",
        "DELETE FROM expiry_notice",
        "INSERT INTO expiry_notice SELECT account_id, expires_on, 5, at FROM expiry_notice",
        "INSERT INTO expiry_notice SELECT account_id, expires_on, days_before, at FROM expiry_notice",
    ],
)
def test_a_notice_stays_as_it_was_told_and_none_is_made_up(village: Area, member: Member, statement: str) -> None:
    with transaction():
        give(member, village, 5, days=30)
        reminding.tell(_account(member), clock.today())
    with pytest.raises(DBAPIError), transaction():
        session().execute(text(statement))
    assert len(session().scalars(select(ExpiryNotice.days_before)).all()) == 1


def _account(member: Member) -> int:
    wanted = select(Account.id).where(Account.subject_id == member.id, Account.asset == "points")
    return session().scalars(wanted).one()
