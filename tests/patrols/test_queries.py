"""What the decision table, members and desks read of check-ins, on both engines."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from flask import Flask

from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.errors import NotFound
from community.patrols import queries
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import settle
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene, scan
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_village

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


def go(scene: Scene, evidence: Evidence = NEAR) -> uuid.UUID:
    with transaction():
        outcome = check_in(actor_of(scene.member), scene.scanned, evidence, device=DEVICE)
    assert outcome.checkin_id
    return outcome.checkin_id


def earlier(scene: Scene, lat: float = 30.2) -> list[int]:
    return [round(one.metres) for one in queries.earlier(scene.member.id, clock.now(), lat, 120.3)]


def test_earlier_check_ins_come_with_their_distance_from_here(scene: Scene, frozen_clock: FrozenClock) -> None:
    go(scene)
    frozen_clock.tick(minutes=10)
    assert earlier(scene) == [0]
    assert earlier(scene, lat=30.21)[0] == pytest.approx(1112, abs=3)
    frozen_clock.tick(hours=2)
    assert earlier(scene) == []


def test_a_rejected_check_in_counts_for_nothing_later(scene: Scene, frozen_clock: FrozenClock) -> None:
    rejected = go(scene, Evidence("poster", "far", 900))
    with transaction():
        settle(actor_of(scene.admin), checkin_id=rejected, accept=False, reason="不在现场")
    frozen_clock.tick(minutes=1)
    assert earlier(scene) == []
    assert queries.first_scan(scene.member.id, scene.post.id, "pass", clock.now()) is None


def test_other_members_on_the_same_phone_are_counted_once_each(scene: Scene) -> None:
    go(scene)
    now = clock.now()
    assert queries.others_on_device(DEVICE, scene.admin.id, now) == 1
    assert queries.others_on_device(DEVICE, scene.member.id, now) == 0
    assert queries.others_on_device(DEVICE, scene.admin.id, now + dt.timedelta(minutes=11)) == 0


def test_a_receipt_is_for_its_member_and_for_staff_of_its_area(scene: Scene) -> None:
    made = go(scene)
    assert queries.receipt(actor_of(scene.member), made).post_name == scene.post.name
    assert queries.receipt(actor_of(scene.admin), made).member_name == scene.member.display_name
    with transaction():
        neighbour = make_member(scene.village)
    with pytest.raises(NotFound):
        queries.receipt(actor_of(neighbour), made)
    with pytest.raises(NotFound):
        queries.receipt(actor_of(scene.member), uuid.uuid4())


def test_my_list_is_paged_by_time(scene: Scene, frozen_clock: FrozenClock) -> None:
    for _ in range(3):
        go(scene)
        frozen_clock.tick(minutes=6)
    rows = queries.mine(actor_of(scene.member))
    times = [row.CheckIn.used_at for row in rows]
    assert times == sorted(times, reverse=True)
    assert len(queries.mine(actor_of(scene.member), before=times[0])) == 2


def test_a_day_is_a_civil_day_of_the_deployments_zone(scene: Scene, frozen_clock: FrozenClock) -> None:
    frozen_clock.move_to(clock.at_local(dt.date(2026, 11, 23), dt.time(23, 59)))
    go(scene)
    frozen_clock.tick(minutes=6)  # five past midnight in Shanghai, still the 23rd in UTC
    go(scene)
    admin = actor_of(scene.admin)
    assert len(queries.on_day(admin, dt.date(2026, 11, 23))) == 1
    assert len(queries.on_day(admin, dt.date(2026, 11, 24))) == 1


def test_desks_see_their_area_and_leaders_their_team_only(scene: Scene) -> None:
    go(scene)
    with transaction():
        elsewhere = make_village(name="安澜社区")
        stranger, leader = make_member(elsewhere), make_member(elsewhere)
        make_grant(stranger, "village_admin", elsewhere)
        make_grant(leader, "team_leader", team_id=scene.team.id)

    def seen(actor: Actor) -> int:
        return len(queries.on_day(actor, clock.today()))

    assert [seen(actor_of(one)) for one in (scene.admin, leader, stranger, scene.member)] == [1, 1, 0, 0]


def test_what_waits_leaves_out_ones_own(scene: Scene) -> None:
    go(scene, Evidence("poster", "far", 900))
    with transaction():
        make_grant(scene.member, "village_admin", scene.village)
    own, other = actor_of(scene.member), actor_of(scene.admin)
    assert (queries.waiting_count(own), len(queries.waiting(own))) == (0, 0)
    assert (queries.waiting_count(other), len(queries.waiting(other))) == (1, 1)


def test_the_moves_of_a_check_in_tell_who_decided(scene: Scene) -> None:
    flagged = go(scene, Evidence("poster", "far", 900))
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=True, reason="当面核对")
    assert [(move.to_status, move.by_name) for move in queries.moves(flagged)] == [
        ("flagged", scene.member.display_name),
        ("accepted", scene.admin.display_name),
    ]


def test_silence_may_settle_a_paused_post_but_no_flag_that_needs_a_person(
    scene: Scene, frozen_clock: FrozenClock
) -> None:
    with transaction():
        paused = make_post(scene.village, lat=30.2005, state="paused")
        sign = make_print(paused)
    go(scene, Evidence("poster", "far", 900))
    frozen_clock.tick(minutes=10)
    with transaction():
        outcome = check_in(actor_of(scene.member), scan(paused, sign), NEAR, device=DEVICE)
    assert queries.unsettled_before(clock.now() + dt.timedelta(seconds=1), 10) == [outcome.checkin_id]
    assert queries.unsettled_before(clock.now(), 10) == []
