"""The rule that counts is the one in force when the act was done; publishing anew pays nothing twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import delete, select, update

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.ids import new_id
from community.patrols.events import CheckInFact
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Account, RuleVersion, Txn
from community.points.queries.rules import InForce, in_force
from tests.factories.points import accepted
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


def found(event: CheckInFact) -> Sequence[InForce]:
    return in_force(
        event.town_id,
        "CheckInAccepted",
        event.used_at,
        subject_id=event.member_id,
        evidence_ref=f"checkin:{event.checkin_id}",
        scope_path=event.scope_path,
        team_id=event.team_id,
    )


@pytest.fixture
def second_version(village: Area) -> dt.date:
    """From 2026-12-01 on the same rule gives 8."""
    starts = dt.date(2026, 12, 1)
    with transaction():
        first = session().scalars(select(RuleVersion)).one()
        fields = {column.name: getattr(first, column.name) for column in RuleVersion.__table__.columns}
        session().execute(
            update(RuleVersion).where(RuleVersion.id == first.id).values(ends_on=starts - dt.timedelta(days=1))
        )
        fields |= {"id": new_id(), "version": "2", "amount": 8, "effective_on": starts, "ends_on": None}
        session().add(RuleVersion(**fields))
    return starts


def test_the_version_of_the_acts_own_day_counts_however_late_it_is_told(
    member: Member, village: Area, second_version: dt.date, frozen_clock: FrozenClock
) -> None:
    frozen_clock.move_to(dt.datetime(2026, 12, 1, 2, 0, tzinfo=dt.UTC))
    last_minute = dt.datetime(2026, 11, 30, 15, 59, tzinfo=dt.UTC)
    assert [rule.terms.amount for rule in found(accepted(member, village, used_at=last_minute))] == [5]
    midnight = last_minute + dt.timedelta(minutes=1)
    assert [rule.terms.amount for rule in found(accepted(member, village, used_at=midnight))] == [8]
    assert second_version


def test_an_act_that_was_paid_under_one_version_is_known_to_the_next(
    member: Member, village: Area, second_version: dt.date
) -> None:
    happened = accepted(member, village)
    with transaction():
        subscribers.award_checkin(happened)
    told_again = accepted(
        member, village, checkin_id=happened.checkin_id, used_at=dt.datetime(2026, 12, 2, tzinfo=dt.UTC)
    )
    assert [(rule.terms.version, rule.known) for rule in found(told_again)] == [("2", True)]
    with transaction():
        subscribers.award_checkin(told_again)
    assert len(session().scalars(select(Txn.id)).all()) == 1
    assert_sound()
    assert second_version


def test_what_is_used_of_hour_day_and_month_comes_along(member: Member, village: Area) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    used = {"2026-11": 0, "2026-11-23": 5, "2026-11-23T21": 5}
    assert [rule.used for rule in found(accepted(member, village))] == [used]


def test_before_its_first_day_and_for_another_event_no_rule_is_in_force(member: Member, village: Area) -> None:
    long_ago = accepted(member, village, used_at=dt.datetime(2020, 1, 31, 12, 0, tzinfo=dt.UTC))
    assert not found(long_ago)
    assert not in_force(
        village.town_id or 0, "ShiftCompleted", long_ago.used_at, subject_id=1, evidence_ref="shift:1",
        scope_path=village.path, team_id=None,
    )  # fmt: skip


def test_rules_without_books_are_a_programming_error_not_a_silent_loss(member: Member, village: Area) -> None:
    with transaction():
        session().execute(delete(Account))
    with pytest.raises(RuntimeError, match="no issuance account"):
        found(accepted(member, village))
