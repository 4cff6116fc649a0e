"""What the inbox and the outbox forget: everything of a member who is erased, and what was read or sent long ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import and_, delete, or_, select, update

from community.core import clock
from community.core.db import session
from community.messages.models import AnnouncementRead, Message, Outbox
from community.people.queries import MEMBER

# Read a year ago, or two years old and never read (product.md §5.14 "ours").
READ_KEPT = dt.timedelta(days=365)
UNREAD_KEPT = dt.timedelta(days=730)
# What was sent may hold a phone number: the words go soon, the row stays to prove that it was sent once.
SENT_KEPT = dt.timedelta(days=7)
DEAD_KEPT = dt.timedelta(days=30)
BATCH = 2000


def forget_members(ids: Sequence[int]) -> None:
    """Delete the inbox of the members `ids` and what they read."""
    session().execute(delete(Message).where(Message.member_id.in_(ids)))
    session().execute(delete(AnnouncementRead).where(AnnouncementRead.member_id.in_(ids)))


def forget_read(limit: int = BATCH) -> int:
    """Delete up to `limit` old messages; return how many went."""
    now = clock.now()
    unread = and_(Message.read_at.is_(None), Message.created_at < now - UNREAD_KEPT)
    # Told after she was erased: a check-in of hers was settled, and nobody reads it.
    erased = Message.member_id.in_(select(MEMBER.c.id).where(MEMBER.c.erased_at.is_not(None)))
    old = or_(Message.read_at < now - READ_KEPT, unread, erased)
    ids = session().scalars(select(Message.id).where(old).limit(limit)).all()
    session().execute(delete(Message).where(Message.id.in_(ids)))
    session().execute(delete(AnnouncementRead).where(AnnouncementRead.read_at < now - READ_KEPT))
    return len(ids)


def forget_sent(limit: int = BATCH) -> int:
    """Empty up to `limit` payloads of what left a week ago, or was given up a month ago; return how many."""
    now = clock.now()
    over = or_(Outbox.sent_at < now - SENT_KEPT, Outbox.dead_at < now - DEAD_KEPT)
    full = select(Outbox.id).where(over, Outbox.last_error.is_distinct_from(EMPTIED)).limit(limit)
    ids = session().scalars(full).all()
    session().execute(
        update(Outbox)
        .where(Outbox.id.in_(ids))
        .values(payload={}, last_error=EMPTIED)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


EMPTIED = "payload emptied by age"
