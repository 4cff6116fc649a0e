"""Announcements of the past, as imports and the demo bring them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id
from community.messages import policies
from community.messages.models import Announcement
from community.messages.policies import Words


@dataclass(frozen=True, slots=True)
class PastAnnouncement:
    """What was announced to an area (id, town and path) by whom; it was written when it began to be shown."""

    area_id: int
    town_id: int | None
    scope_path: str
    by_id: int
    words: Words
    withdrawn_at: dt.datetime | None = None
    withdrawn_why: str | None = None


def add_announcements(actor: Actor, past: Sequence[PastAnnouncement]) -> list[int]:
    """Write `past` and return the new ids. Raises Forbidden for a person, DomainError for bad words."""
    must_be_system(actor)
    rows = [_row(one) for one in past]
    if rows:
        session().execute(insert(Announcement), rows)
    return [row["id"] for row in rows]


def _row(one: PastAnnouncement) -> dict[str, Any]:
    words = policies.check(one.words, one.words.starts_at)
    return {
        "id": new_id(),
        "area_id": one.area_id,
        "town_id": one.town_id,
        "scope_path": one.scope_path,
        "audience": words.audience,
        "title": words.title,
        "body": words.body,
        "important": words.important,
        "starts_at": words.starts_at,
        "until": words.until,
        "created_by": one.by_id,
        "created_at": words.starts_at,
        "withdrawn_at": one.withdrawn_at,
        "withdrawn_by": one.by_id if one.withdrawn_at else None,
        "withdrawn_why": one.withdrawn_why,
    }
