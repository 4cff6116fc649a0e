"""Many check-ins of the past at once."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from community.core.authz import Actor, system_actor
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.patrols import backfill
from community.patrols.backfill import PastCheckIn, PastSettlement
from community.patrols.models import CheckIn, CheckInEvent
from tests.factories.patrols import DEVICE, make_scene

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
AT = dt.datetime(2026, 9, 1, 11, 5, tzinfo=dt.UTC)


@pytest.fixture
def past(app: Flask) -> Callable[..., PastCheckIn]:
    """Makes check-ins of one member at one post; `accepted` settles one three hours later."""
    assert app.testing
    with transaction():
        scene = make_scene()
    values = {
        "member_id": scene.member.id,
        "post_id": scene.post.id,
        "print_id": scene.sign.id,
        "team_id": scene.team.id,
        "town_id": scene.post.town_id,
        "scope_path": scene.post.scope_path,
        "kind": "in",
        "at": AT,
        "src": "poster",
        "band": "near",
        "device": DEVICE,
    }

    def make(*, by_herself: bool = False, accepted: bool | None = None, **changed: object) -> PastCheckIn:
        if accepted is not None:
            by_id = scene.member.id if by_herself else scene.admin.id
            changed["settlement"] = PastSettlement(accepted, by_id, AT + dt.timedelta(hours=3), "同组队员证实")
        return PastCheckIn(**(values | changed))  # type: ignore[arg-type]

    return make


def _write(one: PastCheckIn) -> CheckIn:
    with transaction():
        prepared = backfill.prepare(one)
        backfill.add_check_ins(IMPORT, [prepared])
    stored = session().get_one(CheckIn, prepared.id)
    assert stored.status == prepared.status
    return stored


@pytest.mark.parametrize(
    ("src", "band", "grade"),
    [("poster", "near", "B"), ("poster", "compatible", "B"), ("poster", "none", "C"), ("typed", "near", "D")],
)
def test_a_check_in_has_the_grade_that_it_would_have_online(
    past: Callable[..., PastCheckIn], src: str, band: str, grade: str
) -> None:
    stored = _write(past(src=src, band=band))
    assert (stored.grade, stored.status, stored.used_at, stored.lo, stored.hi) == (grade, "accepted", AT, AT, AT)
    assert stored.code == ("geo_none" if band == "none" else "")


def test_a_flagged_one_waits(past: Callable[..., PastCheckIn]) -> None:
    stored = _write(past(band="far", flag="geo_far", far_m=900))
    assert (stored.first_status, stored.status, stored.code, stored.far_m) == ("flagged", "flagged", "geo_far", 900)
    assert session().scalars(select(CheckInEvent.to_status)).all() == ["flagged"]


@pytest.mark.parametrize(("accepted", "status"), [(True, "accepted"), (False, "rejected")])
def test_a_settled_one_keeps_what_it_was_and_who_decided(
    past: Callable[..., PastCheckIn], accepted: bool, status: str
) -> None:
    stored = _write(past(band="far", flag="geo_far", far_m=900, accepted=accepted))
    assert (stored.first_status, stored.status) == ("flagged", status)
    first, last = session().scalars(select(CheckInEvent).order_by(CheckInEvent.at)).all()
    assert (first.from_status, last.to_status, last.reason) == ("new", status, "同组队员证实")
    assert last.by_id not in {None, stored.member_id}


def test_nobody_settles_her_own(past: Callable[..., PastCheckIn]) -> None:
    with pytest.raises(IntegrityError):
        _write(past(band="far", flag="geo_far", far_m=900, accepted=True, by_herself=True))


def test_what_was_not_flagged_cannot_be_settled(past: Callable[..., PastCheckIn]) -> None:
    with pytest.raises(ValueError, match="flagged"):
        _write(past(accepted=True))
    assert session().execute(select(CheckIn.id)).all() == []


def test_a_person_may_not_backfill() -> None:
    with pytest.raises(Forbidden), transaction():
        backfill.add_check_ins(Actor(1), [])
