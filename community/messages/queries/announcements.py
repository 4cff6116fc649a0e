"""Reads of announcements: who is shown which, and what the desk keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, can, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.messages import policies
from community.messages.models import Announcement, AnnouncementRead
from community.places import queries as places

PAGE = 20
# What is older was seen or will not be missed: it no longer counts as unread.
# A building is told by its captain, not by an office.
TOLD_KINDS = ("district", "town", "village")
FRESH = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement as its readers see it. `area` names whose it is; `unread` only for somebody signed in."""

    id: int
    title: str
    body: str
    area: str
    audience: str
    important: bool
    starts_at: dt.datetime
    until: dt.datetime | None
    unread: bool
    withdrawn_at: dt.datetime | None = None
    withdrawn_why: str | None = None

    @property
    def lead(self) -> str:
        """The first line, for lists."""
        return self.body.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class DeskLine:
    """An announcement at the desk: `state` is planned, shown, over or withdrawn; `read` counts readers."""

    notice: Notice
    state: str
    read: int
    by: int


def shown_to(actor: Actor | None, *, limit: int = PAGE, scope: str = "") -> list[Notice]:
    """Return what is announced now to somebody, important and new first: of her areas, or at and above `scope`.

    Without an actor and `scope`: what is for everyone, anywhere.
    """
    return _notices(actor, (_now_shown(), _reaches(actor, scope)), limit)


def unread_count(actor: Actor) -> int:
    """Return how many announcements of the last 30 days are shown to her and unread."""
    statement = select(func.count()).where(
        _now_shown(), _reaches(actor, ""), Announcement.starts_at > clock.now() - FRESH, ~_read_by(actor.member_id)
    )
    return session().scalar(statement.select_from(Announcement)) or 0


def one(actor: Actor | None, announcement_id: int) -> Notice | None:
    """Return one that is or was shown to somebody (withdrawn ones say so), or that she manages; else None."""
    row = session().get(Announcement, announcement_id)
    if row is None:
        return None
    if not can(actor, Perm.ANNOUNCEMENT_MANAGE, row):
        begun = and_(Announcement.starts_at <= clock.now(), _reaches(actor, row.scope_path if actor is None else ""))
        if not session().scalar(select(Announcement.id).where(Announcement.id == announcement_id, begun)):
            return None
    return _notice(row, places.names([row.area_id]), _unread_ids(actor, [row.id]))


def at_desk(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> tuple[list[DeskLine], int | None]:
    """Return the announcements of the actor's areas, newest first, and the id to turn to older ones with."""
    statement = select(Announcement).where(visible(actor, Perm.ANNOUNCEMENT_MANAGE, Announcement))
    if before is not None:
        statement = statement.where(Announcement.id < before)
    rows = session().scalars(statement.order_by(Announcement.id.desc()).limit(limit + 1)).all()
    lines = _desk_lines(rows[:limit])
    return lines, rows[limit - 1].id if len(rows) > limit else None


def for_desk(actor: Actor, announcement_id: int) -> DeskLine:
    """Return one for the desk; raises NotFound outside the actor's areas."""
    row = session().get(Announcement, announcement_id)
    if row is None or not can(actor, Perm.ANNOUNCEMENT_MANAGE, row):
        raise NotFound
    return _desk_lines([row])[0]


def areas_to_tell(actor: Actor) -> Sequence[Any]:
    """Return the district, towns and villages (id, code, name, path) that the actor may announce something to."""
    area = places.AREA.c
    prefixes = tuple(held.area_path for held in actor.held if held.area_path and Perm.ANNOUNCEMENT_MANAGE in held.perms)
    wanted = select(area.id, area.code, area.name, area.path).where(
        area.kind.in_(TOLD_KINDS), under(area.path, prefixes)
    )
    return session().execute(wanted.order_by(area.path).limit(places.CHOICES)).all()


def search(actor: Actor | None, text: str, limit: int = 5) -> list[Notice]:
    """Return what is announced now to somebody and has `text` in its title or body."""
    has = or_(Announcement.title.contains(text, autoescape=True), Announcement.body.contains(text, autoescape=True))
    return _notices(actor, (_now_shown(), _reaches(actor, ""), has), limit)


def _notices(actor: Actor | None, wanted: Sequence[ColumnElement[bool]], limit: int) -> list[Notice]:
    statement = select(Announcement).where(*wanted)
    order = (Announcement.important.desc(), Announcement.starts_at.desc(), Announcement.id.desc())
    rows = session().scalars(statement.order_by(*order).limit(limit)).all()
    names, unread = places.names(row.area_id for row in rows), _unread_ids(actor, [row.id for row in rows])
    return [_notice(row, names, unread) for row in rows]


def _notice(row: Announcement, names: dict[int, str], unread: frozenset[int]) -> Notice:
    return Notice(
        id=row.id,
        title=row.title,
        body=row.body,
        area=names.get(row.area_id, ""),
        audience=row.audience,
        important=row.important,
        starts_at=row.starts_at,
        until=row.until,
        unread=row.id in unread,
        withdrawn_at=row.withdrawn_at,
        withdrawn_why=row.withdrawn_why,
    )


def _desk_lines(rows: Sequence[Announcement]) -> list[DeskLine]:
    names, read = places.names(row.area_id for row in rows), _readers([row.id for row in rows])
    return [
        DeskLine(_notice(row, names, frozenset()), _state(row), read.get(row.id, 0), row.created_by) for row in rows
    ]


def _state(row: Announcement) -> str:
    now = clock.now()
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.starts_at > now:
        return "planned"
    return "over" if row.until is not None and row.until <= now else "shown"


def _readers(ids: Sequence[int]) -> dict[int, int]:
    rows = session().execute(
        select(AnnouncementRead.announcement_id, func.count())
        .where(AnnouncementRead.announcement_id.in_(ids))
        .group_by(AnnouncementRead.announcement_id)
    )
    return {row[0]: row[1] for row in rows}


def _now_shown() -> ColumnElement[bool]:
    now = clock.now()
    return and_(
        Announcement.withdrawn_at.is_(None),
        Announcement.starts_at <= now,
        or_(Announcement.until.is_(None), Announcement.until > now),
    )


def _reaches(actor: Actor | None, scope: str) -> ColumnElement[bool]:
    """For the circles she belongs to, at or above her home and the places where she holds a role."""
    circle = Announcement.audience.in_(policies.audiences(actor.member_id if actor else None))
    if actor is None and not scope:
        return circle
    homes = {scope} if scope else {actor.home_path, *(held.area_path or "" for held in actor.held)} if actor else set()
    above = [literal(home).startswith(Announcement.scope_path) for home in sorted(homes) if home]
    return and_(circle, or_(*above)) if above else and_(circle, Announcement.audience == "everyone")


def _read_by(member_id: int) -> ColumnElement[bool]:
    return (
        select(AnnouncementRead.announcement_id)
        .where(AnnouncementRead.announcement_id == Announcement.id, AnnouncementRead.member_id == member_id)
        .exists()
    )


def _unread_ids(actor: Actor | None, ids: Sequence[int]) -> frozenset[int]:
    if actor is None or not ids:
        return frozenset()
    read = session().scalars(
        select(AnnouncementRead.announcement_id).where(
            AnnouncementRead.member_id == actor.member_id, AnnouncementRead.announcement_id.in_(ids)
        )
    )
    return frozenset(ids) - frozenset(read)
