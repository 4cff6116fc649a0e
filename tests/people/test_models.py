"""What somebody agreed to stays written as it was, whoever asks, on both engines."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village

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


@pytest.fixture
def two() -> dict[str, int]:
    """The ids of two unverified registrations, two verified members and one merged into the first of these."""
    with transaction():
        village = make_village()
        made = {
            "first": make_member(village),
            "second": make_member(village),
            "typed": make_member(village, verified=False),
            "other": make_member(village, verified=False),
        }
        gone = make_member(village, verified=False)
    ids = {name: member.id for name, member in made.items()} | {"gone": gone.id}
    with transaction():
        merge(ids["gone"], ids["first"])
    return ids


def merge(member_id: int, into_id: int) -> None:
    session().execute(
        text("UPDATE member SET status = 'merged', merged_into = :into WHERE id = :id"),
        {"id": member_id, "into": into_id},
    )


@pytest.mark.parametrize(
    ("who", "into", "because"),
    [
        ("second", "first", "unproved"),
        ("typed", "other", "target|unproved"),
        ("typed", "gone", "target|unproved"),
        ("typed", "typed", "target|unproved"),
        ("gone", "second", "final"),
    ],
)
def test_only_an_unverified_registration_goes_into_a_verified_one_even_in_sql(
    two: dict[str, int], who: str, into: str, because: str
) -> None:
    with pytest.raises(DBAPIError, match=because), transaction():
        merge(two[who], two[into])


@pytest.mark.parametrize(
    ("attack", "because"),
    [
        ("UPDATE member SET merged_into = NULL WHERE id = :gone", "final"),
        ("UPDATE member SET verified_at = '2026-01-01 00:00:00+00:00' WHERE id = :gone", "unproved"),
        ("UPDATE member SET verified_at = NULL WHERE id = :first", "forsaken"),
        ("UPDATE member SET verified_at = NULL, merged_into = :second WHERE id = :first", "forsaken"),
        (
            "INSERT INTO member (id, display_name, age_band, status, home_path, session_epoch, created_at, merged_into)"
            " VALUES (7, 'x', '60+', 'merged', '', 1, '2026-01-01 00:00:00+00:00', :typed)",
            "target|unproved",
        ),
        (
            "INSERT INTO member (id, display_name, age_band, status, home_path, session_epoch, created_at, merged_into,"
            " verified_at) VALUES (7, 'x', '60+', 'merged', '', 1, '2026-01-01 00:00:00+00:00', :first,"
            " '2026-01-01 00:00:00+00:00')",
            "unproved",
        ),
    ],
)
def test_a_merge_stays_as_it_was_proved_even_in_sql(two: dict[str, int], attack: str, because: str) -> None:
    statement = text(attack)
    with pytest.raises(DBAPIError, match=because), transaction():
        session().execute(statement, {name: value for name, value in two.items() if f":{name}" in attack})


def test_what_is_no_merge_may_change_on_merged_and_verified_rows(two: dict[str, int]) -> None:
    with transaction():
        session().execute(text("UPDATE member SET display_name = 'x' WHERE id IN (:gone, :first)"), two_of(two))
        session().execute(text("UPDATE member SET verified_at = NULL WHERE id = :second"), {"second": two["second"]})
        merge(two["second"], two["first"])
    found = session().execute(text("SELECT count(*) FROM member WHERE merged_into = :first"), {"first": two["first"]})
    assert found.scalar() == 2


def two_of(two: dict[str, int]) -> dict[str, int]:
    return {name: two[name] for name in ("gone", "first")}
