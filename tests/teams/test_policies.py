"""Rules about joining that need no database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from community.core.errors import Conflict, DomainError
from community.teams import policies
from community.teams.models import MOVES, STATES, Team


def team(*paths: str) -> Team:
    return cast(Team, SimpleNamespace(scope_path=paths[0], scope_paths=paths))


@pytest.mark.parametrize(("path", "above"), [("a/", ("a/",)), ("a/b/c/", ("a/", "a/b/", "a/b/c/")), ("", ())])
def test_the_areas_above_one_begin_at_the_district(path: str, above: tuple[str, ...]) -> None:
    assert policies.ancestors(path) == above


@pytest.mark.parametrize(
    ("home", "building", "decided_at"),
    [
        ("d/t/v/", None, "d/t/v/"),
        ("d/u/v/", None, "d/t/"),
        ("d/s/v/", None, "d/s/v/"),
        ("", None, "d/t/"),
        ("d/u/v/", "d/t/v/b/", "d/t/v/b/"),
        ("d/tt/v/", None, "d/t/"),
    ],
)
def test_an_application_is_decided_where_she_serves(home: str, building: str | None, decided_at: str) -> None:
    assert policies.scope_of(team("d/t/", "d/s/"), home_path=home, building_path=building) == decided_at


@pytest.mark.parametrize("band", ["18-59", "60+"])
def test_adults_join_by_night_and_by_day(band: str) -> None:
    policies.must_fit_age(band, night=True)
    policies.must_fit_age(band, night=False)


@pytest.mark.parametrize(
    ("band", "night", "code"),
    [("14-17", True, "night_adults_only"), ("under14", False, "under_14"), ("", False, "age_band")],
)
def test_children_and_minors_at_night_are_refused(band: str, night: Any, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        policies.must_fit_age(band, night=night)
    assert (refused.value.code, refused.value.field) == (code, "age_band")


def test_minors_wait_for_a_guardian_who_has_not_agreed() -> None:
    assert policies.first_state("14-17", guardian_agreed=False) == "waiting_guardian"
    assert policies.first_state("14-17", guardian_agreed=True) == "applied"
    assert policies.first_state("60+", guardian_agreed=False) == "applied"


def test_only_moves_of_the_table_are_legal() -> None:
    for before in ("new", *STATES):
        for after in STATES:
            if (before, after) in MOVES:
                policies.must_be_legal(before, after)
            else:
                with pytest.raises(Conflict):
                    policies.must_be_legal(before, after)
