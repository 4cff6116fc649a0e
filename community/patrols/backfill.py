"""Write many check-ins of the past at once with their events, as an import does: graded like online ones, none emitted.

Who writes check-ins this way posts their points itself, in the same transaction (`points.backfill`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id, new_uuid
from community.patrols import policies
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import Evidence


@dataclass(frozen=True, slots=True)
class PastSettlement:
    """How somebody else decided on a flagged check-in."""

    accepted: bool
    by_id: int
    at: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PastCheckIn:
    """A check-in made online by a member serving there. `flag` is the code of the rule that marked it, if any."""

    member_id: int
    post_id: int
    print_id: int
    team_id: int
    town_id: int
    scope_path: str
    kind: str
    at: dt.datetime
    src: str
    band: str
    device: str
    flag: str = ""
    far_m: int | None = None
    settlement: PastSettlement | None = None


@dataclass(frozen=True, slots=True)
class WrittenCheckIn:
    """A check-in with its id and grade: what points rest on."""

    id: uuid.UUID
    past: PastCheckIn
    grade: str

    @property
    def status(self) -> str:
        """Where it stands after all its moves."""
        if self.past.settlement is None:
            return "flagged" if self.past.flag else "accepted"
        return "accepted" if self.past.settlement.accepted else "rejected"


def prepare(past: PastCheckIn) -> WrittenCheckIn:
    """Give a check-in its id and the grade of its evidence, without writing it."""
    return WrittenCheckIn(new_uuid(), past, policies.grade_of(Evidence(past.src, past.band, past.far_m)))


def add_check_ins(actor: Actor, check_ins: Sequence[WrittenCheckIn]) -> None:
    """Write prepared check-ins with their events. Raises ValueError for a settlement of one without a flag."""
    must_be_system(actor)
    if check_ins:
        session().execute(insert(CheckIn), [_row(one) for one in check_ins])
        session().execute(insert(CheckInEvent), [event for one in check_ins for event in _events(one)])


def _row(one: WrittenCheckIn) -> dict[str, Any]:
    past = one.past
    noted = [past.flag] if past.flag else []
    if past.band in {"none", "coarse"}:
        noted.append(f"geo_{past.band}")
    return {
        "id": one.id,
        "member_id": past.member_id,
        "post_id": past.post_id,
        "print_id": past.print_id,
        "team_id": past.team_id,
        "town_id": past.town_id,
        "scope_path": past.scope_path,
        "kind": past.kind,
        "used_at": past.at,
        "lo": past.at,
        "hi": past.at,
        "received_at": past.at,
        "band": past.band,
        "far_m": past.far_m,
        "grade": one.grade,
        "first_status": "flagged" if past.flag else "accepted",
        "status": one.status,
        "code": noted[0] if noted else "",
        "notes": " ".join(noted),
        "src": past.src,
        "device": past.device,
    }


def _events(one: WrittenCheckIn) -> list[dict[str, Any]]:
    past, settled = one.past, one.past.settlement
    first = "flagged" if past.flag else "accepted"
    events = [_event(one, 0, "new", first, past.member_id, None, past.at)]
    if settled is not None:
        if not past.flag:
            raise ValueError("only a flagged check-in is settled")
        events.append(_event(one, 1, "flagged", one.status, settled.by_id, settled.reason, settled.at))
    return events


def _event(
    one: WrittenCheckIn, number: int, before: str, after: str, by_id: int, reason: str | None, at: dt.datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "checkin_id": one.id,
        "seq": number,
        "member_id": one.past.member_id,
        "from_status": before,
        "to_status": after,
        "by_id": by_id,
        "reason": reason,
        "at": at,
    }
