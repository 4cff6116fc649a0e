"""The database itself refuses what the ledger may never hold, whoever asks, on both engines."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from community.core import clock
from community.core.db import Base, session, transaction
from community.core.errors import Busy
from community.core.ids import new_id
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Account, Award, Entry, Lot, Txn
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def txn_id(member: Member, village: Area) -> int:
    """One posted award to attack."""
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    return session().scalars(select(Txn.id)).one()


def refused(statement: str, **values: Any) -> str:
    """Run `statement` in a transaction; return the database's refusal."""
    with pytest.raises(DBAPIError) as caught, transaction():
        session().execute(text(statement), values)
    return str(caught.value.orig)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = 500",
        "UPDATE transfer SET amount = amount",
        "DELETE FROM transfer",
        "UPDATE entry SET delta = 500, balance_after = 500",
        "DELETE FROM entry",
        "UPDATE txn SET subject_id = actor_id, explain = '{}'",
        "UPDATE txn SET dedupe_key = 'again'",
        "UPDATE txn SET reverses_txn_id = id",
        "DELETE FROM txn",
        "UPDATE rule_version SET amount = 50",
        "UPDATE rule_version SET text_zh = '改了'",
        "DELETE FROM rule_version",
        "UPDATE rule SET code = 'X1'",
        "UPDATE rule SET town_id = 1",
        "DELETE FROM rule",
        "UPDATE lot SET granted = granted + 10, remaining = remaining + 10",
        "UPDATE lot SET expires_on = '9999-12-31'",
        "UPDATE lot SET account_id = 1",
        "UPDATE lot SET transfer_id = 1",
        "DELETE FROM lot",
    ],
)
def test_what_was_written_stays_as_it_was(statement: str) -> None:
    assert any(word in refused(statement) for word in ("append-only", "frozen"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE award SET amount = amount + 100",
        "UPDATE award SET subject_id = 1",
        "UPDATE award SET evidence_ref = 'checkin:another'",
        "UPDATE award SET dedupe_key = 'again'",
        "UPDATE award SET rule_version_id = 1",
        "UPDATE award SET earned_at = '2030-01-01 00:00:00+00:00'",
        "UPDATE award SET explain = '{}'",
        "UPDATE award SET town_id = 1",
        "UPDATE award SET created_at = '2020-01-01 00:00:00+00:00'",
        "DELETE FROM award",
    ],
)
def test_a_waiting_award_keeps_what_it_promised(member: Member, village: Area, statement: str) -> None:
    with transaction():
        subscribers.hold_flagged_checkin(flagged(member, village, used_at=clock.now() - dt.timedelta(hours=2)))
    assert any(word in refused(statement) for word in ("append-only", "frozen"))


def test_only_the_salt_of_a_posting_may_go(txn_id: int) -> None:
    with transaction():
        session().execute(text("UPDATE txn SET salt = NULL"))
    assert session().scalar(select(Txn.salt).where(Txn.id == txn_id)) is None


def test_replacing_a_row_is_refused_like_deleting_it(engine_name: str, txn_id: int) -> None:
    if engine_name != "sqlite":
        assert "append-only" in refused("TRUNCATE transfer CASCADE")
        return
    columns = "id, town_id, asset, txn_id, debit_account_id, credit_account_id, amount"
    attack = f"INSERT OR REPLACE INTO transfer ({columns}) SELECT {columns.replace('amount', '500')} FROM transfer"  # noqa: S608
    assert "append-only" in refused(attack)
    assert txn_id


@pytest.mark.parametrize("amount", [0, -5])
def test_no_rule_can_take_points(amount: int) -> None:
    statement = _copy_of("rule_version", id=":id", version="'2'", amount=":amount", cap_day="NULL")
    assert "amount_positive" in refused(statement, id=new_id(), amount=amount)


@pytest.mark.parametrize("amount", [0, -5])
def test_no_transfer_moves_nothing_or_backwards(amount: int) -> None:
    assert "amount" in refused(_copy_of_transfer(amount=":amount"), id=new_id(), amount=amount)


def test_nothing_moves_between_towns() -> None:
    with transaction():
        elsewhere = town_of(make_village())
        open_books(elsewhere)
    foreign = session().scalars(
        select(Account.id).where(
            Account.town_id == elsewhere.id, Account.asset == "points", Account.kind == "issuance"
        )
    ).one()  # fmt: skip
    with pytest.raises(IntegrityError), transaction():
        session().execute(text(_copy_of_transfer(debit_account_id=":foreign")), {"id": new_id(), "foreign": foreign})
    with pytest.raises(IntegrityError), transaction():
        session().execute(text(_copy_of_transfer(town_id=":foreign")), {"id": new_id(), "foreign": elsewhere.id})


