"""Checking in, on both engines: what is written, what is refused, what is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core import clock, events
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.patrols.events import CheckInAccepted, CheckInFlagged
from community.patrols.models import Attempt, CheckIn, CheckInEvent
from community.patrols.policies import Evidence
from community.patrols.services.checkin import Outcome, check_in
from community.people import queries as people, requests
from community.people.models import Member
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene, scan
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_post, make_print
from tests.factories.teams import make_membership

pytestmark = pytest.mark.engine


@pytest.fixture
def heard(app: Flask) -> Iterator[list[object]]:
    """The events that check-ins emit; nobody else listens."""
    before, told = events.wired(), []
    events.wire({CheckInAccepted: (told.append,), CheckInFlagged: (told.append,)})
    yield told
    events.wire(before)


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


def go(scene: Scene, evidence: Evidence = NEAR, **more: object) -> Outcome:
    with transaction():
        return check_in(actor_of(scene.member), scene.scanned, evidence, device=DEVICE, **more)  # type: ignore[arg-type]


def count(model: type) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


def test_a_scan_becomes_a_row_its_event_and_a_fact(scene: Scene, heard: list[object]) -> None:
    outcome = go(scene)
    assert outcome.status == "accepted"
    row = session().scalars(select(CheckIn)).one()
    assert (row.id, row.member_id, row.post_id, row.grade, row.band, row.code) == (
        outcome.checkin_id, scene.member.id, scene.post.id, "B", "near", "",
    )  # fmt: skip
    assert row.used_at == row.lo == row.hi == row.received_at == clock.now()
    assert row.team_id == scene.team.id
    event = session().scalars(select(CheckInEvent)).one()
    assert (event.from_status, event.to_status, event.by_id) == ("new", "accepted", scene.member.id)
    (fact,) = heard
    assert isinstance(fact, CheckInAccepted)
    assert (fact.checkin_id, fact.grade, fact.verified) == (outcome.checkin_id, "B", True)


def test_scanning_twice_within_five_minutes_shows_the_first(
    scene: Scene, heard: list[object], frozen_clock: FrozenClock
) -> None:
    first = go(scene)
    frozen_clock.tick(minutes=4)
    second = go(scene)
    assert (second.status, second.checkin_id) == ("duplicate", first.checkin_id)
    assert (count(CheckIn), len(heard)) == (1, 1)
    frozen_clock.tick(minutes=2)
    assert go(scene).status == "accepted"


def test_a_scan_kept_through_sign_in_counts_at_its_captured_time(scene: Scene, heard: list[object]) -> None:
    captured = clock.now() - dt.timedelta(minutes=8)
    go(scene, at=captured)
    row = session().scalars(select(CheckIn)).one()
    assert (row.used_at, row.received_at) == (captured, clock.now())


def test_a_far_position_is_kept_rounded_and_flagged(scene: Scene, heard: list[object]) -> None:
    outcome = go(scene, Evidence("poster", "far", 700))
    assert (outcome.status, outcome.code) == ("flagged", "geo_far")
    row = session().scalars(select(CheckIn)).one()
    assert (row.status, row.far_m, row.grade) == ("flagged", 700, "C")
    assert isinstance(heard[0], CheckInFlagged)


def test_two_posts_too_far_apart_in_a_minute_are_flagged(
    scene: Scene, heard: list[object], frozen_clock: FrozenClock
) -> None:
    with transaction():
        other = make_post(scene.village, lat=30.21)
        sign = make_print(other)
    go(scene)
    frozen_clock.tick(minutes=1)
    with transaction():
        outcome = check_in(actor_of(scene.member), scan(other, sign), NEAR, device=DEVICE)
    assert (outcome.status, outcome.code) == ("flagged", "too_fast")


def test_the_third_member_on_one_phone_is_flagged(scene: Scene, heard: list[object]) -> None:
    with transaction():
        others = [make_member(scene.village) for _ in range(2)]
        for other in others:
            make_membership(other, scene.team)
            give_consent(other, "presence", "1")
    outcomes = []
    for member in (scene.member, *others):
        with transaction():
            outcomes.append(check_in(actor_of(member), scene.scanned, NEAR, device=DEVICE))
    assert [one.status for one in outcomes] == ["accepted", "accepted", "flagged"]
    assert outcomes[2].code == "shared_device"


def test_a_paused_post_keeps_the_check_in_for_a_person(scene: Scene, heard: list[object]) -> None:
    with transaction():
        scene.post.state = "paused"
        session().add(scene.post)
    assert go(scene).code == "post_paused"


def test_a_sign_from_before_the_move_is_flagged(scene: Scene, heard: list[object], frozen_clock: FrozenClock) -> None:
    frozen_clock.tick(minutes=1)
    with transaction():
        scene.post.moved_at = clock.now()
        session().add(scene.post)
    assert go(scene).code == "post_paused"


def test_without_consent_nothing_is_recorded_until_she_agrees(scene: Scene, heard: list[object]) -> None:
    with transaction():
        newcomer = make_member(scene.village)
        make_membership(newcomer, scene.team)
    with transaction():
        refused = check_in(actor_of(newcomer), scene.scanned, NEAR, device=DEVICE)
    assert (refused.status, refused.code) == ("refused", "no_consent")
    assert (count(CheckIn), count(Attempt)) == (0, 1)
    with transaction():
        agreed = check_in(actor_of(newcomer), scene.scanned, NEAR, device=DEVICE, agrees=True)
    assert agreed.status == "accepted"
    assert people.consented(newcomer.id, "presence", "1")


def test_a_stranger_to_the_team_is_refused_where_only_volunteers_check_in(scene: Scene, heard: list[object]) -> None:
    with transaction():
        stranger = make_member(scene.village)
        give_consent(stranger, "presence", "1")
    with transaction():
        outcome = check_in(actor_of(stranger), scene.scanned, NEAR, device=DEVICE)
    assert (outcome.status, outcome.code, heard) == ("refused", "not_member", [])


def test_anyone_may_walk_in_where_the_post_is_open(scene: Scene, heard: list[object]) -> None:
    with transaction():
        scene.post.open_to = "anyone"
        session().add(scene.post)
        stranger = make_member(scene.village, verified=False)
        give_consent(stranger, "presence", "1")
    with transaction():
        outcome = check_in(actor_of(stranger), scene.scanned, NEAR, device=DEVICE)
    assert (outcome.status, outcome.code) == ("accepted", "walk_in")
    assert isinstance(heard[0], CheckInAccepted)
    assert heard[0].verified is False


def test_a_membership_that_is_not_active_does_not_serve(scene: Scene, heard: list[object]) -> None:
    with transaction():
        waiting = make_member(scene.village)
        make_membership(waiting, scene.team, state="applied")
        give_consent(waiting, "presence", "1")
    with transaction():
        assert check_in(actor_of(waiting), scene.scanned, NEAR, device=DEVICE).code == "not_member"


def test_a_suspended_member_is_refused_and_told_so(scene: Scene, heard: list[object]) -> None:
    with transaction():
        scene.member.status = "suspended"
        session().add(scene.member)
    assert go(scene).code == "suspended"
    assert count(CheckIn) == 0


def minor(scene: Scene, *, guardian: bool) -> Member:
    with transaction():
        scene.post.open_to = "anyone"
        session().add(scene.post)
        agreed = clock.now() if guardian else None
        young = make_member(scene.village, age_band="14-17", verified=guardian, guardian_at=agreed)
        give_consent(young, "presence", "1")
    return young


def test_a_minor_waits_for_her_guardian(scene: Scene, heard: list[object], frozen_clock: FrozenClock) -> None:
    frozen_clock.move_to(clock.at_local(clock.today(), dt.time(15, 0)))
    young = minor(scene, guardian=False)
    with transaction():
        assert check_in(actor_of(young), scene.scanned, NEAR, device=DEVICE).code == "guardian_needed"
    assert (count(CheckIn), heard) == (0, [])


@pytest.mark.parametrize(("hour", "status"), [(6, "accepted"), (20, "accepted"), (21, "refused"), (5, "refused")])
def test_a_minor_serves_by_day_only(
    scene: Scene, heard: list[object], frozen_clock: FrozenClock, hour: int, status: str
) -> None:
    frozen_clock.move_to(clock.at_local(clock.today(), dt.time(hour, 30)))
    young = minor(scene, guardian=True)
    with transaction():
        assert check_in(actor_of(young), scene.scanned, NEAR, device=DEVICE).status == status


def test_who_withdrew_the_consent_to_be_registered_is_recorded_nowhere_until_she_gives_it_anew(
    scene: Scene, heard: list[object]
) -> None:
    with transaction():
        open_post = make_post(scene.village, open_to="anyone")
        sign = make_print(open_post)
        give_consent(scene.member, "service", "1")
    with transaction():
        requests.withdraw_service(actor_of(scene.member))
    for _again in range(2):
        with transaction():
            outcome = check_in(actor_of(scene.member), scan(open_post, sign), NEAR, device=DEVICE, agrees=True)
        assert (outcome.status, outcome.code) == ("refused", "not_member")
    assert count(CheckIn) == 0
    with transaction():
        give_consent(scene.member, "service", "1")
    with transaction():
        outcome = check_in(actor_of(scene.member), scan(open_post, sign), NEAR, device=DEVICE)
    assert outcome.status == "accepted"
