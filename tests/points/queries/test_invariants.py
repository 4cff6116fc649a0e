"""Every invariant finds the fault it is there for; a sound ledger breaks none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import text

from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.core.db.triggers import all_triggers
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries.invariants import (
    CHAIN,
    NAMES,
    Piece,
    Rows,
    broken,
    look_at,
    look_over,
    one_by_one,
    pieces,
)
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, settled, town_of

FAULTS = {
    "I1": ("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'",),
    "I2": ("UPDATE entry SET balance_after = 9 WHERE seq = 1",),
    "I3": ("UPDATE account SET seq = seq + 1 WHERE kind = 'resident'",),
    "I4": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I5": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I6": ("UPDATE account SET held = 1 WHERE kind = 'resident'", "UPDATE lot SET held = 1 WHERE granted = 5"),
    "I7": ("UPDATE transfer SET debit_account_id = credit_account_id, credit_account_id = debit_account_id",),
    "I8": (
        "UPDATE txn SET kind = 'redeem', effective_on = '2100-01-01'",
        "INSERT INTO lot_use SELECT id, transfer_id, 1 FROM lot",
    ),
    "I9": (
        "INSERT INTO reward_item (id, town_id, scope_path, kind, name_zh, name_en, about_zh, about_en, points, fen,"
        " on_hand, reserved, pick_up, state, created_by, created_at) SELECT hex(randomblob(16)), town_id, '', 'goods',"
        " '米', '', '', '', 5, 0, 1, 1, '', 'open', subject_id, '2026-01-01' FROM account"
        " WHERE kind = 'resident'",
    ),
    "I10": ("DELETE FROM unsealed",),
    "I11": ("UPDATE txn SET kind = 'reverse'",),
    "I14": ("UPDATE txn SET kind = 'redeem'",),
    "I15": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I12": ("UPDATE rule_usage SET used = 0 WHERE period_key LIKE '%T%'",),
    "I13": ("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'",),
    "B1": ("UPDATE budget_slot SET used = used + 5 WHERE used > 0 AND used < amount",),
    "B2": ("UPDATE budget_slot SET amount = amount + 5 WHERE slot = 3",),
    "S1": (
        "INSERT INTO reward_item (id, town_id, scope_path, kind, name_zh, name_en, about_zh, about_en, points, fen,"
        " on_hand, reserved, pick_up, state, created_by, created_at) SELECT hex(randomblob(16)), town_id, '', 'goods',"
        " '米', '', '', '', 5, 0, 1, 0, '', 'open', subject_id, '2026-01-01' FROM account WHERE kind = 'resident'",
    ),
    "D1": (
        "INSERT INTO points_case (id, town_id, scope_path, kind, subject_id, proposed_by, rule_version_id, amount,"
        " earned_on, reason, needs, state, created_at, done_at, done_txn_id, written_off, outcome)"
        " SELECT id, town_id, '', 'award',"
        " subject_id, (SELECT MIN(id) FROM member WHERE id <> subject_id), rule_version_id, 5, effective_on, 'x', 1,"
        " 'posted', recorded_at, recorded_at, id, 0, 'posted' FROM txn",
    ),
    "C1": (
        "INSERT INTO ledger_check (id, town_id, at, ok, found, head_seq, head_hash) SELECT id, town_id, recorded_at,"
        " 1, '{}', 1, x'00' FROM txn",
    ),
    "C2": ("UPDATE txn SET recorded_at = '2100-01-01 00:00:00.000000'",),
    "C3": (
        "INSERT INTO ledger_check (id, town_id, at, ok, found, head_seq, kid, mac) SELECT id, town_id, recorded_at,"
        " 1, '{}', 0, 'a', x'00' FROM txn",
    ),
    "R2": ("UPDATE rule SET town_id = (SELECT MAX(id) FROM area WHERE id <> rule.town_id)",),
    "N1": ("INSERT INTO town_terms SELECT town_id, 9000, 7, 14 FROM account WHERE kind = 'resident'",),
    "R1": ("UPDATE rule_version SET ends_on = '2030-01-01'",),
    "M1": (
        "INSERT INTO period_close (town_id, month_on, state, totals, leaves, root, head_seq, drafted_at, window_until,"
        " published_at) SELECT town_id, '2026-10-01', 'published', '{}', 0, x'00', 0, '2026-11-01', '2026-11-01',"
        " '2026-11-20' FROM account WHERE kind = 'resident'",
    ),
    "A1": ("UPDATE award SET state = 'held', txn_id = NULL WHERE state = 'posted'",),
}


@pytest.fixture
def _history(member: Member, leader: Member, village: Area, frozen_clock: FrozenClock) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
        frozen_clock.tick(hours=1)
        doubtful = flagged(member, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=leader))


@pytest.mark.engine
@pytest.mark.usefixtures("_history")
def test_a_sound_ledger_breaks_none() -> None:
    assert broken() == {}


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    # An insider with the database in her hands: the triggers are gone.
    with schema_changes():
        for trigger in all_triggers("sqlite"):
            session().execute(text(f"DROP TRIGGER {trigger}"))
        session().execute(text("PRAGMA foreign_keys = OFF"))
        for fault in FAULTS[name]:
            session().execute(text(fault))
        assert name in {found.split()[0] for found in broken()}
        session().rollback()


@pytest.mark.usefixtures("_history")
def test_another_amount_than_was_decided_is_found() -> None:
    with schema_changes():
        for trigger in all_triggers("sqlite"):
            session().execute(text(f"DROP TRIGGER {trigger}"))
        session().execute(text("UPDATE award SET amount = amount + 1 WHERE state = 'posted'"))
        assert {found.split()[0] for found in broken()} == {"A1"}
        session().rollback()


def test_every_invariant_has_its_fault() -> None:
    assert {name.split()[0] for name in NAMES} == set(FAULTS)
    assert {f"I{number}" for number in range(1, 16)} <= set(FAULTS)


@pytest.mark.usefixtures("_history")
def test_one_towns_fault_is_not_another_towns(village: Area) -> None:
    with transaction():
        other = town_of(make_village())
        open_books(other)
    with schema_changes():
        session().execute(text("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'"))
        assert broken(other.id) == {}
        assert broken(village.town_id)
        session().rollback()


@pytest.mark.usefixtures("_history")
def test_the_pieces_of_a_look_are_all_done_whoever_does_them_first(village: Area) -> None:
    todo, told = pieces(village.town_id), list[int]()

    def backwards(work: Callable[[Piece], Rows], todo: Sequence[Piece]) -> Iterator[tuple[int, Rows]]:
        yield from reversed(list(one_by_one(work, todo)))

    with schema_changes():
        session().execute(text("UPDATE lot SET remaining = 4 WHERE granted = 5"))
        found = look_over(todo, told.append, backwards)
        assert {name: rows for name, rows in found.items() if rows} == broken(village.town_id)
        session().rollback()
    assert set(found) == set(NAMES)
    assert sum(told) == sum(piece.size for piece in todo)


def test_all_towns_chains_are_not_one_chain() -> None:
    with pytest.raises(ValueError, match="town by town"):
        look_at(Piece(CHAIN, None, 1))
