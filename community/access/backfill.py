"""Write many grants at once, as an import does: without the questions that a person's grant has to pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert

from community.access.models import RoleGrant
from community.core.authz import Actor, must_be_system
from community.core.db import session


@dataclass(frozen=True, slots=True)
class PastGrant:
    """A role that holds from a day on, at an area or for a team; `place` is its name for people to read."""

    member_id: int
    role: str
    place: str
    starts_at: dt.datetime
    area_id: int | None = None
    area_path: str | None = None
    team_id: int | None = None


def add_grants(actor: Actor, grants: Iterable[PastGrant]) -> int:
    """Write grants, given by a command; returns how many. The database refuses unknown roles."""
    must_be_system(actor)
    rows = [
        {
            "member_id": grant.member_id,
            "role": grant.role,
            "area_id": grant.area_id,
            "scope_path": grant.area_path,
            "team_id": grant.team_id,
            "place": grant.place,
            "starts_at": grant.starts_at,
        }
        for grant in grants
    ]
    if rows:
        session().execute(insert(RoleGrant), rows)
    return len(rows)
