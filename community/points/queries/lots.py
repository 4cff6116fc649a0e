"""Lots: which would be used, what expires when, and whose have expired without being tidied away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from community.core.db import session
from community.points.models import NEVER, Account, Lot

_LOT, _ACCOUNT = Lot.__table__.c, Account.__table__.c


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
