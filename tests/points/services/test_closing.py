"""A month is drafted, everybody checks it, another person publishes it, and then it never changes."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from community.core import chain
from community.core.authz import Actor, system_actor
from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.core.db.triggers import all_triggers
from community.core.errors import Conflict, DomainError, Forbidden
from community.people import erasing
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Account, PeriodClose, StatementLeaf
from community.points.queries import months, statements
from community.points.queries.invariants import broken
from community.points.services import closing
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.points import accepted, town_of
from tests.harness.server import ROOT

pytestmark = pytest.mark.engine
MONTH = dt.date(2026, 11, 1)


@pytest.fixture
def first(village: Area) -> Actor:
    """An admin of the town."""
    return _admin(village)


@pytest.fixture
def second(village: Area) -> Actor:
    """Another one."""
    return _admin(village)


def _admin(village: Area) -> Actor:
    with transaction():
        member = make_member(village)
        make_grant(member, "town_admin", town_of(village))
    return actor_of(member)


@pytest.fixture
def november(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> int:
    """A town with three postings in November, at 21:07 on the second of December."""
    for who in (member, leader, member):
        frozen_clock.tick(hours=1)
        with transaction():
            subscribers.award_checkin(accepted(who, village))
    frozen_clock.move_to(dt.datetime(2026, 12, 2, 13, 7, tzinfo=dt.UTC))
    return village.town_id


def close(town_id: int, first: Actor, second: Actor, clock: FrozenClock) -> PeriodClose:
    """Draft November and publish it after its window."""
    with transaction():
        closing.draft(first, town_id, MONTH)
    clock.tick(days=closing.WINDOW + 1)
    with transaction():
        return closing.publish(second, town_id, MONTH)


def test_a_month_is_drafted_and_published_by_another(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock
) -> None:
    month = close(november, first, second, frozen_clock)
    assert (month.state, month.leaves, month.published_by) == ("published", 2, second.member_id)
    assert month.totals["points"] | {"opening": 0, "issued": 15, "closing": 15} == month.totals["points"]
    assert broken() == {}


def test_nobody_publishes_her_own_draft_nor_before_its_window_ends(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        closing.draft(first, november, MONTH)
    assert _refusal(closing.publish, second, november, MONTH) == "month_window"
    frozen_clock.tick(days=closing.WINDOW + 1)
    assert _refusal(closing.publish, first, november, MONTH) == "month_own"
    with pytest.raises(DBAPIError), transaction():
        session().execute(
            update(PeriodClose).values(state="published", published_by=first.member_id, published_at=frozen_clock.now())
        )


def test_what_a_command_drew_up_two_people_publish(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        closing.draft(system_actor("flask points close"), november, MONTH)
    frozen_clock.tick(days=closing.WINDOW + 1)
    with transaction():
        assert closing.publish(first, november, MONTH).state == "draft"
    with pytest.raises(Conflict) as refused, transaction():
        closing.publish(first, november, MONTH)
    assert refused.value.code == "month_own"
    with transaction():
        month = closing.publish(second, november, MONTH)
    assert (month.state, month.drafted_by, month.published_by) == ("published", first.member_id, second.member_id)


def test_a_month_that_is_not_over_and_one_after_an_unpublished_one_are_not_drafted(
    november: int, first: Actor, frozen_clock: FrozenClock
) -> None:
    assert _refusal(closing.draft, first, november, dt.date(2026, 12, 1)) == "month_open"
    with transaction():
        closing.draft(first, november, MONTH)
    frozen_clock.move_to(dt.datetime(2027, 2, 2, 13, 7, tzinfo=dt.UTC))
    assert _refusal(closing.draft, first, november, dt.date(2026, 12, 1)) == "month_order"
    assert _refusal(closing.draft, first, november, dt.date(2027, 1, 1)) == "month_order", "no month is left out"


def test_who_administers_another_town_closes_nothing_here(november: int, member: Member) -> None:
    with pytest.raises(Forbidden), transaction():
        closing.draft(actor_of(member), november, MONTH)


def test_a_later_posting_is_of_its_own_month_and_changes_no_published_one(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, village: Area, member: Member
) -> None:
    month = close(november, first, second, frozen_clock)
    with transaction():
        subscribers.award_checkin(accepted(member, village, used_at=dt.datetime(2026, 11, 30, 2, tzinfo=dt.UTC)))
    assert broken() == {}
    frozen_clock.move_to(dt.datetime(2027, 1, 2, 13, 7, tzinfo=dt.UTC))
    with transaction():
        december = closing.draft(first, november, dt.date(2026, 12, 1))
    assert december.totals["points"]["opening"] == month.totals["points"]["closing"] == 15
    assert december.totals["points"]["closing"] == 20
    late = [line for sheet in months.sheets(november, dt.date(2026, 12, 1)) for line in sheet.lines]
    assert [line.effective_on for line in late] == [dt.date(2026, 11, 30)]


def test_a_draft_that_the_books_no_longer_say_is_not_published(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, village: Area, member: Member
) -> None:
    with transaction():
        closing.draft(first, november, MONTH)
    frozen_clock.move_to(dt.datetime(2026, 11, 29, 13, 7, tzinfo=dt.UTC))
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    frozen_clock.move_to(dt.datetime(2026, 12, 20, 13, 7, tzinfo=dt.UTC))
    assert _refusal(closing.publish, second, november, MONTH) == "month_changed"
    with transaction():
        closing.draft(first, november, MONTH)
    frozen_clock.tick(days=closing.WINDOW + 1)
    with transaction():
        closing.publish(second, november, MONTH)
    assert broken() == {}


@pytest.mark.parametrize(
    "attack",
    [
        update(PeriodClose).values(leaves=9),
        update(PeriodClose).values(state="draft", published_at=None, published_by=None),
        delete(PeriodClose),
        delete(StatementLeaf),
        update(StatementLeaf).values(leaf_hash=b"0" * 32),
        update(StatementLeaf).values(salt=b"0" * 16),
        text(
            "INSERT INTO statement_leaf SELECT town_id, month_on, 99, account_id, salt, leaf_hash FROM statement_leaf"
        ),
        text("INSERT OR REPLACE INTO statement_leaf SELECT * FROM statement_leaf"),
        text("TRUNCATE statement_leaf"),
        text("TRUNCATE period_close CASCADE"),
    ],
)
def test_the_database_refuses_every_change_of_a_published_month(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, attack: Any, engine_name: str
) -> None:
    close(november, first, second, frozen_clock)
    words = str(attack)
    if ("TRUNCATE" in words and engine_name == "sqlite") or ("OR REPLACE" in words and engine_name == "postgresql"):
        pytest.skip("not SQL of this engine")
    with pytest.raises(DBAPIError, match=r"final|append-only|frozen"), transaction():
        session().execute(attack)


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        ("UPDATE statement_leaf SET leaf_hash = salt", "root"),
        ("DELETE FROM statement_leaf WHERE position = 2", "root"),
        ("UPDATE period_close SET head_seq = 1", "head"),
        ("UPDATE period_close SET totals = '{}'", "totals"),
        ("UPDATE txn SET recorded_at = '2026-10-05 00:00:00+00:00'", "altered"),
    ],
)
def test_a_published_month_that_an_insider_rewrites_is_found(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, attack: str, fault: str, engine_name: str
) -> None:
    close(november, first, second, frozen_clock)
    with schema_changes():
        _drop_triggers(engine_name)
        session().execute(text(attack))
        session().expire_all()
        assert fault in {row[-1] for row in months.faults(november)}
        session().rollback()


def test_a_members_statement_is_proved_by_the_stand_alone_script(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, member: Member, tmp_path: Path
) -> None:
    month = close(november, first, second, frozen_clock)
    proof = _proof(member)
    file = tmp_path / "statement.json"
    file.write_text(json.dumps(proof), "utf-8")
    said = _run(file, "--root", month.root.hex())
    assert said.returncode == 0, said.stdout
    assert "0 -> 10 points, 2 postings" in said.stdout
    assert _run(file, "--root", "00" * 32).returncode == 1


@pytest.mark.parametrize(
    "forgery",
    [
        lambda proof: proof["statement"]["document"].update(closing=100),
        lambda proof: proof["statement"]["document"]["lines"].pop(),
        lambda proof: proof["statement"]["document"]["lines"][0].update(delta=50),
        lambda proof: proof["statement"].update(salt="00" * 16),
        lambda proof: proof["statement"]["path"].pop(),
        lambda proof: proof["month"]["document"]["totals"]["points"].update(issued=1),
        lambda proof: proof["postings"][0]["document"].update(effective_on="2026-01-01"),
        lambda proof: proof["postings"][0]["document"]["transfers"][0].update(amount=50),
        lambda proof: proof["postings"][0]["document"]["explain"].update(amount=50),
        lambda proof: proof["postings"][0].update(seal=None),
        lambda proof: proof["postings"][0]["seal"].update(seq=7),
        lambda proof: proof["postings"][0]["seal"].update(previous="00" * 32),
        lambda proof: proof["postings"].pop(),
        lambda proof: proof["postings"].append(proof["postings"][0]),
        lambda proof: _invent(proof),  # noqa: PLW0108 - it stands below
        lambda proof: _seal_as(proof["postings"][0], 999_999),
        lambda proof: proof.pop("postings"),
        lambda proof: proof.update(root="nothing"),
    ],
)
def test_the_stand_alone_script_finds_a_forged_statement(
    november: int,
    first: Actor,
    second: Actor,
    frozen_clock: FrozenClock,
    member: Member,
    forgery: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    month = close(november, first, second, frozen_clock)
    proof = _proof(member)
    assert _script().check(proof, month.root.hex()) == []
    forgery(proof)
    file = tmp_path / "statement.json"
    file.write_text(json.dumps(proof), "utf-8")
    assert _script().main([str(file), "--root", month.root.hex()]) == 1
    assert capsys.readouterr().out.startswith("FAILED")


def test_a_rewritten_book_does_not_pass_the_script_with_the_published_root(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, member: Member, engine_name: str
) -> None:
    month = close(november, first, second, frozen_clock)
    root = month.root.hex()
    with schema_changes():
        _drop_triggers(engine_name)
        for fault in (
            "UPDATE txn SET reason_code = 'x'",
            "UPDATE txn SET effective_on = '2026-11-01'",
            "UPDATE transfer SET amount = 6",
            "UPDATE lot SET expires_on = '2099-01-01'",
            "DELETE FROM seal WHERE seq = 1",
        ):
            session().execute(text("SAVEPOINT attack"))
            session().execute(text(fault))
            session().expire_all()
            assert _script().check(_proof(member), root), fault
            session().execute(text("ROLLBACK TO SAVEPOINT attack"))
        session().rollback()


def test_erasing_a_member_keeps_the_published_month_and_its_sums(
    november: int, first: Actor, second: Actor, frozen_clock: FrozenClock, member: Member, leader: Member
) -> None:
    month = close(november, first, second, frozen_clock)
    root, sums = month.root, dict(month.totals)
    with transaction():
        assert erasing.erase(system_actor("tests"), member.id)
    session().expire_all()
    kept = months.month(november, MONTH)
    assert kept
    assert (kept.root, kept.totals) == (root, sums)
    assert broken() == {}
    assert _script().check(_proof(leader), root.hex()) == []


def _proof(member: Member) -> dict[str, Any]:
    account = session().scalar(select(Account.id).where(Account.subject_id == member.id))
    assert account
    proof: dict[str, Any] = json.loads(json.dumps(statements.proof(statements.own(actor_of(member), account, MONTH))))
    return proof


def _seal_as(posting: dict[str, Any], seq: int) -> None:
    """Make up a seal that covers the posting, of a chain that never was."""
    before = "11" * 32
    leaf = chain.leaf(bytes.fromhex(posting["salt"]), posting["document"])
    posting["seal"] = {"seq": seq, "previous": before, "hash": chain.link(bytes.fromhex(before), seq, leaf).hex()}


def _invent(proof: dict[str, Any]) -> None:
    """Add a posting that no line speaks of."""
    document = {**proof["postings"][0]["document"], "txn": "42", "transfers": []}
    proof["postings"].append({"salt": "00", "document": document})
    _seal_as(proof["postings"][-1], 1)


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_statement", ROOT / "docs" / "verify_statement.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(ROOT / "docs" / "verify_statement.py"), str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _refusal(act: Any, *arguments: Any) -> str:
    with pytest.raises(DomainError) as caught, transaction():
        act(*arguments)
    assert isinstance(caught.value, Conflict)
    return caught.value.code


def _drop_triggers(engine_name: str) -> None:
    for name, made in all_triggers(engine_name).items():
        table = made.split(" ON ", 1)[1].split()[0]
        session().execute(text(f"DROP TRIGGER {name}" + (f" ON {table}" if engine_name == "postgresql" else "")))
