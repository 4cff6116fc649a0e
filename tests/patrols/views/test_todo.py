"""Flagged check-ins in the desk's queue."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.views.todo import FLAGGED
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.places import make_village


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Iterator[Scene]:
    """A far check-in waits."""
    with transaction():
        made = make_scene()
    with transaction():
        check_in(actor_of(made.member), made.scanned, Evidence("poster", "far", 900), device=DEVICE)
    with app.test_request_context("/"):
        yield made


def test_a_flag_says_what_to_look_at_and_is_late_after_two_days(scene: Scene, frozen_clock: FrozenClock) -> None:
    actor = actor_of(scene.admin)
    (task,) = FLAGGED.tasks(actor, "", 10)
    assert (task.title, task.place, task.late) == ("王桂芬", "晚潮社区", False)
    assert [str(badge.word) for badge in task.badges] == ["C 级", "离得远"]
    assert task.acts == ("approve", "refuse")
    assert task.href == f"/checkins/{task.key}"
    frozen_clock.tick(hours=49)
    assert FLAGGED.tasks(actor, "", 10)[0].late


def test_nobody_meets_her_own_flag_or_one_of_another_area(scene: Scene) -> None:
    with transaction():
        make_grant(scene.member, "village_admin", scene.village)
        elsewhere = make_village()
    (task,) = FLAGGED.tasks(actor_of(scene.admin), "", 10)
    assert FLAGGED.tasks(actor_of(scene.member), "", 10) == []
    assert FLAGGED.count(actor_of(scene.member), "") == 0
    assert FLAGGED.count(actor_of(scene.admin), elsewhere.path) == 0
    assert FLAGGED.count(actor_of(scene.admin), scene.village.path) == 1
    assert FLAGGED.names(actor_of(scene.admin), [task.key, "x"]) == {task.key: "王桂芬 · 晚潮苑南门岗"}


def test_deciding_writes_a_reason_that_the_member_reads(scene: Scene) -> None:
    actor = actor_of(scene.admin)
    (task,) = FLAGGED.tasks(actor, "", 10)
    assert FLAGGED.approve
    assert FLAGGED.undo
    with transaction():
        FLAGGED.approve(actor, task.key)
    assert session().get_one(CheckIn, uuid.UUID(task.key)).status == "accepted"
    with transaction():
        FLAGGED.undo(actor, task.key)
    with pytest.raises(NotFound), transaction():
        FLAGGED.approve(actor, "no uuid")
