"""Page objects: what a receipt says in each state, and to whom."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.i18n import plain
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import settle
from community.patrols.views import pages
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


def receipt(scene: Scene, evidence: Evidence, *, again: bool = False) -> pages.Receipt:
    with transaction():
        outcome = check_in(actor_of(scene.member), scene.scanned, evidence, device=DEVICE)
    assert outcome.checkin_id
    return pages.receipt(actor_of(scene.member), outcome.checkin_id, again=again)


def test_an_accepted_check_in_has_no_steps_to_wait_for(scene: Scene) -> None:
    page = receipt(scene, NEAR)
    assert (plain(page.title), page.steps, page.better) == ("打卡成功", [], None)


def test_a_double_scan_says_so(scene: Scene) -> None:
    assert "打过卡" in plain(receipt(scene, NEAR, again=True).title)


def test_a_weaker_grade_says_how_to_get_a_better_one_to_its_owner_alone(scene: Scene) -> None:
    page = receipt(scene, Evidence("poster", "none"))
    assert page.better is not None
    assert pages.receipt(actor_of(scene.admin), page.line.id, again=False).better is None


def test_a_flag_tells_what_happens_next_and_who_decided(scene: Scene) -> None:
    page = receipt(scene, Evidence("poster", "far", 900))
    assert [state for state, _title, _note in page.steps] == ["done", "now", "todo"]
    with transaction():
        settle(actor_of(scene.admin), checkin_id=page.line.id, accept=False, reason="不在现场")
    done = pages.receipt(actor_of(scene.member), page.line.id, again=False)
    assert plain(done.stamp) == "无效"
    assert any(note and scene.admin.display_name in plain(note) for _state, _title, note in done.steps)


def test_only_others_with_the_right_may_settle_a_line(scene: Scene) -> None:
    page = receipt(scene, Evidence("poster", "far", 900))
    assert page.line.may_settle is False
    assert pages.receipt(actor_of(scene.admin), page.line.id, again=False).line.may_settle is True


def test_the_desk_counts_what_counts(scene: Scene) -> None:
    receipt(scene, NEAR)
    desk = pages.desk(actor_of(scene.admin), clock.today(), only="")
    assert (desk.accepted, desk.people, desk.waiting, desk.after) == (1, 1, 0, None)
    before = pages.desk(actor_of(scene.admin), clock.today() - dt.timedelta(days=1), only="")
    assert (before.lines, before.after) == ([], clock.today())
