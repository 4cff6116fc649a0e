"""What waits, why an act earned nothing, who can be paid again."""

from __future__ import annotations

from typing import Any

import pytest

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.patrols.events import CheckInFact
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.queries.awards import (
    Nothing,
    held_by_reason,
    held_points,
    open_awards,
    payable_members,
    why_nothing,
)
from community.points.services import budget
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, make_rule, open_books, settled, town_of
from tests.points.invariants import assert_sound, posted

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


def why(event: CheckInFact) -> Nothing:
    return why_nothing(
        trigger="CheckInAccepted",
        evidence_ref=f"checkin:{event.checkin_id}",
        subject_id=event.member_id,
        town_id=event.town_id,
        scope_path=event.scope_path,
        team_id=event.team_id,
        earned_at=event.used_at,
        grade=event.grade,
    )


def tell(event: Any) -> Any:
    with transaction():
        subscribers.award_checkin(event)
    return event


def test_each_reason_for_nothing_is_told_with_the_rules_numbers(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        without, strict = make_village(), make_village()
        open_books(town_of(strict), make_rule(min_grade="B"))
    assert why(tell(accepted(member, without))) == Nothing("no_rule")
    assert why(tell(accepted(member, strict, grade="C"))) == Nothing("grade", 5, 10, "B")
    tell(accepted(member, village))
    assert why(tell(accepted(member, village))) == Nothing("hour", 5, 10, "D")
    frozen_clock.tick(hours=1)
    tell(accepted(member, village))
    frozen_clock.tick(hours=1)
    assert why(tell(accepted(member, village))) == Nothing("cap", 5, 10, "D")


def test_open_awards_are_those_that_wait_and_those_refused_lately(
    member: Member, leader: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    first, second = flagged(member, village), flagged(member, village)
    with transaction():
        subscribers.hold_flagged_checkin(first)
        subscribers.hold_flagged_checkin(second)
        subscribers.settle_checkin(settled(first, accepted=False, by=leader))
    assert sorted(row.Award.state for row in open_awards(member.id)) == ["held", "refused"]
    assert held_points(member.id) == 5
    assert [points for _reason, points in held_by_reason(member.id)] == [5]
    frozen_clock.tick(days=31)
    assert [row.Award.state for row in open_awards(member.id)] == ["held"]
    assert held_points(leader.id) == 0
    assert held_by_reason(leader.id) == []


def test_the_job_pays_who_waited_longest_when_the_budget_can_pay_again(frozen_clock: FrozenClock) -> None:
    with transaction():
        village = make_village()
        town = town_of(village)
        open_books(town, budget=0)
        members = [make_member(village) for _number in range(3)]
    for one in members:
        tell(accepted(one, village))
        frozen_clock.tick(minutes=1)
    assert payable_members(10) == []
    jobs.post_waiting()
    with transaction():
        budget.fund(system_actor("tests"), town.id, 2026, 12)
    assert payable_members(10) == [one.id for one in members]

    jobs.post_waiting()
    jobs.post_waiting()
    assert [posted(one) for one in members] == [5, 5, 0]
    assert payable_members(10) == []
    assert_sound()


def test_next_years_budget_pays_what_waited_in_the_old_year(frozen_clock: FrozenClock) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=0, years=(2026,))
        member = make_member(village)
        budget.fund(system_actor("tests"), town_of(village).id, 2027, 100)
    tell(accepted(member, village))
    assert posted(member) == 0
    frozen_clock.tick(days=60)
    jobs.post_waiting()
    assert posted(member) == 5
