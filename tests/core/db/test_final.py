"""What has become final stays, and nothing comes to it or goes from it."""

from __future__ import annotations

import sqlite3

import pytest

from community.core.db import final
from tests.core.db.memory import guarded

TABLES = """
CREATE TABLE month (town INTEGER, on_day TEXT, state TEXT, PRIMARY KEY (town, on_day));
CREATE TABLE leaf (town INTEGER, on_day TEXT, hash TEXT);
INSERT INTO month VALUES (1, '2026-10', 'draft'), (2, '2026-10', 'published');
INSERT INTO leaf VALUES (1, '2026-10', 'a'), (2, '2026-10', 'b');
"""


@pytest.fixture
def database() -> sqlite3.Connection:
    """Two months, one of them final, with a leaf each."""
    return guarded(
        TABLES,
        [
            *final.whole("sqlite", "month", "state", "published").values(),
            *final.belonging("sqlite", "leaf", "month", "state", "published", ("town", "on_day")).values(),
        ],
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE month SET on_day = '2026-11' WHERE town = 2",
        "UPDATE month SET state = 'draft' WHERE town = 2",
        "INSERT INTO leaf VALUES (2, '2026-10', 'c')",
        "DELETE FROM leaf WHERE town = 2",
        "DELETE FROM leaf",
    ],
)
def test_what_is_final_is_refused_any_change(database: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        database.execute(statement)


def test_what_is_not_final_yet_changes(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM leaf WHERE town = 1")
    database.execute("INSERT INTO leaf VALUES (1, '2026-10', 'c')")
    database.execute("UPDATE month SET state = 'published' WHERE town = 1")
    with pytest.raises(sqlite3.IntegrityError, match="final"):
        database.execute("INSERT INTO leaf VALUES (1, '2026-10', 'd')")


def test_both_engines_have_the_same_triggers() -> None:
    for engine in ("sqlite", "postgresql"):
        made = final.whole(engine, "m", "state", "published") | final.belonging(
            engine, "l", "m", "state", "published", ("a", "b")
        )
        assert set(made) == {"trg_m_final", "trg_l_final_insert", "trg_l_final_delete"}
