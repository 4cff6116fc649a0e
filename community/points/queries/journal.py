"""A month of a town's books for other programs: opening balances, every transfer with what it rests on, closing ones.

Residents are numbers of accounts: no name leaves the ledger this way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from community.core import clock
from community.core.db import session
from community.points import policies
from community.points.models import Account, Rule, RuleVersion, Transfer, Txn
from community.points.queries import months

_TXN, _TRANSFER = Txn.__table__.c, Transfer.__table__.c
# Rows that are read from the database at a time.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Side:
    """An account: a resident's by its number, or one of the system by its kind."""

    kind: str
    account_id: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """What a resident's account held before the month and after it."""

    side: Side
    asset: str
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer: when it was recorded, for which day it counts, what it rests on, from which account to which."""

    txn_id: int
    recorded_on: dt.date
    recorded_at: dt.datetime
    effective_on: dt.date
    kind: str
    asset: str
    amount: int
    debit: Side
    credit: Side
    rule: str
    evidence: str
    reason: str
    reverses: int | None


def balances(town_id: int, month_on: dt.date) -> Sequence[Balance]:
    """Return the accounts that had or moved something in the month."""
    return [
        Balance(Side("resident", sheet.account_id), sheet.asset, sheet.opening, sheet.closing)
        for sheet in months.sheets(town_id, month_on)
    ]


def count(town_id: int, month_on: dt.date) -> int:
    """Return how many transfers `lines` will yield."""
    start, end = months.bounds(month_on)
    wanted = (
        select(func.count(_TRANSFER.id))
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(_TXN.town_id == town_id, _TXN.recorded_at >= start, _TXN.recorded_at < end)
    )
    return session().scalar(wanted) or 0


def lines(town_id: int, month_on: dt.date) -> Iterator[Line]:
    """Yield the month's transfers in the order in which they were recorded."""
    start, end = months.bounds(month_on)
    debit, credit = aliased(Account.__table__), aliased(Account.__table__)
    rule, version = Rule.__table__.c, RuleVersion.__table__.c
    wanted = (
        select(
            _TXN.id, _TXN.recorded_at, _TXN.effective_on, _TXN.kind, _TRANSFER.asset, _TRANSFER.amount,
            debit.c.kind.label("from_kind"), debit.c.id.label("from_id"), credit.c.kind.label("to_kind"),
            credit.c.id.label("to_id"), rule.code, version.version, _TXN.evidence_ref, _TXN.reason_code,
            _TXN.reverses_txn_id,
        )
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .join(debit, debit.c.id == _TRANSFER.debit_account_id)
        .join(credit, credit.c.id == _TRANSFER.credit_account_id)
        .outerjoin(RuleVersion.__table__, version.id == _TXN.rule_version_id)
        .outerjoin(Rule.__table__, rule.id == version.rule_id)
        .where(_TXN.town_id == town_id, _TXN.recorded_at >= start, _TXN.recorded_at < end)
        .order_by(_TXN.recorded_at, _TRANSFER.id)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip
    for row in session().execute(wanted):
        yield Line(
            txn_id=row.id,
            recorded_on=clock.local(row.recorded_at).date(),
            recorded_at=row.recorded_at,
            effective_on=row.effective_on,
            kind=row.kind,
            asset=row.asset,
            amount=row.amount,
            debit=_side(row.from_kind, row.from_id),
            credit=_side(row.to_kind, row.to_id),
            rule=f"{row.code}/{row.version}" if row.code else "",
            evidence=row.evidence_ref,
            reason=row.reason_code,
            reverses=row.reverses_txn_id,
        )


def last_day(month_on: dt.date) -> dt.date:
    """Return the last day of the month."""
    return policies.add_months(month_on.replace(day=1), 1) - dt.timedelta(days=1)


def _side(kind: str, account_id: int) -> Side:
    return Side(kind, account_id if kind == "resident" else 0)
