"""Stored paths follow the area they lie below, and no other that merely begins alike."""

import pytest
from sqlalchemy import select

from community.core import paths
from community.core.db import WriteOutsideTransaction, session, transaction
from community.people.models import Member
from tests.factories.people import make_member

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


def homes() -> list[str]:
    return sorted(session().scalars(select(Member.home_path)))


def test_paths_at_and_below_follow_and_others_stay() -> None:
    with transaction():
        for path in ("a/b/", "a/b/c/", "a/bc/", "x/a/b/", ""):
            make_member(home_path=path)
        assert paths.rewrite((Member.home_path,), "a/b/", "n/") == 2
    assert homes() == ["", "a/bc/", "n/", "n/c/", "x/a/b/"]


@pytest.mark.parametrize("wild", ["a_b/", "a%b/", "a\\b/"])
def test_signs_that_sql_reads_as_wild_are_taken_as_they_are(wild: str) -> None:
    with transaction():
        make_member(home_path=wild)
        make_member(home_path="axb/")
        assert paths.rewrite((Member.home_path,), wild, "n/") == 1
    assert homes() == ["axb/", "n/"]


def test_a_row_that_is_loaded_shows_its_new_path() -> None:
    with transaction():
        member = make_member(home_path="a/")
        paths.rewrite((Member.home_path,), "a/", "b/")
        assert member.home_path == "b/"


def test_nothing_is_rewritten_outside_a_transaction() -> None:
    with pytest.raises(WriteOutsideTransaction):
        paths.rewrite((Member.home_path,), "a/", "b/")
