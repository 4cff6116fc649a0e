"""I15: what postings and holds say, done once more from nothing, and compared with the tables that postings keep.

A second way to the same numbers: nothing of it is shared with the posting functions, and it asks rows, not sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, func, select

from community.core.db import session
from community.points.models import Account, Entry, Hold, HoldLot, HoldResolution, Lot, LotUse, Transfer

# How many accounts are in memory at a time.
BATCH = 500

_ACCOUNT, _ENTRY, _LOT, _USE = (table.__table__.c for table in (Account, Entry, Lot, LotUse))
_TRANSFER, _HOLD, _PART = Transfer.__table__.c, Hold.__table__.c, HoldLot.__table__.c
_END = HoldResolution.__table__.c


@dataclass(slots=True)
class _Books:
    """An account as its postings make it, beginning with nothing."""

    posted: int = 0
    held: int = 0
    seq: int = 0
    lots: dict[int, list[int]] = field(default_factory=dict)  # id → [granted, remaining, held]


def differences(
    town_id: int | None = None, progress: Callable[[int], object] = lambda _count: None
) -> Iterator[tuple[Any, ...]]:
    """Yield (table, account, row, what the table says, what the postings say) wherever the two differ."""
    after = 0
    while accounts := _accounts(town_id, after):
        yield from _compare(accounts)
        after = accounts[-1].id
        progress(len(accounts))


def size(town_id: int) -> int:
    """Return how many accounts of the town there are to compare."""
    counted = select(func.count()).where(_ACCOUNT.town_id == town_id, _ACCOUNT.kind == "resident")
    return session().scalar(counted) or 0


def _accounts(town_id: int | None, after: int) -> list[Row[Any]]:
    wanted = select(_ACCOUNT.id, _ACCOUNT.posted, _ACCOUNT.held, _ACCOUNT.seq).where(
        _ACCOUNT.kind == "resident", _ACCOUNT.id > after
    )
    if town_id is not None:
        wanted = wanted.where(_ACCOUNT.town_id == town_id)
    return list(session().execute(wanted.order_by(_ACCOUNT.id).limit(BATCH)))


def _compare(accounts: list[Row[Any]]) -> Iterator[tuple[Any, ...]]:
    ids = [row.id for row in accounts]
    made: defaultdict[int, _Books] = defaultdict(_Books)
    for row in session().execute(_moves(ids)):
        books = made[row.account_id]
        books.seq += 1
        books.posted += row.amount if row.credit_account_id == row.account_id else -row.amount
        if (row.seq, row.balance_after) != (books.seq, books.posted):
            yield "entry", row.account_id, row.seq, row.balance_after, books.posted
    kept = list(session().execute(select(*Lot.__table__.c).where(_LOT.account_id.in_(ids)).order_by(_LOT.id)))
    _open_lots(made, kept, ids)
    for row in accounts:
        books = made[row.id]
        if (row.posted, row.held, row.seq) != (books.posted, books.held, books.seq):
            yield "account", row.id, row.id, (row.posted, row.held, row.seq), (books.posted, books.held, books.seq)
    for row in kept:
        again = made[row.account_id].lots[row.id]
        if [row.granted, row.remaining, row.held] != again:
            yield "lot", row.account_id, row.id, (row.granted, row.remaining, row.held), tuple(again)


def _moves(ids: list[int]) -> Select[Any]:
    return (
        select(
            _ENTRY.account_id, _ENTRY.seq, _ENTRY.balance_after,
            _TRANSFER.amount, _TRANSFER.credit_account_id, _TRANSFER.debit_account_id,
        )
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .where(_ENTRY.account_id.in_(ids))
        .order_by(_ENTRY.account_id, _ENTRY.seq)
    )  # fmt: skip


def _open_lots(made: defaultdict[int, _Books], kept: list[Row[Any]], ids: list[int]) -> None:
    """Let lots begin as their transfers gave them, then take what was used and hold what open orders wait for."""
    given = select(_LOT.id, _TRANSFER.amount).join(Transfer.__table__, _TRANSFER.id == _LOT.transfer_id)
    amounts = {row.id: row.amount for row in session().execute(given.where(_LOT.account_id.in_(ids)))}
    for row in kept:
        made[row.account_id].lots[row.id] = [amounts[row.id], amounts[row.id], 0]
    used = (
        select(_LOT.account_id, _USE.lot_id, _USE.amount)
        .join(Lot.__table__, _LOT.id == _USE.lot_id)
        .where(_LOT.account_id.in_(ids))
    )
    for use in session().execute(used):
        made[use.account_id].lots[use.lot_id][1] -= use.amount
    waiting = (
        select(_HOLD.account_id, _PART.lot_id, _PART.amount)
        .join(HoldLot.__table__, _PART.hold_id == _HOLD.id)
        .outerjoin(HoldResolution.__table__, _END.hold_id == _HOLD.id)
        .where(_HOLD.account_id.in_(ids), _END.hold_id.is_(None))
    )
    for part in session().execute(waiting):
        books = made[part.account_id]
        books.held += part.amount
        books.lots[part.lot_id][2] += part.amount
