"""The board of a published month: who earned how much by which rules, under masked names, for ninety days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session
from community.points.models import Account, Entry, PeriodClose, Rule, RuleVersion, StatementLeaf, Transfer, Txn
from community.points.queries import months

# De-identified, and no longer than this (product.md, "Publication").
SHOWN = dt.timedelta(days=90)
PAGE = 50

_LEAF, _ENTRY, _TRANSFER = StatementLeaf.__table__.c, Entry.__table__.c, Transfer.__table__.c
_TXN, _ACCOUNT, _VERSION = Txn.__table__.c, Account.__table__.c, RuleVersion.__table__.c


@dataclass(slots=True)
class Earned:
    """What one member got in the month, rule by rule: (code, points, times)."""

    member_id: int
    total: int
    rules: list[tuple[str, int, int]]


def is_shown(month: PeriodClose) -> bool:
    """Say whether the month's names are on the board today: from its publication on for ninety days."""
    return month.published_at is not None and clock.now() < month.published_at + SHOWN


def earned(month: PeriodClose, after: int = 0) -> tuple[Sequence[Earned], int | None]:
    """Return a page of who earned points, in the order of the statements' leaves, and where to go on.

    The order says nothing about anybody: this is no ranking.
    """
    start, end = months.bounds(month.month_on)
    paid = (
        select(_ACCOUNT.id, _LEAF.position)
        .select_from(StatementLeaf.__table__)
        .join(Account.__table__, _ACCOUNT.id == _LEAF.account_id)
        .where(
            _LEAF.town_id == month.town_id, _LEAF.month_on == month.month_on, _LEAF.position > after,
            _ACCOUNT.asset == "points",
        )
        .order_by(_LEAF.position)
        .limit(PAGE + 1)
    )  # fmt: skip
    places = session().execute(paid).all()
    rows = session().execute(
        select(_ACCOUNT.subject_id, Rule.__table__.c.code, func.sum(_ENTRY.delta).label("sum"), func.count().label("n"))
        .select_from(Entry.__table__)
        .join(Account.__table__, _ACCOUNT.id == _ENTRY.account_id)
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .join(RuleVersion.__table__, _VERSION.id == _TXN.rule_version_id)
        .join(Rule.__table__, Rule.__table__.c.id == _VERSION.rule_id)
        .where(
            _ENTRY.account_id.in_([row.id for row in places[:PAGE]]),
            _TXN.kind == "award", _TXN.recorded_at >= start, _TXN.recorded_at < end,
        )
        .group_by(_ACCOUNT.subject_id, Rule.__table__.c.code)
        .order_by(_ACCOUNT.subject_id, Rule.__table__.c.code)
    )  # fmt: skip
    found: dict[int, Earned] = {}
    for row in rows:
        one = found.setdefault(row.subject_id, Earned(row.subject_id, 0, []))
        one.total += row.sum
        one.rules.append((row.code, row.sum, row.n))
    return list(found.values()), places[PAGE - 1].position if len(places) > PAGE else None
