"""A membership stays whose and where it was, and moves only with its event, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
from community.core.errors import DomainError
from community.core.ids import new_id
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _applied(app: Flask) -> None:
    assert app
    with transaction():
        village = make_village()
        make_membership(make_member(village), make_team(village), "applied")


def refused(attack: str) -> str:
    with pytest.raises(DBAPIError) as caught, transaction():
        session().execute(text(attack))
    return str(caught.value.orig)


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM membership",
        "UPDATE membership SET team_id = 1",
        "UPDATE membership SET member_id = 1",
        "UPDATE membership SET building_id = 1",
        "UPDATE membership SET applied_at = '2020-01-01 00:00:00+00:00'",
        "UPDATE membership SET id = 1",
    ],
)
def test_a_membership_keeps_its_first_values(attack: str) -> None:
    assert any(word in refused(attack) for word in ("frozen", "append-only"))


@pytest.mark.parametrize("state", ["active", "approved", "refused", "waiting_guardian"])
def test_a_membership_moves_only_with_the_event_of_this_very_move(state: str) -> None:
    assert "unrecorded" in refused(f"UPDATE membership SET state = '{state}'")  # noqa: S608 - a word of the list above


def event(seq: int, before: str, after: str, by: str = "member_id") -> None:
    session().execute(
        text(
            "INSERT INTO membership_event (id, membership_id, seq, member_id, from_state, to_state, by_id, reason, at) "  # noqa: S608 - our own words
            f"SELECT :id, id, :seq, member_id, :before, :after, {by}, 'x', applied_at FROM membership"
        ),
        {"id": new_id(), "seq": seq, "before": before, "after": after},
    )


def move(seq: int, before: str, after: str, by: str = "member_id") -> None:
    with transaction():
        event(seq, before, after, by)
        session().execute(text("UPDATE membership SET state = :state"), {"state": after})


def test_a_membership_that_left_does_not_come_back_by_its_older_events() -> None:
    move(1, "applied", "left")
    assert "unrecorded" in refused("UPDATE membership SET state = 'applied'")


def test_an_undone_approval_does_not_stand_again_by_its_older_event() -> None:
    other = make_other()
    move(1, "applied", "approved", other)
    move(2, "approved", "applied", other)
    for state in ("approved", "refused", "left"):
        assert "unrecorded" in refused(f"UPDATE membership SET state = '{state}'")  # noqa: S608 - a word of the list above
    move(3, "applied", "approved", other)
    assert session().execute(text("SELECT state FROM membership")).scalar() == "approved"


def test_two_events_of_one_membership_never_have_the_same_number() -> None:
    other = make_other()
    move(1, "applied", "approved", other)
    with pytest.raises(DBAPIError, match=r"uq_membership_event_seq|membership_event.seq"):
        move(1, "approved", "applied", other)


@pytest.mark.parametrize(
    ("seq", "before", "after"), [(2, "applied", "left"), (-1, "applied", "left"), (1, "new", "applied")]
)
def test_events_are_counted_without_a_gap_and_only_the_first_is_new(seq: int, before: str, after: str) -> None:
    with pytest.raises(DBAPIError, match="uncounted"), transaction():
        event(seq, before, after)


@pytest.mark.parametrize("by", ["member_id", "NULL"])
@pytest.mark.parametrize("back", ["approved", "active", "refused"])
def test_nobody_undoes_a_decision_about_herself_even_in_sql(back: str, by: str) -> None:
    with pytest.raises(DomainError, match="own_application"), transaction():
        event(1, back, "applied", by)


def make_other() -> str:
    """The id of somebody else, for SQL."""
    with transaction():
        return str(make_member(make_village()).id)
