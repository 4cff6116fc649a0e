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
from community.points.queries.invariants import INVARIANTS, broken
from tests.factories.points import accepted, flagged, settled

FAULTS = {
    "I1": ("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'",),
    "I2": ("UPDATE entry SET balance_after = 9 WHERE seq = 1",),
    "I3": ("UPDATE account SET seq = seq + 1 WHERE kind = 'resident'",),
    "I4": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I5": ("UPDATE lot SET remaining = 4 WHERE granted = 5",),
    "I10": ("DELETE FROM unsealed",),
    "I12": ("UPDATE rule_usage SET used = 0 WHERE period_key LIKE '%T%'",),
    "I13": ("UPDATE account SET posted = posted + 5 WHERE kind = 'resident'",),
    "B1": ("UPDATE budget_slot SET used = used + 5 WHERE used > 0 AND used < amount",),
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
    assert {name.split()[0] for name in INVARIANTS} | {"I12"} == set(FAULTS)
