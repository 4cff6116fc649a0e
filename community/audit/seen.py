"""Who looked at a person's data, for that person: when, on which page, with which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.audit.services import LOOK
from community.core.db import session

PAGE = 30


@dataclass(frozen=True, slots=True)
class Look:
    """One look: by whom (a member's id, 0 for the system), at which page, and the reason where one was asked for."""

    id: int
    at: dt.datetime
    actor_id: int
    why: str
    reason: str | None


def looks_at(ids: Sequence[int], *, before: int | None = None, limit: int = PAGE) -> tuple[list[Look], int | None]:
    """Return a page of the looks at the members `ids`, newest first, and the look to go on from; never her own."""
    wanted = select(AuditEntry).where(*_at(ids)).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    found = session().scalars(wanted).all()
    lines = [Look(row.id, row.at, row.actor_id, str(row.details.get("why", "")), row.reason) for row in found[:limit]]
    return lines, found[limit - 1].id if len(found) > limit else None


def looks_since(ids: Sequence[int], since: dt.datetime) -> int:
    """Return how many looks at the members `ids` there were since then."""
    counted = select(func.count()).select_from(AuditEntry).where(*_at(ids), AuditEntry.at >= since)
    return session().execute(counted).scalar_one()


def _at(ids: Sequence[int]) -> tuple[Any, ...]:
    return (
        AuditEntry.object_type == "member",
        AuditEntry.object_id.in_([str(one) for one in ids]),
        AuditEntry.act == LOOK,
        AuditEntry.actor_id.not_in(ids),
    )
