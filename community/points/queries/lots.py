"""Lots: which would be used, what expires when, and whose have expired without being tidied away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from community.core.db import session
from community.people import queries as people
from community.points.models import NEVER, Account, ExpiryNotice, Lot

_LOT, _ACCOUNT, _NOTICE = Lot.__table__.c, Account.__table__.c, ExpiryNotice.__table__.c
# So many days before points expire their member is told (points.md §3, row 16).
NOTICE_DAYS = (60, 30, 7)


@dataclass(frozen=True, slots=True)
class LotPart:
    """So much of one lot, which is valid to the end of `expires_on` (None: for good)."""

    lot_id: int
    amount: int
    expires_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Expiring:
    """What expires at the end of one day."""

    expires_on: dt.date
    amount: int


def plan(account_id: int, amount: int, today: dt.date) -> list[LotPart]:
    """Return the lots that spending `amount` today would use, in order; together less when there is not so much."""
    rows = session().execute(
        select(_LOT.id, (_LOT.remaining - _LOT.held).label("free"), _LOT.expires_on)
        .where(
            _LOT.account_id == account_id, _LOT.remaining > 0, _LOT.remaining > _LOT.held, _LOT.expires_on >= today
        )
        .order_by(_LOT.expires_on, _LOT.id)
    )  # fmt: skip
    used: list[LotPart] = []
    for row in rows:
        if amount <= 0:
            break
        part = min(row.free, amount)
        used.append(LotPart(row.id, part, row.expires_on if row.expires_on != NEVER else None))
        amount -= part
    return used


def expiring(account_id: int, today: dt.date, until: dt.date | None = None) -> list[Expiring]:
    """Return what expires of an account from today on, day by day, up to `until`; what is held does not expire."""
    last = until or NEVER - dt.timedelta(days=1)
    free = func.sum(_LOT.remaining - _LOT.held)
    rows = session().execute(
        select(_LOT.expires_on, free)
        .where(
            _LOT.account_id == account_id, _LOT.remaining > 0, _LOT.remaining > _LOT.held,
            _LOT.expires_on.between(today, last),
        )
        .group_by(_LOT.expires_on)
        .order_by(_LOT.expires_on)
    )  # fmt: skip
    return [Expiring(row[0], int(row[1])) for row in rows]


def due(today: dt.date, *, town_id: int | None = None, limit: int | None = None) -> Sequence[int]:
    """Return accounts, by id, with something that expired before `today` and was not tidied away."""
    wanted = (
        select(_LOT.account_id)
        .where(_LOT.remaining > 0, _LOT.remaining > _LOT.held, _LOT.expires_on < today)
        .distinct()
        .order_by(_LOT.account_id)
    )
    if town_id is not None:
        wanted = wanted.join(Account.__table__, _ACCOUNT.id == _LOT.account_id).where(_ACCOUNT.town_id == town_id)
    return session().scalars(wanted.limit(limit) if limit else wanted).all()


def step(days_left: int) -> int | None:
    """Return which of the notices is due so many days before the last day of validity, None when it is far off."""
    return min((days for days in NOTICE_DAYS if 0 <= days_left <= days), default=None)


def to_tell(today: dt.date) -> Sequence[int]:
    """Return accounts, by id, of members who are to be told today that something of theirs expires."""
    member = people.MEMBER.c
    return (
        session()
        .scalars(
            select(_LOT.account_id)
            .join(Account.__table__, _ACCOUNT.id == _LOT.account_id)
            .join(people.MEMBER, member.id == _ACCOUNT.subject_id)
            .where(*_free(), _untold(today), member.status.in_(("active", "suspended")))
            .distinct()
            .order_by(_LOT.account_id)
        )
        .all()
    )


def untold(account_id: int, today: dt.date, limit: int = 400) -> list[Expiring]:
    """Return what expires of an account and was not told yet though it is time to, day by day."""
    rows = session().execute(
        select(_LOT.expires_on, func.sum(_LOT.remaining - _LOT.held))
        .where(_LOT.account_id == account_id, *_free(), _untold(today))
        .group_by(_LOT.expires_on)
        .order_by(_LOT.expires_on)
        .limit(limit)
    )
    return [Expiring(row[0], int(row[1])) for row in rows]


def _free() -> tuple[ColumnElement[bool], ...]:
    return _LOT.remaining > 0, _LOT.remaining > _LOT.held


def _untold(today: dt.date) -> ColumnElement[bool]:
    """The lot's last day is near enough for a notice that was not sent, nor any later one."""
    steps = sorted(NOTICE_DAYS)
    due = []
    for days, nearer in zip(steps, [-1, *steps], strict=False):
        told = select(_NOTICE.account_id).where(
            _NOTICE.account_id == _LOT.account_id, _NOTICE.expires_on == _LOT.expires_on, _NOTICE.days_before <= days
        )
        first, last = today + dt.timedelta(days=nearer + 1), today + dt.timedelta(days=days)
        due.append(_LOT.expires_on.between(first, last) & ~told.exists())
    return or_(*due)
