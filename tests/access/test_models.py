"""A grant is ended and never rewritten, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _granted(app: Flask, frozen_clock: FrozenClock) -> None:
    assert app
    assert frozen_clock
    with transaction():
        village = make_village()
        make_grant(make_member(village), "grid_worker", village)


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM role_grant",
        "UPDATE role_grant SET role = 'system_admin'",
        "UPDATE role_grant SET member_id = 1",
        "UPDATE role_grant SET area_id = NULL, team_id = 1",
        "UPDATE role_grant SET starts_at = '2020-01-01 00:00:00+00:00'",
        "UPDATE role_grant SET granted_by = 1",
        "UPDATE role_grant SET id = 1",
    ],
)
def test_a_grant_keeps_its_first_values(attack: str) -> None:
    with pytest.raises(DBAPIError, match=r"frozen|append-only"), transaction():
        session().execute(text(attack))


def test_a_grant_can_be_ended_with_a_reason() -> None:
    with transaction():
        session().execute(text("UPDATE role_grant SET until = '2030-01-01 00:00:00+00:00', reason = '离任'"))
    assert session().execute(text("SELECT reason FROM role_grant")).scalar() == "离任"
