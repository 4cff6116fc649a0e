"""Reads of one member's inbox."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.messages.models import Message

PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it was sent; `wording` puts it into the reader's language."""

    id: int
    kind: str
    params: dict[str, Any]
    link: str | None
    created_at: dt.datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of messages, newest first, and the id to turn to older ones with."""

    lines: tuple[Line, ...]
    older: int | None
    unread: int


def inbox(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> Inbox:
    """Return the actor's own messages, older than the message `before` if given (one of hers; else none)."""
    must(actor, Perm.INBOX_READ)
    own = _told(actor.member_id)
    statement = select(Message).where(own).order_by(Message.created_at.desc(), Message.id.desc())
    if before is not None:
        edge = select(Message.created_at).where(own, Message.id == before).scalar_subquery()
        statement = statement.where(tuple_(Message.created_at, Message.id) < tuple_(edge, before))
    found = session().scalars(statement.limit(limit + 1)).all()
    shown = found[:limit]
    return Inbox(
        lines=tuple(Line(row.id, row.kind, row.params, row.link, row.created_at, row.read_at is None) for row in shown),
        older=shown[-1].id if len(found) > limit else None,
        unread=unread_count(actor.member_id),
    )


def unread_count(member_id: int) -> int:
    """Return how many messages of the member are unread."""
    unread = select(func.count()).where(_told(member_id), Message.read_at.is_(None))
    return session().scalar(unread) or 0


def _told(member_id: int) -> ColumnElement[bool]:
    # What follows from a decision that may still be undone comes later, or never.
    return (Message.member_id == member_id) & (Message.created_at <= clock.now())
