"""A membership stays whose and where it was, and moves only with its event, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
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


def test_a_membership_that_left_does_not_come_back_by_its_older_events() -> None:
    with transaction():
        session().execute(
            text(
                "INSERT INTO membership_event (id, membership_id, member_id, from_state, to_state, by_id, at) "
                "SELECT :id, id, member_id, 'applied', 'left', member_id, applied_at FROM membership"
            ),
            {"id": new_id()},
        )
        session().execute(text("UPDATE membership SET state = 'left'"))
    assert "unrecorded" in refused("UPDATE membership SET state = 'applied'")
