"""What the database itself refuses, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.exc import DBAPIError

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.core.ids import new_id, new_uuid
from community.patrols.models import CheckIn
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from community.patrols.services.settle import settle
from tests.factories.access import actor_of
from tests.factories.patrols import DEVICE, NEAR, Scene, make_scene

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        made = make_scene()
    with transaction():
        check_in(actor_of(made.member), made.scanned, NEAR, device=DEVICE)
    return made


def attack(statement: str, because: str | None = None, **parameters: object) -> None:
    with pytest.raises((DBAPIError, DomainError), match=because), transaction():
        session().execute(text(statement), parameters)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE checkin SET grade = 'A'",
        "UPDATE checkin SET used_at = '2020-01-01T00:00:00+00:00', lo = '2020-01-01T00:00:00+00:00'",
        "UPDATE checkin SET member_id = member_id + 1",
        "UPDATE checkin SET far_m = 100",
        "UPDATE checkin SET first_status = 'flagged'",
        "DELETE FROM checkin",
        "UPDATE checkin_event SET reason = 'x'",
        "DELETE FROM checkin_event",
        "UPDATE checkin SET status = 'great'",
    ],
)
def test_a_check_in_keeps_its_first_values(scene: Scene, statement: str) -> None:
    attack(statement)


def test_nobody_settles_her_own_flag_even_in_sql(scene: Scene) -> None:
    attack(
        "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
        "SELECT :id, id, 1, member_id, 'flagged', 'accepted', member_id, 'mine', received_at FROM checkin",
        "settled_by_another",
        id=new_id(),
    )


def test_the_doer_of_an_event_is_the_check_ins_own(scene: Scene) -> None:
    attack(
        "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
        "SELECT :id, id, 1, :other, 'flagged', 'accepted', member_id, 'as if another', received_at FROM checkin",
        "(?i)foreign key|fk_checkin_event_doer",
        id=new_id(),
        other=scene.admin.id,
    )


def test_a_move_that_is_not_in_the_table_cannot_be_stored(scene: Scene) -> None:
    attack(
        "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
        "SELECT :id, id, 1, member_id, 'accepted', 'rejected', :by, 'no', received_at FROM checkin",
        "(?i)foreign key|fk_checkin_event_move",
        id=new_id(),
        by=scene.admin.id,
    )


def test_settling_without_a_reason_cannot_be_stored(scene: Scene) -> None:
    attack(
        "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
        "SELECT :id, id, 1, member_id, 'flagged', 'rejected', :by, '', received_at FROM checkin",
        "settled_reason",
        id=new_id(),
        by=scene.admin.id,
    )


@pytest.mark.parametrize("status", ["rejected", "flagged"])
def test_a_status_moves_only_with_the_event_of_this_very_move(scene: Scene, status: str) -> None:
    attack(f"UPDATE checkin SET status = '{status}'")  # noqa: S608 - a word of the list above


MOVE = (
    "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
    "SELECT :id, id, :seq, member_id, :before, :after, {by}, 'why', received_at FROM checkin "
    "WHERE first_status = 'flagged'"
)


@pytest.fixture
def settled(scene: Scene, frozen_clock: FrozenClock) -> Scene:
    """A flag that the admin settled as accepted."""
    frozen_clock.tick(hours=1)
    with transaction():
        done = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    with transaction():
        settle(actor_of(scene.admin), checkin_id=done.checkin_id, accept=True, reason="当面核对过")  # type: ignore[arg-type]
    return scene


def move(seq: int, before: str, after: str, by: int) -> None:
    with transaction():
        values = {"id": new_id(), "seq": seq, "before": before, "after": after}
        session().execute(text(MOVE.format(by=by)), values)
        session().execute(text("UPDATE checkin SET status = :to WHERE first_status = 'flagged'"), {"to": after})


def test_a_settled_flag_cannot_be_raised_again_without_an_event(settled: Scene) -> None:
    assert settled
    for status in ("flagged", "rejected"):
        attack("UPDATE checkin SET status = :status WHERE first_status = 'flagged'", status=status)


def test_an_undone_settlement_does_not_stand_again_by_its_older_event(settled: Scene) -> None:
    move(2, "accepted", "flagged", settled.admin.id)
    for status in ("accepted", "rejected"):
        attack("UPDATE checkin SET status = :status WHERE first_status = 'flagged'", status=status)
    move(3, "flagged", "accepted", settled.admin.id)
    found = session().execute(text("SELECT status FROM checkin WHERE first_status = 'flagged'")).scalar()
    assert found == "accepted"


@pytest.mark.parametrize(
    ("seq", "before", "after"),
    [(3, "accepted", "flagged"), (-1, "accepted", "flagged"), (2, "new", "accepted"), (2, "new", "flagged")],
)
def test_events_are_counted_without_a_gap_and_only_the_first_is_new(
    settled: Scene, seq: int, before: str, after: str
) -> None:
    by = str(settled.admin.id)
    attack(MOVE.format(by=by), "uncounted", id=new_id(), seq=seq, before=before, after=after)


@pytest.mark.parametrize(("seq", "before"), [(0, "flagged"), (1, "flagged"), (1, "new")])
def test_the_first_event_of_a_check_in_is_the_new_one(scene: Scene, seq: int, before: str) -> None:
    """A check-in without any event yet, as a careless import would leave it."""
    fresh = new_uuid()
    with transaction():
        columns = [column.key for column in CheckIn.__table__.columns]
        kept = ", ".join(":fresh" if key == "id" else key for key in columns)
        statement = f"INSERT INTO checkin ({', '.join(columns)}) SELECT {kept} FROM checkin"  # noqa: S608
        session().execute(text(statement).bindparams(bindparam("fresh", fresh, type_=Uuid())))
    attack(
        "INSERT INTO checkin_event (id, checkin_id, seq, member_id, from_status, to_status, by_id, reason, at) "
        "SELECT :id, id, :seq, member_id, :before, 'accepted', :by, 'why', received_at FROM checkin "
        "WHERE id NOT IN (SELECT checkin_id FROM checkin_event)",
        "uncounted",
        id=new_id(),
        seq=seq,
        before=before,
        by=scene.admin.id,
    )


def test_nobody_raises_her_own_flag_again_even_in_sql(settled: Scene) -> None:
    for by in (settled.member.id, "NULL"):
        with pytest.raises(DBAPIError, match=r"settled_by_another|reopened_by_somebody"), transaction():
            session().execute(
                text(MOVE.format(by=by)), {"id": new_id(), "seq": 2, "before": "accepted", "after": "flagged"}
            )


def test_two_moves_of_one_check_in_never_have_the_same_number(settled: Scene) -> None:
    with pytest.raises(DomainError, match="settled"):
        move(1, "accepted", "flagged", settled.admin.id)


def test_nobody_is_her_own_proxy_even_in_sql(scene: Scene, engine_name: str) -> None:
    """A card is used by somebody else: the row that says otherwise cannot be written, and `proxy_id` never changes."""
    columns = [column.name for column in CheckIn.__table__.columns if column.name not in {"id", "proxy_id"}]
    copied = ", ".join(columns)
    attack(f"UPDATE checkin SET proxy_id = {scene.admin.id}")  # noqa: S608 - our own names
    copy = f"INSERT INTO checkin (id, proxy_id, {copied}) SELECT CAST(:id AS %s), %s, {copied} FROM checkin"  # noqa: S608
    kind = "uuid" if engine_name == "postgresql" else "text"
    attack(copy % (kind, "member_id"), id=new_uuid().hex)
    with transaction():
        session().execute(text(copy % (kind, scene.admin.id)), {"id": new_uuid().hex})
