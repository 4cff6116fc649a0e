"""Several people who move one town's budget while members earn from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from community.core.db import session, transaction
from community.core.errors import Busy, Conflict
from community.patrols.events import CheckInAccepted
from community.people.models import Member
from community.points import subscribers
from community.points.services import budget
from tests.factories.access import actor_of
from tests.points.racers import _new

TURNS, TAKEN = 4, 120


def move(
    number: int, *, town: int, year: int, admins: list[int], members: list[int], fact: dict[str, Any]
) -> dict[str, int]:
    """Raise and lower the budget in turns and earn from it; at the end take away a piece that only one may have."""
    said: dict[str, int] = {}
    first = dt.datetime.fromisoformat(fact["used_at"])
    for turn in range(TURNS):
        at = (first + dt.timedelta(hours=turn)).isoformat()
        event = CheckInAccepted(**_new(fact, member_id=members[number], used_at=at))
        for act in (
            lambda: _move(town, year, admins[number], 10),
            lambda event=event: subscribers.award_checkin(event),
            lambda: _move(town, year, admins[number], -5),
        ):
            _count(said, _told(act))
    _count(said, f"all {_told(lambda: _move(town, year, admins[number], -TAKEN))}")
    return said


def _move(town: int, year: int, admin: int, amount: int) -> None:
    actor = actor_of(session().get_one(Member, admin))
    budget.move(actor, town, year, amount, resolution="街道 2026-9 号", fen_per_point=10)


def _count(said: dict[str, int], word: str) -> None:
    said[word] = said.get(word, 0) + 1


def _told(act: Callable[[], Any]) -> str:
    for _again in range(40):
        try:
            with transaction():
                act()
        except Busy:
            continue
        except Conflict as refused:
            return refused.code
        return "done"
    return "busy"
