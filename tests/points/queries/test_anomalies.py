"""Flags that say "look again": when they come, when they do not, and that they take nothing."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.ids import new_uuid
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import anomalies
from community.points.queries.anomalies import Flag
from community.points.services.awarding import award_manual
from community.points.services.posting import By
from tests.factories.people import make_member
from tests.factories.points import accepted, add_rule, town_of

pytestmark = pytest.mark.engine
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def rules(village: Area) -> dict[str, int]:
    """Manual rules of points and of minutes, without caps that would come between."""
    with transaction():
        minutes: dict[str, Any] = {"code": "P03", "amount": 60, "cap_day": 2000, "asset": "minutes"}
        return {
            "points": add_rule(town_of(village), trigger="Manual", once_per="", cap_day=None),
            "minutes": add_rule(town_of(village), trigger="Manual", once_per="", **minutes),
        }


def award(
    version: int, member: Member, village: Area, approver: Member, *, by: Member | None = None,
    amount: int | None = None, day: dt.date = TODAY, ref: str = "case",
) -> None:  # fmt: skip
    """One award that `approver` approved and `by` had proposed."""
    done = award_manual(
        version, member.id, evidence_ref=f"{ref}:{new_uuid()}", earned_on=day, where=village.path, amount=amount,
        by=By(by.id if by else 0, approver.id),
    )  # fmt: skip
    assert done.txn_id


def found(village: Area, kind: str) -> list[Flag]:
    return [flag for flag in anomalies.flags(village.town_id or 0) if flag.kind == kind]


def people(village: Area, count: int) -> list[Member]:
    return [make_member(village) for _number in range(count)]


def test_who_approves_mostly_for_one_person_is_flagged(
    village: Area, member: Member, leader: Member, rules: dict[str, int]
) -> None:
    with transaction():
        for _number in range(anomalies.PAIR):
            award(rules["points"], member, village, leader)
    (flag,) = found(village, "pair")
    assert flag.members == (leader.id, member.id)
    assert (flag.size, flag.numbers) == (6, {"count": 6, "of": 6})
    assert {row[0] for row in flag.rows} == {member.id}
    assert len(flag.rows) == 5
    with transaction():
        for other in people(village, 3 * anomalies.PAIR + 1):
            award(rules["points"], other, village, leader)
    assert found(village, "pair") == [], "now it is less than a quarter of what she approves"


def test_few_approvals_and_awards_that_nobody_approved_are_no_pair(
    village: Area, member: Member, leader: Member, rules: dict[str, int], frozen_clock: FrozenClock
) -> None:
    with transaction():
        for _number in range(anomalies.PAIR - 1):
            award(rules["points"], member, village, leader)
    for _day in range(10):
        frozen_clock.tick(days=1)
        with transaction():
            subscribers.award_checkin(accepted(member, village))
    assert anomalies.flags(village.town_id or 0) == []


def test_two_who_approve_for_each_other_are_flagged_once(
    village: Area, member: Member, leader: Member, rules: dict[str, int]
) -> None:
    with transaction():
        for _number in range(3):
            award(rules["points"], member, village, leader)
            award(rules["points"], leader, village, member)
    (flag,) = found(village, "mutual")
    assert set(flag.members) == {member.id, leader.id}
    assert flag.size == 6


def test_a_burst_is_many_within_minutes_and_not_as_many_over_the_day(
    village: Area, leader: Member, rules: dict[str, int], frozen_clock: FrozenClock
) -> None:
    with transaction():
        some = people(village, 12)
        clerk = make_member(village, display_name="吴敏")
    for person in some:
        frozen_clock.tick(minutes=2)
        with transaction():
            award(rules["points"], person, village, leader, by=clerk)
    assert found(village, "burst") == [], "six in any ten minutes"
    frozen_clock.tick(hours=1)
    with transaction():
        for person in some[:10]:
            award(rules["points"], person, village, leader, by=clerk)
    assert {flag.members for flag in found(village, "burst")} == {(leader.id,), (clerk.id,)}
    assert {flag.size for flag in found(village, "burst")} == {10}


def test_confirming_check_ins_is_a_burst_only_when_there_are_very_many(
    village: Area, leader: Member, rules: dict[str, int]
) -> None:
    with transaction():
        for person in people(village, anomalies.BURST - 1):
            award(rules["points"], person, village, leader, ref="checkin")
    assert found(village, "burst") == []
    with transaction():
        award(rules["points"], make_member(village), village, leader, ref="checkin")
    (flag,) = found(village, "burst")
    assert flag.numbers == {"count": 30, "day": "2026-11-24" if clock.today() != TODAY else "2026-11-23"}


@pytest.mark.parametrize(("minutes", "flagged"), [((300, 300), False), ((300, 301), True)])
def test_a_day_of_more_than_ten_hours_is_flagged(
    village: Area, member: Member, leader: Member, rules: dict[str, int], minutes: tuple[int, ...], flagged: bool
) -> None:
    with transaction():
        for amount in minutes:
            award(rules["minutes"], member, village, leader, amount=amount)
        award(rules["minutes"], member, village, leader, amount=600, day=TODAY - dt.timedelta(days=1))
    assert [flag.numbers for flag in found(village, "long_day")] == (
        [{"minutes": 601, "day": "2026-11-23"}] if flagged else []
    )


def test_hours_of_somebody_whom_the_site_never_saw_are_flagged(
    village: Area, member: Member, leader: Member, rules: dict[str, int]
) -> None:
    with transaction():
        for day in range(3):
            award(rules["minutes"], member, village, leader, amount=200, day=TODAY - dt.timedelta(days=day))
            award(rules["minutes"], leader, village, member, amount=200, day=TODAY - dt.timedelta(days=day))
        subscribers.award_checkin(accepted(leader, village))
    (flag,) = found(village, "only_typed")
    assert (flag.members, flag.numbers) == ((member.id,), {"minutes": 600, "count": 3})


def test_what_is_older_than_ninety_days_or_of_another_town_is_left_alone(
    village: Area, member: Member, leader: Member, rules: dict[str, int], frozen_clock: FrozenClock
) -> None:
    with transaction():
        for _number in range(anomalies.PAIR):
            award(rules["points"], member, village, leader)
    assert anomalies.flags(village.id) == []
    frozen_clock.tick(days=anomalies.DAYS)
    assert found(village, "pair")
    frozen_clock.tick(minutes=1)
    assert anomalies.flags(village.town_id or 0) == []


def test_keys_fit_their_column_and_differ(village: Area, member: Member, leader: Member, rules: dict[str, int]) -> None:
    with transaction():
        for person, other in itertools.permutations((member, leader), 2):
            for _number in range(12):
                award(rules["minutes"], person, village, other, by=other, amount=60)
    keys = [flag.key for flag in anomalies.flags(village.town_id or 0)]
    assert len(set(keys)) == len(keys) >= 7
    assert all(len(key) <= 80 for key in keys)
