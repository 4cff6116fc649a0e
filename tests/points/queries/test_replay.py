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
    assert replay.size(village.town_id) == 1
    with schema_changes():
        session().execute(text(fault))
        assert {found[0] for found in replay.differences(village.town_id)} == {table}
        assert list(replay.differences(village.town_id + 1)) == []
        session().rollback()


def test_accounts_are_read_batch_by_batch(village: Area, leader: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        subscribers.award_checkin(accepted(leader, village))
    monkeypatch.setattr(replay, "BATCH", 1)
    told: list[int] = []
    assert list(replay.differences(None, told.append)) == []
    assert told == [1, 1]
