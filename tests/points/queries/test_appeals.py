"""What is published about objections: how many, how they ended, and the median of the days to an answer."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import appeals
from community.points.services import appealing
from tests.factories.access import actor_of
from tests.factories.deciding import earned, make_admin

pytestmark = pytest.mark.engine


def test_the_figures_count_answers_and_the_median_of_their_days(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        other = make_admin(village)
        txns = [earned(member, village, used_at=clock.now() - dt.timedelta(days=day)) for day in (1, 2)]
        first, _second = [appealing.appeal(actor_of(member), f"txn:{txn}", "少记了") for txn in txns]
    assert appeals.figures(village.town_id).median_days is None
    frozen_clock.tick(days=2)
    with transaction():
        appealing.decide(actor_of(other), first, change=False, answer="看过记录")
    frozen_clock.tick(days=6)
    found = appeals.figures(village.town_id)
    assert (found.made, found.upheld, found.changed, found.open, found.late) == (2, 1, 0, 1, 1)
    assert found.median_days == 2.0
