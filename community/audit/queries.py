"""Reads of the log, a page at a time, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, tuple_

from community.audit.models import AuditEntry
from community.core.authz import Actor, Perm, must, visible
from community.core.db import session
from community.core.ids import MAX_ID
from community.core.slots import Provider

PAGE = 50


def _no_names(_ids: Iterable[int]) -> dict[int, str]:
    return {}


# Names of members by id, answered by the room that knows them: the log itself keeps ids only.
actor_names: Provider[dict[int, str]] = Provider("audit.actor_names", _no_names)


@dataclass(frozen=True, slots=True)
class Filter:
    """What an auditor asks for; empty means anything. `actor` is a member's id or the name of a job."""

    act: str = ""
    actor: str = ""
    object_type: str = ""
    object_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is read."""

    id: int
    at: dt.datetime
    actor_id: int
    actor: str
    act: str
    object_type: str
    object_id: str
    reason: str | None
    details: dict[str, Any]
    changed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Entries and the ids to turn the pages with."""

    lines: tuple[Line, ...]
    older: int | None


def entries(actor: Actor, wanted: Filter, *, before: int | None = None, limit: int = PAGE) -> Page:
    """Return the newest entries of the actor's areas that match `wanted`, older than the entry `before` if given.

    Raises Forbidden without the right to read the log.
    """
    must(actor, Perm.AUDIT_READ)
    statement = _matching(visible(actor, Perm.AUDIT_READ, AuditEntry), wanted)
    if before is not None:
        edge = select(AuditEntry.at).where(AuditEntry.id == before).scalar_subquery()
        statement = statement.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(edge, before))
    found = session().scalars(statement.limit(limit + 1)).all()
    shown = found[:limit]
    names = actor_names({entry.actor_id for entry in shown if entry.actor_id})
    return Page(
        lines=tuple(_line(entry, names) for entry in shown),
        older=shown[-1].id if len(found) > limit else None,
    )


def looks_since(actor_id: int, why: str, since: dt.datetime) -> int:
    """Return how often the actor looked at people's data on the page `why` since then."""
    found = session().scalars(
        select(AuditEntry.details).where(
            AuditEntry.actor_id == actor_id, AuditEntry.act == "audit.look", AuditEntry.at >= since
        )
    )
    return sum(1 for details in found if details.get("why") == why)


def _matching(allowed: Any, wanted: Filter) -> Select[AuditEntry]:
    statement = select(AuditEntry).where(allowed).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if wanted.act:
        statement = statement.where(AuditEntry.act == wanted.act)
    if wanted.actor.isdecimal() and len(wanted.actor) < 20:
        statement = statement.where(AuditEntry.actor_id == min(int(wanted.actor), MAX_ID))
    elif wanted.actor:
        statement = statement.where(AuditEntry.actor_name == wanted.actor)
    if wanted.object_type:
        statement = statement.where(AuditEntry.object_type == wanted.object_type)
    if wanted.object_id:
        statement = statement.where(AuditEntry.object_id == wanted.object_id)
    return statement


def _line(entry: AuditEntry, names: dict[int, str]) -> Line:
    return Line(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor=names.get(entry.actor_id, str(entry.actor_id)) if entry.actor_id else entry.actor_name,
        act=entry.act,
        object_type=entry.object_type,
        object_id=entry.object_id,
        reason=entry.reason,
        details=entry.details,
        changed=entry.before_digest != entry.after_digest,
    )
