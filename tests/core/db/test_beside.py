"""Processes that read side by side: one moment for all, answers by number; what goes wrong in one goes wrong here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.db import snapshot
from community.core.db.beside import readers
from tests.core.db.racers import keys_beside
from tests.harness.processes import together

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_all_of_them_read_the_moment_of_the_first(
    race_database: str, make_app: Callable[..., Flask], engine_name: str
) -> None:
    with make_app(database_url=race_database).app_context(), readers(2) as made:
        with snapshot():
            assert sorted(made.each(keys_beside, ["a", "b", "c"])) == [(0, ("a", 0)), (1, ("b", 0)), (2, ("c", 0))]
            assert together(race_database, "tests.core.db.racers:add_key", processes=1) == [1]
            # SQLite has no name for a moment: there each item is read at one of its own.
            seen = 1 if engine_name == "sqlite" else 0
            assert dict(made.each(keys_beside, ["a", "b"])) == {0: ("a", seen), 1: ("b", seen)}
        with snapshot():
            assert list(made.each(keys_beside, ["a"])) == [(0, ("a", 1))]
            assert list(made.each(keys_beside, [])) == []


def test_what_goes_wrong_in_a_process_goes_wrong_here_and_nobody_can_write(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    with make_app(database_url=race_database).app_context(), readers(1) as made, snapshot():
        with pytest.raises(LookupError, match="no such thing"):
            list(made.each(keys_beside, ["a", "none"]))
        with pytest.raises(Exception, match=r"(?i)INSERT|read-only"):
            list(made.each(keys_beside, ["write"]))
