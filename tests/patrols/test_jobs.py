"""The room's jobs: silence after seven days, refused scans forgotten after thirty."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.scheduler import ItemsFailed
from community.patrols import jobs
from community.patrols.models import Attempt, CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in, refuse
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene(post={"state": "paused"})


def status() -> str:
    session().expire_all()
    return session().scalars(select(CheckIn)).one().status


def test_a_paused_posts_flag_is_accepted_after_seven_days_of_silence(scene: Scene, frozen_clock: FrozenClock) -> None:
    with transaction():
        check_in(actor_of(scene.member), scene.scanned, NEAR, device=DEVICE)
    frozen_clock.tick(days=6, hours=23)
    jobs.settle_silent()
    assert status() == "flagged"
    frozen_clock.tick(hours=2)
    jobs.settle_silent()
    jobs.settle_silent()
    assert status() == "accepted"


def test_silence_never_settles_what_needs_a_person(scene: Scene, frozen_clock: FrozenClock) -> None:
    with transaction():
        check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    frozen_clock.tick(days=30)
    jobs.settle_silent()
    assert status() == "flagged"


def test_a_check_in_that_cannot_be_settled_keeps_no_other_waiting(
    scene: Scene, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _scan in range(3):
        with transaction():
            check_in(actor_of(scene.member), scene.scanned, NEAR, device=DEVICE)
        frozen_clock.tick(hours=2)
    frozen_clock.tick(days=8)
    bad = session().scalars(select(CheckIn.id).order_by(CheckIn.used_at)).first()
    settle = jobs.settle_by_silence

    def fail_for_the_first(actor: Actor, *, checkin_id: uuid.UUID) -> bool:
        done = settle(actor, checkin_id=checkin_id)
        if checkin_id == bad:
            raise ZeroDivisionError
        return done

    monkeypatch.setattr(jobs, "settle_by_silence", fail_for_the_first)
    with pytest.raises(ItemsFailed, match=r"1 of 3 items failed"):
        jobs.settle_silent()
    session().expire_all()
    statuses = session().scalars(select(CheckIn.status).order_by(CheckIn.used_at)).all()
    assert statuses == ["flagged", "accepted", "accepted"]


def test_refused_scans_are_forgotten_after_thirty_days(app: Flask, frozen_clock: FrozenClock) -> None:
    with transaction():
        refuse("token_bad", device=DEVICE, src="poster")
    frozen_clock.tick(days=29)
    jobs.forget_attempts()
    assert session().scalar(select(func.count()).select_from(Attempt)) == 1
    frozen_clock.tick(days=2)
    jobs.forget_attempts()
    assert session().scalar(select(func.count()).select_from(Attempt)) == 0
