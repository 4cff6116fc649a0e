"""Sealing: each posting becomes one link, in whatever order it committed, whoever seals at the same time."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people import erasing
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import LedgerCheck, Seal, Txn, Unsealed
from community.points.queries import chain, checks
from community.points.queries.invariants import broken
from community.points.services import checking, sealing
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
