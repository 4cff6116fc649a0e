"""What several processes do to one town's chain and months at the same moment."""

from __future__ import annotations

import datetime as dt

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.errors import Busy
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.services import closing, sealing
from tests.factories.points import accepted

TURNS = 30


def at_once(number: int, *, village_id: int, members: list[int], month: str) -> int:
    """Award, seal in small batches, or draw the month up again and again; returns how often it went through."""
    act = (_award, _seal, _seal, _draft)[number % 4]
    done = 0
    for turn in range(TURNS):
        for _again in range(20):
            try:
                with transaction():
                    done += act(village_id, members[turn % len(members)], dt.date.fromisoformat(month))
            except Busy:
                continue
            break
    return done


def _award(village_id: int, member_id: int, month_on: dt.date) -> int:
    village, member = session().get_one(Area, village_id), session().get_one(Member, member_id)
    earned = dt.datetime.combine(month_on, dt.time(4), dt.UTC)
    subscribers.award_checkin(accepted(member, village, used_at=earned + dt.timedelta(hours=len(session().new))))
    return 1


def _seal(village_id: int, _member_id: int, _month_on: dt.date) -> int:
    return sealing.seal_town(session().get_one(Area, village_id).town_id, limit=2)


def _draft(village_id: int, _member_id: int, month_on: dt.date) -> int:
    closing.draft(system_actor("tests"), session().get_one(Area, village_id).town_id, month_on)
    return 1
