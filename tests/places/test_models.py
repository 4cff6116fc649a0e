"""A printed sign is retired and never rewritten, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
from tests.factories.places import make_post, make_print

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _printed(app: Flask) -> None:
    assert app
    with transaction():
        make_print(make_post())


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM post_print",
        "UPDATE post_print SET generation = generation + 50",
        "UPDATE post_print SET kid = 'b'",
        "UPDATE post_print SET typed_code = 'aaaaaaaa'",
        "UPDATE post_print SET post_id = 1",
        "UPDATE post_print SET printed_by = 2",
        "UPDATE post_print SET printed_at = '2030-01-01 00:00:00+00:00'",
        "UPDATE post_print SET id = 1",
    ],
)
def test_a_sign_keeps_what_is_printed_on_it(attack: str) -> None:
    with pytest.raises(DBAPIError, match=r"frozen|append-only"), transaction():
        session().execute(text(attack))


def test_a_sign_can_be_retired() -> None:
    with transaction():
        session().execute(text("UPDATE post_print SET retired_at = '2030-01-01 00:00:00+00:00', retired_why = 'x'"))
    assert session().execute(text("SELECT retired_why FROM post_print")).scalar() == "x"
