"""`flask points`: a budget is registered with its resolution, the ledger is looked over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from community.audit.models import AuditEntry
from community.core import clock
from community.core.db import schema_changes, session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import PeriodClose, RuleVersion
from community.points.queries import budgets, checks
from tests.factories.people import make_member
from tests.factories.places import make_post, make_village
from tests.factories.points import accepted, open_books, town_of
from tests.factories.rules import past_check_in
from tests.points.invariants import posted


@pytest.fixture
def poor(app: Flask, frozen_clock: object) -> tuple[Area, Member]:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=0)
        member = make_member(village)
        subscribers.award_checkin(accepted(member, village))
        return town_of(village), member


def test_a_budget_is_registered_with_its_resolution_and_pays_what_waited(app: Flask, poor: tuple[Area, Member]) -> None:
    town, member = poor
    said = app.test_cli_runner().invoke(
        args=["points", "fund", town.code, "2026", "100", "--reason", "第2号决议", "--fen", "8"]
    )
    assert said.exit_code == 0, said.output
    assert "100" in said.output
    assert posted(member) == 5
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "points.fund")).one()
    assert (entry.reason, entry.details) == ("第2号决议", {"year": 2026, "amount": 100})
    (moved,) = budgets.moves(town.id)
    assert (moved.amount, moved.fen_per_point, moved.resolution, moved.by_id) == (100, 8, "第2号决议", 0)


def test_less_than_was_spent_and_an_unknown_town_are_refused(app: Flask, poor: tuple[Area, Member]) -> None:
    town, _member = poor
    run = app.test_cli_runner()
    run.invoke(args=["points", "fund", town.code, "2026", "100", "--reason", "第2号决议"])
    less = run.invoke(args=["points", "fund", town.code, "2026", "4", "--reason", "第3号决议"])
    assert less.exit_code == 1
    assert "5" in less.output
    assert run.invoke(args=["points", "fund", "nowhere", "2026", "4", "--reason", "x"]).exit_code == 1
    assert run.invoke(args=["points", "fund", town.code, "2026", "-1", "--reason", "x"]).exit_code == 2


def test_the_ledger_is_looked_over(app: Flask, poor: tuple[Area, Member]) -> None:
    run = app.test_cli_runner()
    assert run.invoke(args=["points", "verify"]).exit_code == 0
    with transaction():
        subscribers.award_checkin(accepted(poor[1], poor[0]))
    with schema_changes():
        session().execute(text("UPDATE budget_slot SET amount = 5, used = 5 WHERE slot = 0"))
        session().commit()
    said = run.invoke(args=["points", "verify"])
    assert said.exit_code == 1
    assert "B1" in said.output


def test_a_month_is_drawn_up_for_each_town_and_one_that_is_not_over_is_not(
    app: Flask, poor: tuple[Area, Member]
) -> None:
    run = app.test_cli_runner()
    said = run.invoke(args=["points", "close", "--month", "2026-10"])
    assert said.exit_code == 0, said.output
    assert poor[0].name in said.output
    assert session().scalars(select(PeriodClose.state)).all() == ["draft"]
    assert run.invoke(args=["points", "close", "--month", "2026-11"]).exit_code == 1
    assert run.invoke(args=["points", "close", "--month", "2026-10", "--town", "nowhere"]).exit_code == 1
    assert run.invoke(args=["points", "close", "--month", "October"]).exit_code == 2


def test_a_recorded_look_is_what_freezes_and_frees_a_town(app: Flask, poor: tuple[Area, Member]) -> None:
    run = app.test_cli_runner()
    run.invoke(args=["points", "fund", poor[0].code, "2026", "1000", "--reason", "第2号决议"])
    with schema_changes():
        session().execute(text("UPDATE budget_slot SET used = used + 1 WHERE used > 0"))
        session().commit()
    assert run.invoke(args=["points", "verify", "--record"]).exit_code == 1
    assert checks.frozen(poor[0].id)
    with schema_changes():
        session().execute(text("UPDATE budget_slot SET used = used - 1 WHERE used > 0"))
        session().commit()
    assert run.invoke(args=["points", "verify", "--record", "--town", poor[0].code]).exit_code == 0
    assert not checks.frozen(poor[0].id)


def test_rules_in_a_file_are_tried_on_a_town_and_change_nothing(
    app: Flask, poor: tuple[Area, Member], tmp_path: Path
) -> None:
    town, member = poor
    with transaction():
        post = make_post(make_village(town))
        past_check_in(member, post, clock.now() - dt.timedelta(days=3))
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n- {code: P01, amount: 9, cap_day: 9}\n", "utf-8")
    said = app.test_cli_runner().invoke(args=["points", "simulate", str(file), "--town", town.code])
    assert "points: 5 -> 9" in said.output
    assert said.exit_code == 1, "the town has no budget left"
    assert session().scalars(select(RuleVersion.amount)).all() == [5]
    file.write_text("rules:\n- {code: P01, amount: -9}\n", "utf-8")
    said = app.test_cli_runner().invoke(args=["points", "simulate", str(file), "--town", town.code])
    assert said.exit_code == 1
    assert "负数" in said.output
