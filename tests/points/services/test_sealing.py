"""Sealing: each posting becomes one link, in whatever order it committed, whoever seals at the same time."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import BLANK, schema_changes, session, transaction
from community.core.db.triggers import all_triggers
from community.people import erasing
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Account, Appeal, LedgerCheck, PointsCase, Seal, StatementLeaf, Txn, Unsealed
from community.points.queries import chain, checks
from community.points.queries.invariants import broken
from community.points.services import appealing, cases, checking, closing, sealing
from tests.factories.access import actor_of
from tests.factories.deciding import evidence, make_admin, manual_rule
from tests.factories.ledger import give
from tests.factories.points import accepted

pytestmark = pytest.mark.engine


@pytest.fixture
def town(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> int:
    """A town with four postings of two people."""
    for who in (member, leader, member, leader):
        frozen_clock.tick(hours=1)
        with transaction():
            subscribers.award_checkin(accepted(who, village))
    return village.town_id


def test_every_posting_becomes_one_link_of_its_towns_chain(town: int) -> None:
    with transaction():
        assert sealing.seal_town(town, limit=3) == 3
    with transaction():
        assert sealing.seal_town(town) == 1
        assert sealing.seal_town(town) == 0
    seals = session().scalars(select(Seal).order_by(Seal.seq)).all()
    assert [seal.seq for seal in seals] == [1, 2, 3, 4]
    assert seals[0].prev_hash == chain.beginning(town)
    assert [seal.prev_hash for seal in seals[1:]] == [seal.hash for seal in seals[:-1]]
    assert chain.head(town).hash == seals[-1].hash
    assert session().scalars(select(Unsealed)).all() == []
    assert broken() == {}


def test_a_posting_that_commits_late_is_sealed_after_younger_ones(town: int) -> None:
    late = min(session().scalars(select(Unsealed.txn_id)))
    with transaction():
        session().execute(text("DELETE FROM unsealed WHERE txn_id = :late"), {"late": late})
        sealing.seal_town(town)
        session().add(Unsealed(txn_id=late, town_id=town))
    with transaction():
        sealing.seal_town(town)
    assert session().scalar(select(Seal.txn_id).where(Seal.seq == 4)) == late
    assert broken() == {}


def test_the_job_seals_all_towns_and_the_nightly_look_keeps_what_it_found(town: int) -> None:
    jobs.check_ledgers()
    kept = session().scalars(select(LedgerCheck)).one()
    assert (kept.ok, kept.head_seq, kept.head_hash) == (True, 4, chain.head(town).hash)
    assert set(kept.found) >= {f"I{number}" for number in range(1, 16)}
    assert not checks.frozen(town)


def test_erasing_somebody_cuts_her_postings_from_their_leaves_and_keeps_the_chain(town: int, member: Member) -> None:
    with transaction():
        sealing.seal_town(town)
    head = chain.head(town)
    with transaction():
        assert erasing.erase(system_actor("tests"), member.id)
    salts = session().execute(select(Txn.subject_id, Txn.salt)).all()
    assert {row.salt is None for row in salts if row.subject_id == member.id} == {True}
    assert {row.salt is None for row in salts if row.subject_id != member.id} == {False}
    assert chain.head(town) == head
    assert broken() == {}


def test_who_is_erased_before_the_seal_is_sealed_without_words(town: int, member: Member) -> None:
    with transaction():
        erasing.erase(system_actor("tests"), member.id)
        sealing.seal_town(town)
    assert broken() == {}


def test_a_salt_is_only_ever_taken_away(town: int) -> None:
    with pytest.raises(Exception, match="frozen"), transaction():
        session().execute(update(Txn).values(salt=b"0" * 16))


@pytest.mark.parametrize("table", ["seal", "ledger_check", "txn", "transfer", "entry"])
@pytest.mark.parametrize("attack", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "{replace}"])
def test_the_database_refuses_what_would_rewrite_the_books(
    town: int, table: str, attack: str, engine_name: str
) -> None:
    with transaction():
        sealing.seal_town(town)
        checking.look_over(town)
    column = {"ledger_check": "ok", "txn": "reason_code", "transfer": "amount", "entry": "delta"}.get(table, "seq")
    if table == "txn" and attack.startswith("UPDATE"):
        attack = "UPDATE txn SET reason_code = 'x'"
    replace = f"TRUNCATE {table} CASCADE"
    if engine_name == "sqlite":
        replace = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
    with pytest.raises(DBAPIError, match=r"append-only|frozen"), transaction():
        session().execute(text(attack.format(table=table, column=column, replace=replace)))


def test_a_cut_tail_is_found_though_it_was_sealed_anew(town: int, engine_name: str) -> None:
    jobs.check_ledgers()
    last = session().scalars(select(Seal.txn_id).where(Seal.town_id == town, Seal.seq == 4)).one()
    with schema_changes():
        for name, made in all_triggers(engine_name).items():
            table = made.split(" ON ", 1)[1].split()[0]
            session().execute(text(f"DROP TRIGGER {name}" + (f" ON {table}" if engine_name == "postgresql" else "")))
        session().execute(text("DELETE FROM seal WHERE seq = 4"))
        session().execute(text("INSERT INTO unsealed (txn_id, town_id) VALUES (:t, :w)"), {"t": last, "w": town})
        session().execute(text("UPDATE txn SET reason_code = 'x' WHERE id = :t"), {"t": last})
        assert {name.split()[0] for name in broken(town)} == {"C1"}, "shorter than it was"
        sealing.seal_town(town)
        assert {name.split()[0] for name in broken(town)} == {"C1"}, "as long, and another"
        session().rollback()


def test_what_waits_for_its_seal_too_long_or_is_of_a_time_to_come_is_found(
    town: int, member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    frozen_clock.tick(hours=2)
    assert {name.split()[0] for name in broken(town)} == {"C2"}
    jobs.check_ledgers()
    assert not checks.frozen(town)
    frozen_clock.tick(days=20)
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    frozen_clock.tick(days=-20)
    jobs.check_ledgers()
    assert {name.split()[0] for name in broken(town)} == {"C2"}
    assert checks.frozen(town)


def test_the_last_look_counts_whatever_the_clock_said(town: int, frozen_clock: FrozenClock) -> None:
    jobs.check_ledgers()
    frozen_clock.tick(days=2)
    with transaction():
        checking.keep(town, {})
    frozen_clock.tick(days=-2)
    with transaction():
        checking.keep(town, {"I1 x": [(1,)]})
    assert checks.frozen(town)
    assert not checks.latest([town])[town].ok
    with transaction():
        # A forged green one, of a far day.
        green = "INSERT INTO ledger_check (id, town_id, at, ok, found, head_seq, kid, mac)"
        values = " VALUES (1, :town, :at, :ok, '{}', 0, 'a', :mac)"
        when = "2099-01-01 00:00:00+00:00"
        session().execute(text(green + values), {"town": town, "at": when, "ok": True, "mac": b"0" * 32})
    assert checks.frozen(town)


def test_a_date_of_erasure_without_the_act_hides_nothing(town: int, member: Member) -> None:
    with transaction():
        sealing.seal_town(town)
        session().execute(text("UPDATE member SET erased_at = created_at WHERE id = :id"), {"id": member.id})
        session().execute(text("UPDATE txn SET salt = NULL WHERE subject_id = :id"), {"id": member.id})
    assert {row[-1] for rows in broken(town).values() for row in rows} == {"unsalted"}


def test_nothing_written_about_who_was_erased_can_be_shown_for_her(
    town: int, member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        staff = [make_admin(village, name) for name in "甲乙"]
        give(member, village, 7, days=3)
        case = cases.propose_award(
            actor_of(staff[0]), member.id, rule_version_id=manual_rule(village), earned_on=clock.today(),
            where=village.path, reason="帮邻居搬家，电话另记", picture=evidence(),
        )  # fmt: skip
        txn = session().scalars(select(Txn.id).where(Txn.subject_id == member.id).order_by(Txn.id)).first()
        appeal = appealing.appeal(actor_of(member), f"txn:{txn}", "我叫李桂兰，住在三栋")
    with transaction():
        assert erasing.erase(system_actor("tests"), member.id)
    session().expire_all()
    assert session().get_one(PointsCase, case).reason == BLANK
    assert session().get_one(PointsCase, case).state == "refused"
    assert (session().get_one(Appeal, appeal).words, session().get_one(Appeal, appeal).state) == ("", "withdrawn")
    frozen_clock.tick(days=10)
    jobs.expire_points()
    frozen_clock.move_to(dt.datetime(2026, 12, 9, 13, 7, tzinfo=dt.UTC))
    with transaction():
        closing.draft(actor_of(staff[0]), town, dt.date(2026, 11, 1))
    hers = select(Account.id).where(Account.subject_id == member.id)
    assert set(session().scalars(select(Txn.salt).where(Txn.subject_id == member.id))) == {None}
    assert set(session().scalars(select(StatementLeaf.salt).where(StatementLeaf.account_id.in_(hers)))) == {None}
    assert "expire" in session().scalars(select(Txn.kind).where(Txn.subject_id == member.id)).all()
    with transaction():
        sealing.seal_town(town)
    assert broken(town) == {}
