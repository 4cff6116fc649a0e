"""Taking a wrong award back, never more than is left of it, never from other awards (points.md §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session
from community.core.errors import Conflict, NotFound
from community.core.i18n import _
from community.points.models import Account, Lot, PointsCase, Transfer, Txn
from community.points.services import journal
from community.points.services.journal import Part, Posting
from community.points.services.posting import By

_TXN, _TRANSFER, _LOT, _ACCOUNT = Txn.__table__.c, Transfer.__table__.c, Lot.__table__.c, Account.__table__.c
# What gave somebody something. Days of grace gave back what was hers before.
_REVERSIBLE = ("award", "adjust")


@dataclass(frozen=True, slots=True)
class Reversed:
    """What a reversal did: its posting (None when nothing was left to take), what it took, what it wrote off."""

    txn_id: int | None
    taken: int
    written_off: int


def reverse(
    txn_id: int,
    amount: int,
    *,
    by: By,
    evidence_ref: str,
    reason_code: str,
    explain: Mapping[str, Any],
) -> Reversed:
    """Take back up to `amount` of the posting `txn_id`, out of its own lot as far as that is still free.

    What was spent, is held for an order or has expired is written off: no balance becomes negative, and no later award
    pays for an earlier one. `evidence_ref` names the decision: carried out again, it takes nothing more. Needs
    `transaction()`. Raises NotFound, Conflict `not_reversible` (not an award), `reversed_already` (not so much left).
    """
    row = _granted(txn_id)
    book = journal.lock([row.account_id])[row.account_id]
    dedupe_key = f"reverse:{txn_id}:{evidence_ref}"
    done = journal.known(row.town_id, dedupe_key)
    if done is not None:
        taken = _taken(_TXN.id == done)
        return Reversed(done, taken, amount - taken)
    if amount <= 0:
        raise ValueError("a reversal takes back something")
    if amount > row.amount - settled(txn_id):
        raise Conflict("reversed_already", _("这笔积分已经更正过，剩下的没有这么多"))
    free, expires_on = _free(row.lot_id)
    taken = min(amount, free) if expires_on >= clock.today() else 0
    if taken == 0:
        return Reversed(None, 0, amount)
    part = Part(row.lot_id, taken, expires_on)
    made = journal.write(
        row.town_id,
        Posting(
            kind="reverse",
            dedupe_key=dedupe_key,
            subject_id=book.subject_id,
            by=by,
            evidence_ref=evidence_ref,
            reason_code=reason_code,
            reverses_txn_id=txn_id,
            rule_version_id=row.rule_version_id,
            explain={
                # Where it was earned: who sees the award sees its correction.
                **{name: row.explain[name] for name in ("place", "where") if name in row.explain},
                **explain,
                "amount": taken,
                "asked": amount,
                "written_off": amount - taken,
                "balance": book.posted - taken,
                "reverses": str(txn_id),
                "lots": journal.lots_used([part]),
            },
        ),
    )
    journal.debit(book, made, "reversed", [part])
    return Reversed(made, taken, amount - taken)


def left_of(txn_id: int) -> int:
    """Return how much a reversal of this posting could take now, at most. Raises like `reverse`."""
    row = _granted(txn_id)
    free, expires_on = _free(row.lot_id)
    return free if expires_on >= clock.today() else 0


def open_amount(txn_id: int) -> int:
    """Return how much of this posting was neither reversed nor written off yet. Raises like `reverse`."""
    return int(_granted(txn_id).amount) - settled(txn_id)


def _granted(txn_id: int) -> Any:
    row = session().execute(
        select(
            _TXN.town_id, _TXN.kind, _TXN.reason_code, _TXN.rule_version_id, _TXN.explain,
            _LOT.id.label("lot_id"), _LOT.account_id, _LOT.granted.label("amount"),
        )
        .outerjoin(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .outerjoin(Lot.__table__, _LOT.transfer_id == _TRANSFER.id)
        .where(_TXN.id == txn_id)
        .order_by(_LOT.id.is_(None))
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    if row.kind not in _REVERSIBLE or row.reason_code == "grace" or row.lot_id is None:
        raise Conflict("not_reversible", _("只有发放的积分可以更正"))
    return row


def _free(lot_id: int) -> Any:
    return session().execute(select(_LOT.remaining - _LOT.held, _LOT.expires_on).where(_LOT.id == lot_id)).one()


def settled(txn_id: int) -> int:
    """Return how much was taken back and how much was given up for good: she was told that nobody comes again."""
    written_off = select(func.coalesce(func.sum(PointsCase.written_off), 0)).where(PointsCase.txn_id == txn_id)
    return _taken(_TXN.reverses_txn_id == txn_id) + int(session().scalar(written_off) or 0)


def _taken(which: Any) -> int:
    taken = select(func.coalesce(func.sum(_TRANSFER.amount), 0)).join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
    return int(session().scalar(taken.where(which, _TXN.kind == "reverse")) or 0)
