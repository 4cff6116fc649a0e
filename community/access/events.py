"""What happened to offices that somebody gave or ended at the desk; what follows from a team is told by teams."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleFact:
    """Whose office, by its names, where, and until when (None: without an end)."""

    member_id: int
    role: str
    role_en: str
    place: str
    until: dt.datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class RoleGiven(RoleFact):
    """She holds it from a date on."""


@dataclass(frozen=True, slots=True)
class RoleChanged(RoleFact):
    """It ends on another date than before."""


@dataclass(frozen=True, slots=True)
class RoleEnded(RoleFact):
    """It has ended."""
