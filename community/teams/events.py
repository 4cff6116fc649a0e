"""What happened to memberships."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """A membership moved from one state to another ("new" is where every one begins).

    `by_id` is who moved it, None when it followed by rule; `town_id` is the team's town, `scope_path` where she serves.
    """

    membership_id: int
    member_id: int
    team_id: int
    town_id: int
    scope_path: str
    from_state: str
    to_state: str
    by_id: int | None
    at: dt.datetime
