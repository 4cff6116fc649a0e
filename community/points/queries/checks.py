"""What the last looks over the ledger found; a red one freezes redeeming in its town."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from community.core.db import session
from community.points.models import LedgerCheck

_CHECK = LedgerCheck.__table__.c


def frozen(town_id: int) -> bool:
    """Say whether redeeming rests in the town: its latest look over the books found a fault. A town never looked over
    is not frozen.
    """
    newest = select(_CHECK.ok).where(_CHECK.town_id == town_id).order_by(_CHECK.at.desc(), _CHECK.id.desc()).limit(1)
    return session().scalar(newest) is False


def latest(town_ids: Iterable[int]) -> dict[int, LedgerCheck]:
    """Return the latest look at each of the towns, by town."""
    newest = (
        select(LedgerCheck, func.row_number().over(partition_by=_CHECK.town_id, order_by=_CHECK.id.desc()).label("nth"))
        .where(_CHECK.town_id.in_(list(town_ids)))
        .subquery()
    )
    rows = select(LedgerCheck).join(newest, newest.c.id == LedgerCheck.id).where(newest.c.nth == 1)
    return {check.town_id: check for check in session().scalars(rows)}


def last_green(town_id: int) -> LedgerCheck | None:
    """Return the town's latest look that found nothing."""
    return session().scalar(
        select(LedgerCheck)
        .where(LedgerCheck.town_id == town_id, LedgerCheck.ok)
        .order_by(LedgerCheck.id.desc())
        .limit(1)
    )