def test_nothing_moves_between_points_and_minutes_or_to_itself() -> None:
    with pytest.raises(IntegrityError), transaction():
        session().execute(text(_copy_of_transfer(asset="'minutes'")), {"id": new_id()})
    assert "two_sides" in refused(_copy_of_transfer(credit_account_id="debit_account_id"), id=new_id())


def _copy_of_transfer(**changed: str) -> str:
    return _copy_of("transfer", id=":id", **changed)


def _copy_of(table: str, **changed: str) -> str:
    """SQL that inserts a copy of the first row of `table` with the expressions of `changed` instead."""
    names = [column.name for column in Base.metadata.tables[table].columns]
    values = [changed.get(name, name) for name in names]
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table} LIMIT 1"  # noqa: S608


def test_nobody_approves_her_own_award(member: Member) -> None:
    statement = _copy_of("txn", id=":id", dedupe_key="'another'", approver_id="subject_id")
    assert "approved_by_another" in refused(statement, id=new_id())
    assert member


def test_an_award_is_somebodys() -> None:
    """Without its subject "approved by another" would hold for anybody."""
    statement = _copy_of("txn", id=":id", dedupe_key="'another'", subject_id="NULL", approver_id="subject_id")
    assert "award_subject" in refused(statement, id=new_id())


def test_nobody_decides_on_her_own_waiting_award(member: Member, village: Area) -> None:
    with transaction():
        subscribers.hold_flagged_checkin(flagged(member, village, used_at=clock.now() - dt.timedelta(hours=2)))
    assert "decided_by_another" in refused("UPDATE award SET state = 'refused', decided_by = subject_id")
    assert "posted" in refused("UPDATE award SET state = 'posted'"), "a posted award names its posting"


def test_an_award_has_one_posting(txn_id: int) -> None:
    with pytest.raises(Busy), transaction():  # the mapped refusal: ask again, and find it posted
        session().execute(text(_copy_of("txn", id=":id")), {"id": new_id()})
    assert txn_id


def test_a_line_has_one_place_in_its_account_and_no_balance_below_zero() -> None:
    entry = session().scalars(select(Entry)).one()
    fields = {"account_id": entry.account_id, "transfer_id": entry.transfer_id}
    for wrong in (
        {"seq": 1, "delta": 5, "balance_after": 10},  # a lost update comes here
        {"seq": 2, "delta": -10, "balance_after": -5},
        {"seq": 2, "delta": 0, "balance_after": 5},
        {"seq": 2, "delta": 5, "balance_after": 10},  # the same transfer twice in one account
    ):
        with pytest.raises(IntegrityError), transaction():
            session().execute(insert(Entry), fields | wrong)


def test_caps_and_budgets_cannot_be_passed() -> None:
    assert "cap" in refused("UPDATE rule_usage SET used = cap + 1")
    assert "cap" in refused("UPDATE rule_usage SET used = -1")
    assert "limit" in refused("UPDATE budget_slot SET used = amount + 1")
    assert "limit" in refused("UPDATE budget_slot SET used = -1")


def test_an_account_never_goes_below_what_is_held_and_a_lot_never_above_what_was_granted() -> None:
    assert "balance" in refused("UPDATE account SET posted = -1 WHERE kind = 'resident'")
    assert "balance" in refused("UPDATE account SET held = posted + 1 WHERE kind = 'resident'")
    assert "amounts" in refused("UPDATE lot SET remaining = granted + 1")
    assert "amounts" in refused("UPDATE lot SET held = remaining + 1")


@pytest.mark.parametrize("kind", ["resident", "issuance"])
def test_a_member_has_one_account_in_a_town_and_a_town_one_issuance(kind: str) -> None:
    statement = _copy_of("account", id=":id").replace("FROM account", "FROM account WHERE kind = :kind")
    with pytest.raises(IntegrityError), transaction():
        session().execute(text(statement), {"id": new_id(), "kind": kind})


def test_a_lot_belongs_to_one_transfer() -> None:
    lot = session().scalars(select(Lot)).one()
    with pytest.raises(IntegrityError), transaction():
        session().execute(
            insert(Lot),
            {"id": new_id(), "account_id": lot.account_id, "transfer_id": lot.transfer_id, "granted": 5, "remaining": 5,
             "held": 0, "expires_on": dt.date(2030, 1, 1)},
        )  # fmt: skip


def test_an_award_waits_once(member: Member, village: Area) -> None:
    happened = flagged(member, village, used_at=clock.now() - dt.timedelta(hours=2))
    with transaction():
        subscribers.hold_flagged_checkin(happened)
    award = session().scalars(select(Award)).one()
    fields = {name: getattr(award, name) for name in Award.__table__.columns.keys()}  # noqa: SIM118 - a collection
    with pytest.raises(IntegrityError), transaction():
        session().execute(insert(Award), fields | {"id": new_id(), "created_at": clock.now()})
