"""What hangs together with a line: corrections of it, where its points went, where those it used came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from community.core.db import session
from community.core.ids import parse_id
from community.points.models import Entry, Lot, LotUse, Transfer, Txn

# A line that was used up in fifty small steps names the first of them.
SHOWN = 12

_TXN, _TRANSFER, _ENTRY = Txn.__table__.c, Transfer.__table__.c, Entry.__table__.c
_LOT, _USE = Lot.__table__.c, LotUse.__table__.c
_WHAT = (_TXN.id.label("txn_id"), _TXN.kind, _TXN.reason_code, _TXN.explain, _TXN.recorded_at)


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows (txn_id, kind, reason_code, explain, recorded_at, amount): what this line takes back or gives back, what
    took it back, which lines used its points, and from which lines those came that it used."""

    corrects: Sequence[Any]
    corrected_by: Sequence[Any]
    used_by: Sequence[Any]
    came_from: Sequence[Any]


def trace(row: Any) -> Trace:
    """Return what hangs together with a line (`accounts.proof(...).row`), of its own account alone."""
    first = parse_id(str(row.explain.get("gives_back", ""))) or row.reverses_txn_id
    return Trace(
        corrects=_moved(row.account_id, _TXN.id == first) if first else (),
        corrected_by=_moved(row.account_id, _TXN.reverses_txn_id == row.txn_id),
        used_by=_used_by(row) if row.delta > 0 else (),
        came_from=_came_from(row) if row.delta < 0 else (),
    )


def _moved(account_id: int, which: Any) -> Sequence[Any]:
    return session().execute(
        select(*_WHAT, _ENTRY.delta.label("amount"))
        .join(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .join(Entry.__table__, _ENTRY.transfer_id == _TRANSFER.id)
        .where(_ENTRY.account_id == account_id, which)
        .order_by(_TXN.id)
        .limit(SHOWN)
    ).all()  # fmt: skip


def _used_by(row: Any) -> Sequence[Any]:
    paid = Transfer.__table__.alias("paid")
    return session().execute(
        select(*_WHAT, (-_USE.amount).label("amount"))
        .select_from(Lot.__table__)
        .join(Transfer.__table__, _TRANSFER.id == _LOT.transfer_id)
        .join(LotUse.__table__, _USE.lot_id == _LOT.id)
        .join(paid, paid.c.id == _USE.transfer_id)
        .join(Txn.__table__, _TXN.id == paid.c.txn_id)
        .where(_LOT.account_id == row.account_id, _TRANSFER.txn_id == row.txn_id)
        .order_by(_TXN.id)
        .limit(SHOWN)
    ).all()  # fmt: skip


def _came_from(row: Any) -> Sequence[Any]:
    paid = Transfer.__table__.alias("paid")
    return session().execute(
        select(*_WHAT, _USE.amount.label("amount"))
        .select_from(LotUse.__table__)
        .join(paid, paid.c.id == _USE.transfer_id)
        .join(Lot.__table__, _LOT.id == _USE.lot_id)
        .join(Transfer.__table__, _TRANSFER.id == _LOT.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(_LOT.account_id == row.account_id, paid.c.txn_id == row.txn_id)
        .order_by(_LOT.expires_on, _LOT.id)
        .limit(SHOWN)
    ).all()  # fmt: skip
