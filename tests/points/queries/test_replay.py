"""All postings once more from nothing: any table that says something else is named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from community.core.clock import FrozenClock
from community.core.db import schema_changes, session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import replay
from tests.factories.points import accepted


@pytest.fixture(autouse=True)
def _two_postings(village: Area, member: Member, frozen_clock: FrozenClock) -> None:
    for _again in range(2):
        frozen_clock.tick(hours=1)
        with transaction():
            subscribers.award_checkin(accepted(member, village))


@pytest.mark.parametrize(
    ("fault", "table"),
    [
        ("UPDATE account SET posted = 15 WHERE kind = 'resident'", "account"),
        ("UPDATE account SET held = 1 WHERE kind = 'resident'", "account"),
        ("UPDATE lot SET remaining = 1", "lot"),
        ("UPDATE lot SET held = 2", "lot"),
    ],
)
def test_a_table_that_says_something_else_is_named(village: Area, fault: str, table: str) -> None:
    assert list(replay.differences(village.town_id)) == []
    assert replay.pieces(village.town_id, 5) == [(1, 0, None)]
    with schema_changes():
        session().execute(text(fault))
        assert {found[0] for found in replay.differences(village.town_id)} == {table}
        assert list(replay.differences(village.town_id + 1)) == []
        session().rollback()


def test_accounts_are_read_batch_by_batch(village: Area, leader: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        subscribers.award_checkin(accepted(leader, village))
    monkeypatch.setattr(replay, "BATCH", 1)
    with schema_changes():
        session().execute(text("UPDATE lot SET remaining = 1"))
        whole = list(replay.differences())
        pieces = replay.pieces(None, 1)
        assert [size for size, _after, _until in pieces] == [1, 1, 0]
        assert len({found[1] for found in whole}) == 2, "both accounts"
        assert [one for _size, after, until in pieces for one in replay.differences(None, after, until)] == whole
        session().rollback()
