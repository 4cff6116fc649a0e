"""`flask points verify` by several processes: the same answer as by one, and a fault in any piece with its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Update, select, update

from community.core import clock
from community.core.db import schema_changes, session, transaction
from community.points import subscribers
from community.points.models import Account, Seal, Txn
from community.points.queries import invariants
from community.points.services import sealing
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.points.attacks import drop_triggers

pytestmark = [pytest.mark.engine, pytest.mark.slow]
POSTINGS = 12


def test_several_processes_find_a_fault_in_any_piece_with_its_row(
    race_database: str, make_app: Callable[..., Flask], engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariants, "SEALS", 4)
    monkeypatch.setattr(invariants, "ACCOUNTS", 1)
    app = make_app(database_url=race_database)
    with app.app_context():
        town_id = _books()
        verify = ["points", "verify", "--processes", "2"]
        sound = app.test_cli_runner().invoke(args=verify)
        assert sound.exit_code == 0, sound.output
        with schema_changes():
            drop_triggers(engine_name)
            session().commit()
        for seq in (1, 4, 5, 9, POSTINGS):
            attacked = session().scalar(select(Seal.txn_id).where(Seal.seq == seq))
            _write(update(Txn).where(Txn.id == attacked).values(reason_code="x"))
            said = app.test_cli_runner().invoke(args=verify)
            assert said.exit_code == 1
            assert f"({town_id}, {seq}, {attacked}, 'altered')" in said.output
            alone = app.test_cli_runner().invoke(args=["points", "verify", "--processes", "1"])
            assert [line for line in said.output.splitlines() if "altered" in line] == [
                line for line in alone.output.splitlines() if "altered" in line
            ]
            _write(update(Txn).where(Txn.id == attacked).values(reason_code=""))
        _write(update(Account).where(Account.kind == "resident").values(held=1, posted=Account.posted + 1))
        said = app.test_cli_runner().invoke(args=verify)
        assert said.output.count("\n  ('account', ") == 3, "whichever process compared it"


def _books() -> int:
    """A town with three people and twelve sealed postings."""
    with transaction():
        village = make_village()
        open_books(town_of(village), make_rule(once_per="", cap_day=None), years=tuple(range(2020, 2060)))
        members = [make_member(village) for _number in range(3)]
        for number in range(POSTINGS):
            at = clock.now() - dt.timedelta(minutes=POSTINGS - number)
            subscribers.award_checkin(accepted(members[number % 3], village, used_at=at))
    with transaction():
        sealing.seal_all()
    return village.town_id


def _write(statement: Update) -> None:
    with schema_changes():
        session().execute(statement)
        session().commit()
