"""A town's points budget of a year, how it came about, and what a point costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from community.core.db import session
from community.points.models import BudgetMove, BudgetSlot

_SLOT, _MOVE = BudgetSlot.__table__.c, BudgetMove.__table__.c


@dataclass(frozen=True, slots=True)
class Year:
    """A year's budget: in all, and what was issued of it."""

    year: int
    amount: int
    used: int

    @property
    def left(self) -> int:
        return self.amount - self.used


def year_of(town_id: int, year: int) -> Year:
    """Return the town's budget of `year`, of nothing when there is none."""
    return next((one for one in years(town_id) if one.year == year), Year(year, 0, 0))


def years(town_id: int) -> list[Year]:
    """Return the town's budgets, newest first."""
    sums = select(_SLOT.year, func.sum(_SLOT.amount), func.sum(_SLOT.used)).where(_SLOT.town_id == town_id)
    rows = session().execute(sums.group_by(_SLOT.year).order_by(_SLOT.year.desc()))
    return [Year(row[0], int(row[1]), int(row[2])) for row in rows]


def moves(town_id: int) -> Sequence[BudgetMove]:
    """Return how the town's budgets came about, newest first."""
    wanted = select(BudgetMove).where(BudgetMove.town_id == town_id)
    return session().scalars(wanted.order_by(BudgetMove.at.desc(), BudgetMove.id.desc())).all()


def price(town_id: int) -> int:
    """Return what a point costs in fen, as it was last decided; 0 when nobody said so."""
    wanted = select(_MOVE.fen_per_point).where(_MOVE.town_id == town_id).order_by(_MOVE.at.desc(), _MOVE.id.desc())
    return session().scalar(wanted.limit(1)) or 0


def funded(town_id: int) -> int:
    """Return how much money (fen) all budgets of the town set aside, each move at its own price."""
    return int(
        session().scalar(
            select(func.coalesce(func.sum(_MOVE.amount * _MOVE.fen_per_point), 0)).where(_MOVE.town_id == town_id)
        )
        or 0
    )
