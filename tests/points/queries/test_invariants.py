"""Every invariant finds the fault it is there for; a sound ledger breaks none."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.core.db.triggers import all_triggers
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries.invariants import NAMES, broken
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
        " on_hand, reserved, pick_up, state, created_by, created_at) SELECT 'a', town_id, '', 'goods', '米', '', '',"
        " '', 5, 0, 1, 1, '', 'open', subject_id, '2026-01-01' FROM account"
        " WHERE kind = 'resident'",
    ),
    "I10": ("DELETE FROM unsealed",),
    "I11": ("UPDATE txn SET kind = 'reverse'",),
    "I14": ("UPDATE txn SET kind = 'redeem'",),
    "I15": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I12": ("UPDATE rule_usage SET used = 0 WHERE period_key LIKE '%T%'",),
    "I13": ("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'",),
    "B1": ("UPDATE budget_slot SET used = used + 5 WHERE used > 0 AND used < amount",),
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
