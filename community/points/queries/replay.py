"""I15: what postings and holds say, done once more from nothing, and compared with the tables that postings keep.

A second way to the same numbers: nothing of it is shared with the posting functions, and it asks rows, not sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, select

from community.core.db import session
from community.points.models import Account, Entry, Hold, HoldLot, HoldResolution, Lot, LotUse, Transfer
from community.points.queries import parts

# How many accounts are looked at at a time: few, so that the planner goes by their indexes, however long the books are.
BATCH = 100

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


def differences(town_id: int | None = None, after: int = 0, until: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield (table, account, row, what the table says, what the postings say) wherever the two differ.

    Of the accounts behind `after` up to `until` alone, when given.
    """
    at = after
    while accounts := _accounts(town_id, at, until):
        yield from _compare(accounts)
        at = accounts[-1].id


def pieces(town_id: int | None, size: int) -> list[parts.Part]:
    """Return the accounts in parts of `size`, as `differences` takes them."""
    return parts.of(_residents(select(_ACCOUNT.id), town_id), size)


def _residents(statement: Select[Any], town_id: int | None) -> Select[Any]:
    wanted = statement.where(_ACCOUNT.kind == "resident")
    return wanted if town_id is None else wanted.where(_ACCOUNT.town_id == town_id)


def _accounts(town_id: int | None, after: int, until: int | None) -> Sequence[Row[Any]]:
    wanted = select(_ACCOUNT.id, _ACCOUNT.posted, _ACCOUNT.held, _ACCOUNT.seq).where(_ACCOUNT.id > after)
    if until is not None:
        wanted = wanted.where(_ACCOUNT.id <= until)
    return session().execute(_residents(wanted, town_id).order_by(_ACCOUNT.id).limit(BATCH)).all()


def _compare(accounts: Sequence[Row[Any]]) -> Iterator[tuple[Any, ...]]:
    ids = [row.id for row in accounts]
    made: defaultdict[int, _Books] = defaultdict(_Books)
    for row in session().execute(_moves(ids)).all():
        books = made[row.account_id]
        books.seq += 1
        books.posted += row.amount if row.credit_account_id == row.account_id else -row.amount
        if (row.seq, row.balance_after) != (books.seq, books.posted):
            yield "entry", row.account_id, row.seq, row.balance_after, books.posted
    kept = list(session().execute(_lots(ids, *Lot.__table__.c, _TRANSFER.amount).order_by(_LOT.id)))
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


def _lots(ids: list[int], *columns: Any) -> Select[Any]:
    """Select from the accounts' lots, by way of their lines: a used-up lot is in no index of its account.

    A lot that belongs to no line of its account is found by I5.
    """
    return (
        select(*columns)
        .select_from(Entry.__table__)
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .join(Lot.__table__, (_LOT.transfer_id == _ENTRY.transfer_id) & (_LOT.account_id == _ENTRY.account_id))
        .where(_ENTRY.account_id.in_(ids))
    )


def _open_lots(made: defaultdict[int, _Books], kept: list[Row[Any]], ids: list[int]) -> None:
    """Let lots begin as their transfers gave them, then take what was used and hold what open orders wait for."""
    for row in kept:
        made[row.account_id].lots[row.id] = [row.amount, row.amount, 0]
    used = _lots(ids, _LOT.account_id, _USE.lot_id, _USE.amount).join(LotUse.__table__, _USE.lot_id == _LOT.id)
    for use in session().execute(used).all():
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
