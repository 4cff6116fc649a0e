"""A month is what was recorded in it, in the community's own time zone."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import months
from tests.factories.points import accepted
from tests.points.months import MONTH, close_november

pytestmark = pytest.mark.engine


@pytest.mark.usefixtures("app")
def test_a_month_begins_and_ends_at_local_midnight() -> None:
    start, end = months.bounds(dt.date(2026, 2, 1))
    assert start.isoformat() == "2026-01-31T16:00:00+00:00"
    assert end.isoformat() == "2026-02-28T16:00:00+00:00"
    assert months.bounds(dt.date(2026, 12, 1))[1].isoformat() == "2026-12-31T16:00:00+00:00"


@pytest.mark.parametrize(("instant", "belongs"), [("2026-11-30T15:59:59Z", True), ("2026-11-30T16:00:00Z", False)])
def test_the_last_second_of_a_month_belongs_to_it(
    village: Area, member: Member, frozen_clock: FrozenClock, instant: str, *, belongs: bool
) -> None:
    frozen_clock.move_to(dt.datetime.fromisoformat(instant))
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    assert months.totals(village.town_id, MONTH)["points"]["issued"] == (5 if belongs else 0)
    assert len(months.sheets(village.town_id, MONTH)) == belongs


def test_an_account_without_lines_keeps_its_balance_through_the_month(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    close_november(village, member, frozen_clock)
    (sheet,) = months.sheets(village.town_id, dt.date(2026, 12, 1))
    assert (sheet.opening, sheet.closing, sheet.lines) == (10, 10, [])
    assert months.sheets(village.town_id, dt.date(2026, 10, 1)) == []
    assert list(months.faults(village.town_id)) == []
