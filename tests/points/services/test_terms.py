"""A town decides about deciding: kept with its resolution, within bounds, and at once in force."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.people.models import Member
from community.places.models import Area
from community.points.queries.terms import of_town
from community.points.services import terms
from tests.factories.access import actor_of
from tests.factories.points import town_of


def test_what_a_town_decided_holds_from_then_on_and_the_rest_stays(app: Flask, village: Area) -> None:
    town = town_of(village)
    run = app.test_cli_runner()
    said = run.invoke(args=["points", "terms", town.code, "--four-eyes", "20", "--reason", "第3号决议"])
    assert said.exit_code == 0, said.output
    assert "20" in said.output
    held = of_town(town.id)
    assert (held.people_needed("points", 20), held.people_needed("points", 19)) == (2, 1)
    assert (held.appeal_days, held.pick_up_days) == (7, 14)
    assert run.invoke(args=["points", "terms", town.code, "--pick-up-days", "5", "--reason", "x"]).exit_code == 0
    assert (of_town(town.id).pick_up_days, of_town(town.id).people_needed("points", 20)) == (5, 2)
    entries = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.terms")).all()
    assert [entry.reason for entry in entries] == ["第3号决议", "x"]


@pytest.mark.parametrize(
    "wrong", [("--four-eyes", "0"), ("--appeal-days", "31"), ("--pick-up-days", "0"), ("--four-eyes", "10001")]
)
def test_what_would_end_the_rules_is_refused_and_nothing_changes(
    app: Flask, village: Area, wrong: tuple[str, str]
) -> None:
    town = town_of(village)
    before = of_town(town.id)
    assert app.test_cli_runner().invoke(args=["points", "terms", town.code, *wrong, "--reason", "x"]).exit_code == 1
    assert of_town(town.id) == before
    assert app.test_cli_runner().invoke(args=["points", "terms", "nowhere", "--reason", "x"]).exit_code == 1


def test_no_person_changes_them_by_herself(village: Area, member: Member) -> None:
    with pytest.raises(Forbidden), transaction():
        terms.decide(actor_of(member), town_of(village).id, "x", four_eyes_from=1)
