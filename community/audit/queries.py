"""Reads of the log, a page at a time, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from community.audit import moves, words
from community.audit.models import AuditEntry
from community.audit.moves import Move
from community.core import clock
from community.core.authz import Actor, Perm, can, must, visible
from community.core.db import session
from community.core.i18n import Text
from community.core.ids import MAX_ID
from community.core.slots import Provider

PAGE = 50


def _no_names(_ids: Iterable[int]) -> dict[int, str]:
    return {}


def _no_ids(_name: str) -> list[int]:
    return []


def _no_things(_kind: str, _ids: Iterable[int]) -> dict[int, str]:
    return {}


def _no_areas(_prefixes: tuple[str, ...]) -> list[tuple[str, str]]:
    return []


# Names of members by id, and ids by name, answered by the room that knows them: the log itself keeps ids only.
actor_names: Provider[dict[int, str]] = Provider("audit.actor_names", _no_names)
actor_ids: Provider[list[int]] = Provider("audit.actor_ids", _no_ids)
# What a thing of some kind is called, by id, and the (path, name) of the areas at or below some paths.
thing_names: Provider[dict[int, str]] = Provider("audit.thing_names", _no_things)
area_choices: Provider[list[tuple[str, str]]] = Provider("audit.area_choices", _no_areas)


@dataclass(frozen=True, slots=True)
class Filter:
    """What an auditor asks for; empty means anything.

    `actor` is a member's id or part of her name, `area` a path, `since` and `until` the first and the last civil day;
    an act, a kind of thing or an id may be several, joined by commas.
    """

    act: str = ""
    actor: str = ""
    object_type: str = ""
    object_id: str = ""
    area: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is read. `name` is the thing's, to be masked when `hidden`; `notes` are (word, value)."""

    id: int
    at: dt.datetime
    actor_id: int
    actor: Text
    act: str
    what: Text
    object_type: str
    thing: Text
    object_id: str
    name: str
    hidden: bool
    reason: str | None
    details: dict[str, Any]
    notes: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which export a file is: its number, who took it and when, with how many rows."""

    number: str
    actor_id: int
    at: dt.datetime
    rows: int


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
    known = moves.moves()
    statement = _matching(_readable(actor, Perm.AUDIT_READ, known), wanted, known)
    if before is not None:
        edge = select(AuditEntry.at).where(AuditEntry.id == before).scalar_subquery()
        statement = statement.where(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(edge, before))
    found = session().scalars(statement.limit(limit + 1)).all()
    shown = found[:limit]
    return Page(lines=_lines(actor, shown, known), older=shown[-1].id if len(found) > limit else None)


def for_file(actor: Actor, wanted: Filter, limit: int) -> tuple[tuple[Line, ...], int]:
    """Return the newest `limit` entries that the actor may take away, and how many match; raises Forbidden."""
    must(actor, Perm.AUDIT_EXPORT)
    known = moves.moves()
    statement = _matching(_readable(actor, Perm.AUDIT_EXPORT, known), wanted, known)
    return _lines(actor, session().scalars(statement.limit(limit)).all(), known), _count(statement)


def count(actor: Actor, wanted: Filter, most: int) -> int:
    """Return how many entries the actor could take away, at most `most` + 1: counting stops there."""
    known = moves.moves()
    return _count(_matching(_readable(actor, Perm.AUDIT_EXPORT, known), wanted, known).limit(most + 1))


def happened(act: str, object_type: str, object_ids: Iterable[int]) -> bool:
    """Say whether the log has this act about one of these objects."""
    wanted = AuditEntry.object_type == object_type, AuditEntry.object_id.in_([str(one) for one in object_ids])
    return session().scalar(select(AuditEntry.id).where(*wanted, AuditEntry.act == act).limit(1)) is not None


def exports() -> Sequence[AuditEntry]:
    """Return the entries about exports, newest first, for who checks a file on the server."""
    found = select(AuditEntry).where(AuditEntry.act == "audit.export").order_by(AuditEntry.id.desc())
    return session().scalars(found).all()


def areas(actor: Actor) -> list[tuple[str, str]]:
    """Return (path, name) of the areas whose entries the actor may read."""
    paths = {held.area_path for held in actor.held if held.area_path and Perm.AUDIT_READ in held.perms}
    return area_choices(tuple(sorted(paths))) if paths else []


def _count(statement: Select[AuditEntry]) -> int:
    return session().execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()


def looks_since(actor_id: int, why: str, since: dt.datetime) -> int:
    """Return how often the actor looked at people's data on the page `why` since then."""
    found = session().scalars(
        select(AuditEntry.details).where(
            AuditEntry.actor_id == actor_id, AuditEntry.act == "audit.look", AuditEntry.at >= since
        )
    )
    return sum(1 for details in found if details.get("why") == why)


