"""Points set aside for an order, until they are spent, given back, or the order expires. Need `transaction()`.

The caller has locked the order (or has just written it); here its account is locked, then the lots, and the caller
moves the stock last (points.md §2.2).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select

from community.core import clock
from community.core.db import session
from community.core.errors import Conflict
from community.core.i18n import _
from community.core.ids import new_id
from community.points import policies
from community.points.models import Hold, HoldLot, HoldResolution, Lot, RewardOrder, Transfer, Txn
from community.points.services import journal
from community.points.services.journal import Book, Part, Posting
from community.points.services.posting import By
from community.points.services.spending import NotEnough, choose

_HOLD, _PARTS, _DONE, _LOT = Hold.__table__.c, HoldLot.__table__.c, HoldResolution.__table__.c, Lot.__table__.c


def hold(town_id: int, member_id: int, amount: int, *, order_id: uuid.UUID, expires_at: dt.datetime) -> int:
    """Set `amount` of a member's points aside for an order, from the lots that expire first; returns the hold's id.

    Holding the same again changes nothing. Raises Conflict `not_enough` (`NotEnough.missing`: how many). An order that
    several people pay for: first `journal.lock_of` all of them, then a hold for each.
    """
    book = journal.lock_of(town_id, "points", [member_id]).get(member_id)
    key = f"hold:{order_id}:{member_id}"
    before = session().scalar(select(_HOLD.id).where(_HOLD.town_id == town_id, _HOLD.dedupe_key == key))
    if before is not None:
        return int(before)
    if book is None:
        raise NotEnough(amount)
    parts = choose(book, amount)
    hold_id = new_id()
    session().execute(
        insert(Hold.__table__),  # type: ignore[arg-type]
        {
            "id": hold_id,
            "town_id": town_id,
            "account_id": book.id,
            "order_id": order_id,
            "amount": amount,
            "dedupe_key": key,
            "expires_at": expires_at,
        },
    )
    session().execute(
        insert(HoldLot.__table__),  # type: ignore[arg-type]
        [{"hold_id": hold_id, "lot_id": part.lot_id, "amount": part.amount} for part in parts],
    )
    journal.set_aside(book, parts)
    return hold_id


def post(
    order_id: uuid.UUID,
    *,
    kind: str,
    by: By,
    evidence_ref: str,
    explain: Mapping[str, Any],
    shared_by: int | None = None,
) -> int:
    """Spend what is held for an order (`kind` "redeem" or "donate"); returns the posting, the same one if done before.

    `shared_by` is who ordered what others pay for, with her or without: the posting is hers, and says each one's part.
    What was held when it expired is spent all the same. Raises Conflict `hold_ended` when it was given back, NotFound
    is the caller's: without a hold there is nothing to spend (RuntimeError).
    """
    open_holds, books = _open(order_id)
    first = open_holds[0] if open_holds else _latest(order_id)
    dedupe_key = f"{kind}:order:{order_id}"
    done = journal.known(first.town_id, dedupe_key)
    if done is not None:
        return done
    if not open_holds:
        raise _ended()
    parts = _parts([row.id for row in open_holds])
    shared = shared_by is not None or len(open_holds) > 1
    txn_id = journal.write(
        first.town_id,
        Posting(
            kind=kind,
            dedupe_key=dedupe_key,
            subject_id=shared_by or books[open_holds[0].account_id].subject_id,
            by=by,
            evidence_ref=evidence_ref,
            explain={**explain, **_told(open_holds, books, parts, shared=shared)},
        ),
    )
    for row in open_holds:
        transfer_id = journal.debit(books[row.account_id], txn_id, "redeemed", parts[row.id], held=True)
        _resolve(row.id, "posted", transfer_id)
    return txn_id


def _told(
    open_holds: Sequence[Any], books: Mapping[int, Book], parts: Mapping[int, list[Part]], *, shared: bool
) -> dict[str, Any]:
    """Return what a posting says about the points it spends.

    Where several people pay, each one's part, and nobody's balance or lots: those are her own.
    """
    amount = sum(part.amount for row in open_holds for part in parts[row.id])
    if shared:
        shares = [{"who": str(books[row.account_id].subject_id), "amount": row.amount} for row in open_holds]
        return {"amount": amount, "shares": shares}
    first = open_holds[0]
    return {
        "amount": amount,
        "balance": books[first.account_id].posted - amount,
        "lots": journal.lots_used(parts[first.id]),
    }


def void(order_id: uuid.UUID, outcome: str) -> None:
    """Give back what is held for an order: `outcome` "voided" (cancelled, refused) or "expired" (never picked up).

    Points whose last day passed meanwhile are valid for another 30 days, once: ordering and giving up again would keep
    them for ever. Doing it again changes nothing. Raises Conflict `hold_ended` when they were spent.
    """
    open_holds, books = _open(order_id)
    if not open_holds:
        if _was_posted(order_id):
            raise _ended()
        return
    parts = _parts([row.id for row in open_holds])
    for row in open_holds:
        journal.give_back(books[row.account_id], parts[row.id])
        _resolve(row.id, outcome, None)
        late = [part for part in parts[row.id] if part.expires_on < clock.today()]
        before = _extended(late)
        if first := [part for part in late if part.lot_id not in before]:
            _extend(books[row.account_id], first, row.id, order_id)


def _extended(parts: Sequence[Part]) -> set[int]:
    """Return the lots that are days of grace themselves."""
    rows = (
        select(_LOT.id)
        .join(Transfer, Transfer.id == _LOT.transfer_id)
        .join(Txn, Txn.id == Transfer.txn_id)
        .where(_LOT.id.in_([part.lot_id for part in parts]), Txn.reason_code == "grace")
    )
    return set(session().scalars(rows)) if parts else set()


def _extend(book: Book, late: Sequence[Part], hold_id: int, order_id: uuid.UUID) -> None:
    amount, until = sum(part.amount for part in late), clock.today() + policies.LATE_GRACE
    txn_id = journal.write(
        book.town_id,
        Posting(
            kind="adjust",
            dedupe_key=f"adjust:grace:{hold_id}",
            subject_id=book.subject_id,
            by=By(0),
            evidence_ref=f"order:{order_id}",
            reason_code="grace",
            explain={
                "amount": amount,
                "balance": book.posted,
                "expires_on": until.isoformat(),
                "lots": journal.lots_used(late),
                "where": session().scalar(select(RewardOrder.scope_path).where(RewardOrder.id == order_id)) or "",
            },
        ),
    )
    # Out and in again by one account: the sums of the statement do not change, only the day does.
    journal.debit(book, txn_id, "adjustment", late)
    journal.credit(book, txn_id, "adjustment", amount, until)


def _open(order_id: uuid.UUID) -> tuple[Sequence[Any], dict[int, Book]]:
    """Lock the accounts that an order holds points of; return its open holds and the accounts."""
    ids = session().scalars(select(_HOLD.account_id).where(_HOLD.order_id == order_id)).all()
    if not ids:
        raise RuntimeError(f"nothing is held for order {order_id}")
    books = journal.lock(ids)
    rows = session().execute(
        select(_HOLD.id, _HOLD.town_id, _HOLD.account_id, _HOLD.amount)
        .outerjoin(HoldResolution.__table__, _DONE.hold_id == _HOLD.id)
        .where(_HOLD.order_id == order_id, _DONE.hold_id.is_(None))
        .order_by(_HOLD.id)
    )
    return rows.all(), books


def _latest(order_id: uuid.UUID) -> Any:
    return session().execute(select(_HOLD.id, _HOLD.town_id).where(_HOLD.order_id == order_id).limit(1)).one()


def _parts(hold_ids: Sequence[int]) -> dict[int, list[Part]]:
    rows = session().execute(
        select(_PARTS.hold_id, _PARTS.lot_id, _PARTS.amount, _LOT.expires_on)
        .join(Lot.__table__, _LOT.id == _PARTS.lot_id)
        .where(_PARTS.hold_id.in_(hold_ids))
        .order_by(_LOT.expires_on, _LOT.id)
    )
    found: dict[int, list[Part]] = defaultdict(list)
    for row in rows:
        found[row.hold_id].append(Part(row.lot_id, row.amount, row.expires_on))
    return found


def _resolve(hold_id: int, outcome: str, transfer_id: int | None) -> None:
    session().execute(
        insert(HoldResolution.__table__),  # type: ignore[arg-type]
        {"hold_id": hold_id, "outcome": outcome, "transfer_id": transfer_id, "at": clock.now()},
    )


def _was_posted(order_id: uuid.UUID) -> bool:
    wanted = select(_DONE.hold_id).join(Hold.__table__, _HOLD.id == _DONE.hold_id)
    return session().scalar(wanted.where(_HOLD.order_id == order_id, _DONE.outcome == "posted")) is not None


def _ended() -> Conflict:
    return Conflict("hold_ended", _("这份兑换已经结束"), next_step=_("请回到兑换记录，看看它现在的状态。"))
