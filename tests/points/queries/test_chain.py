"""The chain's head, and every way in which an insider may rewrite what was sealed."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Seal, Transfer
from community.points.queries import chain
from community.points.queries.invariants import broken
from community.points.services import sealing
from tests.factories.points import accepted
from tests.points.attacks import drop_triggers

pytestmark = pytest.mark.engine

BLANKS = """UPDATE txn SET explain = CAST(REPLACE(CAST(explain AS TEXT), '":', '": ') AS JSON)"""


@pytest.fixture
def town(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> int:
    """A town with four postings of two people."""
    for who in (member, leader, member, leader):
        frozen_clock.tick(hours=1)
        with transaction():
            subscribers.award_checkin(accepted(who, village))
    return village.town_id


def test_a_chain_begins_with_its_town(town: int) -> None:
    assert chain.head(town) == chain.Head(0, chain.beginning(town))
    assert chain.beginning(town) != chain.beginning(town + 1)
    assert chain.waiting_towns() == [town]
    assert (chain.waiting(town), chain.length(town)) == (4, 0)


def test_any_link_can_be_asked_for(town: int) -> None:
    with transaction():
        sealing.seal_town(town)
    assert chain.at(town, 0) == chain.beginning(town)
    assert chain.at(town, 4) == chain.head(town).hash
    assert chain.at(town, 5) is None
    assert (chain.waiting(town), chain.length(town), chain.waiting_towns()) == (0, 4, [])


def test_a_long_chain_is_read_batch_by_batch(town: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        sealing.seal_town(town)
    monkeypatch.setattr(chain, "BATCH", 3)
    assert list(chain.faults(town)) == []
    with schema_changes():
        session().execute(text("UPDATE txn SET salt = NULL"))
        assert [fault[0] for fault in chain.faults(town)] == [1, 2, 3, 4]
        session().rollback()


def test_a_chain_is_cut_into_pieces_that_grow_with_it(town: int) -> None:
    assert chain.pieces(town, 3) == [(0, 0, None)]
    with transaction():
        sealing.seal_town(town)
    assert chain.pieces(town, 3) == [(3, 0, 3), (1, 3, None)]
    assert chain.pieces(town, 2) == [(2, 0, 2), (2, 2, 4), (0, 4, None)]
    assert chain.pieces(town + 1, 2) == [(0, 0, None)]


def test_an_explanation_stored_in_other_words_is_no_fault(town: int, engine_name: str) -> None:
    with transaction():
        sealing.seal_town(town)
    with schema_changes():
        drop_triggers(engine_name)
        session().execute(text(BLANKS if engine_name == "postgresql" else BLANKS.replace("AS JSON", "AS TEXT")))
        assert list(chain.faults(town)) == []
        session().rollback()


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        ("UPDATE txn SET reason_code = 'x' WHERE id = :second", "altered"),
        ("UPDATE txn SET effective_on = '2026-01-01' WHERE id = :second", "altered"),
        ("UPDATE txn SET recorded_at = '2026-01-01 00:00:00+00:00' WHERE id = :second", "altered"),
        ("UPDATE txn SET subject_id = NULL, kind = 'adjust' WHERE id = :second", "altered"),
        ("UPDATE transfer SET amount = 500 WHERE txn_id = :second", "altered"),
        ("UPDATE entry SET balance_after = 500 WHERE transfer_id = :moved",
         "altered"),
        ("UPDATE lot SET expires_on = '2099-01-01' WHERE transfer_id = :moved",
         "altered"),
        ("UPDATE rule_version SET text_zh = '另一条规则'", "altered"),
        ("UPDATE txn SET salt = NULL WHERE id = :second", "unsalted"),
        ("DELETE FROM seal WHERE seq = 2", "gap"),
        ("DELETE FROM seal WHERE seq = 4", "I10"),
        ("UPDATE seal SET leaf_hash = prev_hash WHERE seq = 2", "broken"),
    ],
)  # fmt: skip
def test_what_an_insider_rewrites_is_found(town: int, attack: str, fault: str, engine_name: str) -> None:
    with transaction():
        sealing.seal_town(town)
    second = session().scalar(select(Seal.txn_id).where(Seal.seq == 2))
    moved = session().scalar(select(Transfer.id).where(Transfer.txn_id == second))
    with schema_changes():
        drop_triggers(engine_name)
        named = {"second": second, "moved": moved}
        session().execute(text(attack), {name: value for name, value in named.items() if f":{name}" in attack})
        found = broken(town)
        in_pieces = [list(chain.faults(town, after, until)) for _size, after, until in chain.pieces(town, 1)]
        whole = list(chain.faults(town))
        session().rollback()
    assert [one for piece in in_pieces for one in piece] == whole
    said = {row[-1] for name, rows in found.items() if "chain" in name for row in rows}
    assert fault in said or fault in {name.split()[0] for name in found}
