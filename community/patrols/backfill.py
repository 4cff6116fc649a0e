"""Write many check-ins of the past at once with their events, as an import does: graded like online ones, none emitted.

Who writes check-ins this way posts their points itself, in the same transaction (`points.backfill`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PastSettlement:
    """How somebody else decided on a flagged check-in: "accepted" or "rejected"."""

    to_status: str
    by_id: int
    at: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PastCheckIn:
    """A check-in received at once, online. `flag` is the code of the rule that flagged it, `note` that of an accepted."""

    member_id: int
    post_id: int
    print_id: int
    team_id: int | None
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
class Written:
    """What points need to know of a check-in that was written."""

    id: uuid.UUID
    member_id: int
    town_id: int
    scope_path: str
    used_at: dt.datetime
    grade: str
    status: str
    settled_by: int | None
    settled_at: dt.datetime | None
