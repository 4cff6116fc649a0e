"""A first visit: all of it or nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.core.errors import DomainError, NotFound
from community.core.ids import new_uuid
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services import first
from community.patrols.services.first import Visitor, first_visit, newcomer_of
from community.people.models import Consent, Member
from tests.factories.patrols import make_scene

DEVICE = "d" * 32
WHO = Visitor("陈桂花", "19900009871", "60+")


@pytest.fixture
def scene(app, frozen_clock):
    with transaction():
        return make_scene(post={"open_to": "anyone"})


def visit(scene, who=WHO):
    with transaction():
        return first_visit(who, scene.scanned, Evidence("poster", "none"), device=DEVICE)


def counted():
    return [session().scalar(select(func.count()).select_from(table)) for table in (Member, Consent, CheckIn)]


@pytest.mark.engine
def test_member_consents_and_check_in_are_written_together(scene):
    before = counted()
    visited = visit(scene)
    assert visited.outcome.status == "accepted"
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 2, 1]


@pytest.mark.engine
def test_what_fails_in_the_middle_leaves_nothing(scene, monkeypatch):
    before = counted()

    def fail(*_arguments, **_named):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(first, "check_in", fail)
    with pytest.raises(RuntimeError):
        visit(scene)
    assert counted() == before


def test_a_number_is_not_registered_without_end(scene):
    for _ in range(3):
        visit(scene)
    with pytest.raises(DomainError, match="phone_often"):
        visit(scene)


def test_only_where_anybody_may_check_in(app, frozen_clock):
    with transaction():
        closed = make_scene()
    with pytest.raises(NotFound):
        visit(closed)


def test_her_receipt_tells_who_she_is_to_the_same_phone_for_an_hour(scene, frozen_clock):
    visited = visit(scene)
    receipt = f"/checkins/{visited.outcome.checkin_id}?first=1"
    assert newcomer_of(receipt, DEVICE) == (visited.member_id, 1)
    assert newcomer_of(receipt, "e" * 32) is None
    for other in ("", "/checkins/", f"/checkins/{new_uuid()}", "/me", f"/checkins/{visited.member_id}"):
        assert newcomer_of(other, DEVICE) is None
    frozen_clock.tick(hours=1, minutes=1)
    assert newcomer_of(receipt, DEVICE) is None
