"""What somebody agreed to stays written as it was, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
from tests.factories.people import give_consent, make_member

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _given(app: Flask) -> None:
    assert app
    with transaction():
        give_consent(make_member(), "presence", "1")


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM consent",
        "UPDATE consent SET version = '2'",
        "UPDATE consent SET scope = 'service'",
        "UPDATE consent SET text_digest = 'x'",
        "UPDATE consent SET given_at = '2020-01-01 00:00:00+00:00'",
        "UPDATE consent SET member_id = 1",
        "UPDATE consent SET id = 1",
    ],
)
def test_a_consent_keeps_its_first_values(attack: str) -> None:
    with pytest.raises(DBAPIError, match=r"frozen|append-only"), transaction():
        session().execute(text(attack))


def test_a_consent_can_be_withdrawn() -> None:
    with transaction():
        session().execute(text("UPDATE consent SET withdrawn_at = '2030-01-01 00:00:00+00:00'"))
    assert session().execute(text("SELECT withdrawn_at FROM consent")).scalar()