def _readable(actor: Actor, perm: Perm, known: Sequence[Move]) -> ColumnElement[bool]:
    """What lies in the actor's areas today, or did when it was written (`moves`)."""
    if actor.system:
        return visible(actor, perm, AuditEntry)
    return moves.written_at(
        sorted({held.area_path for held in actor.held if held.area_path and perm in held.perms}), known
    )


def _matching(allowed: ColumnElement[bool], wanted: Filter, known: Sequence[Move]) -> Select[AuditEntry]:
    statement = select(AuditEntry).where(allowed).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    for column, value in (
        (AuditEntry.act, wanted.act),
        (AuditEntry.object_type, wanted.object_type),
        (AuditEntry.object_id, wanted.object_id),
    ):
        if value:
            statement = statement.where(column.in_(value.split(",")))
    if wanted.actor:
        statement = statement.where(_by(wanted.actor))
    if wanted.area:
        statement = statement.where(moves.written_at((wanted.area,), known))
    if wanted.since:
        statement = statement.where(AuditEntry.at >= clock.at_local(wanted.since, dt.time.min))
    if wanted.until:
        after = wanted.until + dt.timedelta(days=1)
        statement = statement.where(AuditEntry.at < clock.at_local(after, dt.time.min))
    return statement


def _by(actor: str) -> ColumnElement[bool]:
    if actor.isascii() and actor.isdecimal() and len(actor) < 20:
        return AuditEntry.actor_id == min(int(actor), MAX_ID)
    return or_(AuditEntry.actor_name == actor, AuditEntry.actor_id.in_(actor_ids(actor)))


def _lines(actor: Actor, found: Sequence[AuditEntry], known: Sequence[Move]) -> tuple[Line, ...]:
    names = actor_names({entry.actor_id for entry in found if entry.actor_id})
    things: dict[tuple[str, str], str] = {}
    for kind in sorted({entry.object_type for entry in found}):
        ids = {int(entry.object_id) for entry in found if entry.object_type == kind and entry.object_id.isdecimal()}
        things |= {(kind, str(key)): name for key, name in thing_names(kind, ids).items()}
    return tuple(
        _line(actor, entry, names, things.get((entry.object_type, entry.object_id), ""), known) for entry in found
    )


@dataclass(frozen=True, slots=True)
class _There:
    scope_path: str


def _line(actor: Actor, entry: AuditEntry, names: dict[int, str], name: str, known: Sequence[Move]) -> Line:
    there = _There(moves.today(entry.scope_path, entry.at, known))
    return Line(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor=names.get(entry.actor_id, str(entry.actor_id)) if entry.actor_id else words.doer(entry.actor_name),
        act=entry.act,
        what=words.act(entry.act),
        object_type=entry.object_type,
        thing=words.thing(entry.object_type),
        object_id=entry.object_id,
        name=name,
        # Who may read the log of an area need not be one who may read its people, and who had them once may not.
        hidden=entry.object_type in {"member", "membership"} and not can(actor, Perm.MEMBER_READ, there),
        reason=entry.reason,
        details=entry.details,
        notes=tuple(words.notes(entry.act, entry.details)),
    )
