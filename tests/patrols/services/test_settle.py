"""Settling flags: by another person of the area, once, with a reason; by silence only where the table allows it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import events
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.patrols.events import CheckInSettled
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import settle, settle_by_silence
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


@pytest.fixture
def flagged(scene: Scene) -> uuid.UUID:
    with transaction():
        outcome = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    assert outcome.checkin_id
    return outcome.checkin_id


@pytest.fixture
def heard(app: Flask) -> Iterator[list[object]]:
    before, told = events.wired(), []
    events.wire({CheckInSettled: (told.append,)})
    yield told
    events.wire(before)


@pytest.mark.parametrize(("accept", "status"), [(True, "accepted"), (False, "rejected")])
def test_an_admin_of_the_area_settles_and_the_member_is_told(
    scene: Scene, flagged: uuid.UUID, heard: list[object], accept: bool, status: str
) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=accept, reason="当面核对过")
    session().expire_all()
    assert session().get(CheckIn, flagged).status == status  # type: ignore[union-attr]
    move = session().scalars(select(CheckInEvent).where(CheckInEvent.from_status == "flagged")).one()
    assert (move.to_status, move.by_id, move.reason) == (status, scene.admin.id, "当面核对过")
    (fact,) = heard
    assert isinstance(fact, CheckInSettled)
    assert (fact.accepted, fact.by_id, fact.post_name) == (accept, scene.admin.id, scene.post.name)
    message = session().scalars(select(Message).where(Message.member_id == scene.member.id)).one()
    assert message.link == f"/checkins/{flagged}"


def test_nobody_settles_her_own(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        make_grant(scene.member, "village_admin", scene.village)
    with pytest.raises(DomainError) as refused, transaction():
        settle(actor_of(scene.member), checkin_id=flagged, accept=True, reason="我在现场")
    assert refused.value.code == "own_checkin"
    assert session().get(CheckIn, flagged).status == "flagged"  # type: ignore[union-attr]


def test_another_villages_admin_finds_nothing(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        stranger = make_member(elsewhere)
        make_grant(stranger, "village_admin", elsewhere)
    with pytest.raises(NotFound), transaction():
        settle(actor_of(stranger), checkin_id=flagged, accept=True, reason="ok")


def test_a_member_without_the_right_is_refused(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        neighbour = make_member(scene.village)
    with pytest.raises(Forbidden), transaction():
        settle(actor_of(neighbour), checkin_id=flagged, accept=True, reason="ok")


def test_the_leader_of_the_team_may_settle(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        leader = make_member(scene.village)
        make_grant(leader, "team_leader", team_id=scene.team.id)
    with transaction():
        settle(actor_of(leader), checkin_id=flagged, accept=True, reason="同行")
    assert session().get(CheckIn, flagged).status == "accepted"  # type: ignore[union-attr]


def test_a_flag_is_settled_once(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=True, reason="ok")
    with pytest.raises(Conflict), transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="no")


def test_a_reason_is_demanded(scene: Scene, flagged: uuid.UUID) -> None:
    with pytest.raises(DomainError) as refused, transaction():
        settle(actor_of(scene.admin), checkin_id=flagged, accept=False, reason="  ")
    assert refused.value.field == "reason"


def test_silence_settles_with_nobodys_name(scene: Scene, flagged: uuid.UUID) -> None:
    with transaction():
        assert settle_by_silence(system_actor("settle_silent"), checkin_id=flagged)
    with transaction():
        assert not settle_by_silence(system_actor("settle_silent"), checkin_id=flagged)
    move = session().scalars(select(CheckInEvent).where(CheckInEvent.from_status == "flagged")).one()
    assert (move.by_id, move.reason) == (None, "silence")
