"""What was known on a day, and what it should have been: the two differ by the corrections that are listed, no more."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Account, Entry, Transfer, Txn
from community.points.queries import past
from community.points.queries.past import Then
from community.points.services import adjusting, expiring, reversing, spending
from community.points.services.posting import By
from tests.factories.ledger import give
from tests.factories.points import accepted

pytestmark = pytest.mark.engine


def at(member: Member, on: dt.date, asset: str = "points") -> Then:
    return next(one for one in past.of_members([member.id], on) if one.asset == asset)


def earn(member: Member, village: Area, when: dt.datetime) -> int:
    """Let the member earn by an act of that time which is told now; return the posting."""
    with transaction():
        subscribers.award_checkin(accepted(member, village, used_at=when))
    return session().scalars(select(Txn.id).order_by(Txn.id.desc())).first() or 0


def take_back(txn_id: int, amount: int, leader: Member) -> int:
    with transaction():
        done = reversing.reverse(
            txn_id, amount, by=By(0, leader.id), evidence_ref="case:1", reason_code="wrong", explain={}
        )  # fmt: skip
    return done.txn_id or 0


def test_an_award_that_came_late_is_a_correction_of_its_own_day(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    first = clock.today()
    evening = clock.now()
    earn(member, village, evening - dt.timedelta(hours=2))
    frozen_clock.tick(days=5)
    earn(member, village, evening)
    then = at(member, first)
    assert (then.known, then.should) == (5, 10)
    assert [(one.row.delta, one.about_on) for one in then.corrections] == [(5, first)]
    assert (at(member, first - dt.timedelta(days=1)).known, at(member, first - dt.timedelta(days=1)).should) == (0, 0)
    assert (at(member, clock.today()).known, at(member, clock.today()).corrections) == (10, [])


def test_the_day_ends_at_midnight_of_the_place(village: Area, member: Member, frozen_clock: FrozenClock) -> None:
    today = clock.today()
    frozen_clock.move_to(clock.at_local(today, dt.time(23, 59)))
    with transaction():
        give(member, village, 3)
    frozen_clock.move_to(clock.at_local(today + dt.timedelta(days=1), dt.time(0, 0)))
    with transaction():
        give(member, village, 4)
    assert (at(member, today).known, at(member, today + dt.timedelta(days=1)).known) == (3, 7)


def test_a_wrong_award_taken_back_is_about_the_day_of_the_award_and_given_back_again_too(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    first = clock.today()
    wrong = earn(member, village, clock.now())
    frozen_clock.tick(days=3)
    taken = take_back(wrong, 4, leader)
    then = at(member, first)
    assert (then.known, then.should, [one.row.delta for one in then.corrections]) == (5, 1, [-4])
    frozen_clock.tick(days=3)
    with transaction():
        adjusting.adjust(
            village.town_id, member.id, "points", 4, expires_on=None, by=By(leader.id, leader.id),
            evidence_ref="appeal:1", reason_code="appeal", explain={"gives_back": str(taken)},
        )  # fmt: skip
    then = at(member, first)
    assert (then.known, then.should, [one.row.delta for one in then.corrections]) == (5, 5, [-4, 4])
    between = at(member, first + dt.timedelta(days=4))
    assert (between.known, between.should) == (1, 5)


def test_what_was_spent_later_changes_nothing_of_the_day(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    first = clock.today()
    with transaction():
        give(member, village, 9)
    frozen_clock.tick(days=2)
    with transaction():
        spending.spend(
            village.town_id, member.id, 4, kind="donate", by=By(member.id), evidence_ref="order:1", explain={}
        )  # fmt: skip
    assert (at(member, first).known, at(member, first).should, at(member, first).corrections) == (9, 9, [])


def test_a_late_expiry_job_is_a_correction_and_minutes_stand_by_themselves(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 6, days=1)
        give(member, village, 90, days=None, asset="minutes")
    frozen_clock.tick(days=5)
    with transaction():
        expiring.expire_town(village.town_id, clock.today())
    gone = clock.today() - dt.timedelta(days=3)
    assert (at(member, gone).known, at(member, gone).should) == (6, 0)
    assert (at(member, gone, "minutes").known, at(member, gone, "minutes").should) == (90, 90)


def test_whatever_happened_both_numbers_are_what_the_books_add_up_to(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    """Forty days of chance against sums over every line, by the day of recording and by the day it is about."""
    chance, first, awards = random.Random(7), clock.today(), []
    for number in range(40):
        frozen_clock.tick(hours=chance.randint(13, 30))
        match chance.choice(("earn", "late", "wrong", "spend", "expire")):
            case "earn":
                awards.append(earn(member, village, clock.now()))
            case "late":
                awards.append(earn(member, village, clock.now() - dt.timedelta(days=chance.randint(1, 6))))
            case "wrong" if awards:
                with transaction():
                    reversing.reverse(
                        awards.pop(), 2, by=By(0, leader.id), evidence_ref=f"case:{number}", reason_code="wrong",
                        explain={},
                    )  # fmt: skip
            case "spend":
                with transaction():
                    give(member, village, 3, days=chance.randint(0, 4))
            case _:
                with transaction():
                    expiring.expire_town(village.town_id, clock.today())
    lines = session().execute(
        select(Entry.delta, Txn.id, Txn.recorded_at, Txn.effective_on, Txn.reverses_txn_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .join(Txn, Txn.id == Transfer.txn_id)
        .join(Account, Account.id == Entry.account_id)
        .where(Account.subject_id == member.id)
    ).all()  # fmt: skip
    days = {line.id: line.effective_on for line in lines}
    assert len(lines) > 20
    for offset in range(-2, 50, 3):
        on = first + dt.timedelta(days=offset)
        then = at(member, on)
        known = sum(line.delta for line in lines if clock.local(line.recorded_at).date() <= on)
        about = sum(line.delta for line in lines if days.get(line.reverses_txn_id or line.id, on) <= on)
        assert (then.known, then.should) == (known, about), on
