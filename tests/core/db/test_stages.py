"""What belongs to a draft changes with it and no longer; what has said its word keeps it."""

from __future__ import annotations

import sqlite3

import pytest

from community.core.db import stages
from tests.core.db.memory import guarded

TABLES = """
CREATE TABLE paper (id INTEGER PRIMARY KEY, state TEXT, title TEXT, place TEXT);
CREATE TABLE line (id INTEGER PRIMARY KEY, paper_id INTEGER, words TEXT);
INSERT INTO paper VALUES (1, 'draft', 'one', 'here'), (2, 'public', 'two', 'here'), (3, 'done', 'three', 'here');
INSERT INTO line VALUES (1, 1, 'a'), (2, 2, 'b');
"""


@pytest.fixture
def database() -> sqlite3.Connection:
    """A draft, a published paper and one that is done, with lines."""
    return guarded(
        TABLES,
        [
            *stages.belonging("sqlite", "line", "paper", "paper_id", "state", "draft").values(),
            *stages.said("sqlite", "paper", "state", "draft", ("title",), ("done",)).values(),
        ],
    )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO line VALUES (3, 2, 'c')",
        "INSERT INTO line VALUES (3, 99, 'of nothing')",
        "INSERT OR REPLACE INTO line VALUES (2, 1, 'c')",
        "UPDATE line SET words = 'c' WHERE id = 2",
        "UPDATE line SET paper_id = 2 WHERE id = 1",
        "UPDATE line SET paper_id = 1 WHERE id = 2",
        "DELETE FROM line WHERE id = 2",
        "DELETE FROM line",
    ],
)
def test_lines_of_what_is_no_draft_stay_as_they_were(database: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="closed"):
        database.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE paper SET title = 'else' WHERE id = 2",
        "UPDATE paper SET title = NULL WHERE id = 2",
        "UPDATE paper SET state = 'draft' WHERE id = 2",
        "UPDATE paper SET state = 'public' WHERE id = 3",
        "UPDATE paper SET state = 'draft' WHERE id = 3",
    ],
)
def test_what_has_said_its_word_neither_unsays_it_nor_begins_anew(database: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="said"):
        database.execute(statement)


def test_a_draft_is_written_until_it_is_published_and_goes_on_to_its_end(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO line VALUES (3, 1, 'c')")
    database.execute("UPDATE line SET words = 'd' WHERE id = 1")
    database.execute("DELETE FROM line WHERE id = 3")
    database.execute("UPDATE paper SET state = 'public', title = 'published' WHERE id = 1")
    database.execute("UPDATE paper SET place = 'there' WHERE id = 1")
    with pytest.raises(sqlite3.IntegrityError, match="closed"):
        database.execute("UPDATE line SET words = 'e' WHERE id = 1")
    database.execute("UPDATE paper SET state = 'done' WHERE id = 1")


@pytest.fixture
def dated() -> sqlite3.Connection:
    """The same papers, each with a day that may be put off until it is done."""
    steps = (("draft", "public"), ("public", "done"))
    more = "ALTER TABLE paper ADD COLUMN day INTEGER DEFAULT 5;"
    said = stages.said(
        "sqlite", "paper", "state", "draft", ("title",), ("done",), grows=("day",), steps=steps, may_blank=("title",)
    )
    return guarded(TABLES + more, said.values())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE paper SET day = 4 WHERE id = 2",
        "UPDATE paper SET day = NULL WHERE id = 2",
        "UPDATE paper SET day = 6 WHERE id = 3",
        "UPDATE paper SET state = 'done' WHERE id = 1",
        "UPDATE paper SET state = 'else' WHERE id = 1",
        "UPDATE paper SET title = 'else' WHERE id = 2",
    ],
)
def test_a_day_is_only_put_off_and_no_step_is_left_out(dated: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="said"):
        dated.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE paper SET day = 2 WHERE id = 1",
        "UPDATE paper SET day = 6 WHERE id = 2",
        "UPDATE paper SET day = 7, state = 'done' WHERE id = 2",
        "UPDATE paper SET title = '—' WHERE id = 3",
        "UPDATE paper SET state = 'public' WHERE id = 1",
    ],
)
def test_a_day_is_put_off_step_by_step_and_words_about_somebody_may_go(
    dated: sqlite3.Connection, statement: str
) -> None:
    assert dated.execute(statement).rowcount == 1


def test_both_engines_guard_every_way_to_write() -> None:
    made = stages.belonging("postgresql", "line", "paper", "paper_id", "state", "draft")
    assert "INSERT OR UPDATE OR DELETE" in made["trg_line_closed"]
    assert "TRUNCATE" in made["trg_line_closed_truncate"]
    assert len(stages.belonging("sqlite", "line", "paper", "paper_id", "state", "draft")) == 3
