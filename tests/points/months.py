"""A November with two awards of a member, closed for good."""

from __future__ import annotations

import datetime as dt

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import PeriodClose
from community.points.services import closing
from tests.factories.points import accepted

MONTH = dt.date(2026, 11, 1)


def award_twice(village: Area, member: Member, clock: FrozenClock) -> None:
    """Two awards an hour apart, and then it is the second of December."""
    for _again in range(2):
        clock.tick(hours=1)
        with transaction():
            subscribers.award_checkin(accepted(member, village))
    clock.move_to(dt.datetime(2026, 12, 2, 4, tzinfo=dt.UTC))


def close_november(village: Area, member: Member, clock: FrozenClock) -> PeriodClose:
    """Two awards, drafted by a command and published by another."""
    award_twice(village, member, clock)
    with transaction():
        closing.draft(system_actor("tests"), village.town_id, MONTH)
    clock.tick(days=closing.WINDOW + 1)
    with transaction():
        closing.publish(system_actor("tests"), village.town_id, MONTH)
    return session().get_one(PeriodClose, (village.town_id, MONTH))
