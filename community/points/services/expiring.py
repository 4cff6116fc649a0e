"""Tidying away what has expired: availability is judged by date anyway, the job only writes it down."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from community.core.db import session
from community.points.models import Lot, Transfer, Txn
from community.points.queries import lots
from community.points.services import journal
from community.points.services.journal import Book, Part, Posting
from community.points.services.posting import By

_LOT, _TRANSFER, _TXN = Lot.__table__.c, Transfer.__table__.c, Txn.__table__.c


def expire_town(town_id: int, today: dt.date) -> int:
    """Expire what was valid until yesterday in a whole town; returns how many lots. Needs `transaction()`.

    For small towns and tests; the job takes one account a transaction.
    """
    return sum(expire_account(account_id, today) for account_id in lots.due(today, town_id=town_id))


def expire_account(account_id: int, today: dt.date) -> int:
    """Expire what an account's lots hold that were valid until yesterday, a posting a lot; returns how many.

    What is held for an order does not expire. Needs `transaction()`.
    """
    book = journal.lock([account_id])[account_id]
    rows = (
        session()
        .execute(
            select(_LOT.id, _LOT.remaining - _LOT.held, _LOT.expires_on, _TXN.explain)
            .join(Transfer.__table__, _TRANSFER.id == _LOT.transfer_id)
            .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
            .where(_LOT.account_id == book.id, _LOT.remaining > 0, _LOT.remaining > _LOT.held, _LOT.expires_on < today)
            .order_by(_LOT.expires_on, _LOT.id)
        )
        .all()
    )
    for row in rows:
        # Where they were earned: who sees the award sees that it expired.
        where = row.explain.get("where") or journal.town_path(book.town_id)
        _expire(book, Part(*row[:3]), today, where)
    return len(rows)


def _expire(book: Book, part: Part, today: dt.date, where: str) -> None:
    key = f"expire:{part.lot_id}"
    if journal.known(book.town_id, key) is not None:
        # A second pass over the same lot, after something of it was given back.
        key = f"{key}:{today.isoformat()}"
    txn_id = journal.write(
        book.town_id,
        Posting(
            kind="expire",
            dedupe_key=key,
            subject_id=book.subject_id,
            by=By(0),
            evidence_ref=f"lot:{part.lot_id}",
            # It was valid to the end of its last day.
            effective_on=part.expires_on + dt.timedelta(days=1),
            explain={
                "amount": part.amount,
                "balance": book.posted - part.amount,
                "expires_on": part.expires_on.isoformat(),
                "where": where,
            },
        ),
    )
    journal.debit(book, txn_id, "expired", [part])
