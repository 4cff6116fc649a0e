"""A row names what agrees with it, or it does not come in."""

from __future__ import annotations

import sqlite3

import pytest

from community.core.db import matching
from tests.core.db.memory import guarded

TABLES = """
CREATE TABLE rule (id INTEGER PRIMARY KEY, town INTEGER);
CREATE TABLE award (id INTEGER PRIMARY KEY, town INTEGER, rule_id INTEGER);
INSERT INTO rule VALUES (1, 1), (2, 2);
"""
ASKED = "SELECT 1 FROM rule r WHERE r.id = NEW.rule_id AND r.town = NEW.town"


@pytest.fixture
def database() -> sqlite3.Connection:
    """Rules of two towns, and awards that name one."""
    return guarded(TABLES, matching.triggers("sqlite", "award", "other_town", "rule_id", ASKED).values())


def test_an_award_names_a_rule_of_its_town_or_none(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO award VALUES (1, 1, 1), (2, 2, 2), (3, 1, NULL)")
    for statement in ("INSERT INTO award VALUES (4, 1, 2)", "REPLACE INTO award VALUES (1, 2, 1)"):
        with pytest.raises(sqlite3.IntegrityError, match="other_town: award"):
            database.execute(statement)
    assert database.execute("SELECT count(*) FROM award WHERE town = coalesce(rule_id, town)").fetchone() == (3,)


def test_postgresql_is_asked_the_same_of_the_new_row() -> None:
    made = matching.triggers("postgresql", "award", "other_town", "rule_id", ASKED + " AND r.kind = 'a'")
    assert "r.id = ($1).rule_id AND r.town = ($1).town AND r.kind = ''a''" in made["trg_award_other_town"]
