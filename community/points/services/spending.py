"""Spending points at once, without setting them aside before: donations. Need `transaction()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from community.core import clock
from community.core.errors import Conflict
from community.core.i18n import _
from community.points.services import journal
from community.points.services.journal import Book, Part, Posting
from community.points.services.posting import By


class NotEnough(Conflict):
    """There are not so many points to use today; `missing` says how many more it takes."""

    def __init__(self, missing: int) -> None:
        super().__init__(
            "not_enough",
            _("积分不够，还差 %(missing)s 分", missing=missing),
            next_step=_("可以换一样，或者攒够了再来。"),
        )
        self.missing = missing


def choose(book: Book, amount: int) -> list[Part]:
    """Return the parts of lots that make up `amount`, those that expire first; raises NotEnough."""
    if amount <= 0:
        raise ValueError("points are spent in amounts above zero")
    free = journal.free_lots(book, clock.today())
    available = sum(part.amount for part in free)
    if available < amount:
        raise NotEnough(amount - available)
    return journal.take(free, amount)


def spend(
    town_id: int,
    member_id: int,
    amount: int,
    *,
    kind: str,
    by: By,
    evidence_ref: str,
    explain: Mapping[str, Any],
) -> int:
    """Spend a member's points for what `evidence_ref` names; returns the posting, the same one if done before.

    Raises Conflict `not_enough` (`NotEnough.missing`).
    """
    book = journal.lock_of(town_id, "points", [member_id]).get(member_id)
    dedupe_key = f"{kind}:{evidence_ref}"
    done = journal.known(town_id, dedupe_key)
    if done is not None:
        return done
    if book is None:
        raise NotEnough(amount)
    parts = choose(book, amount)
    txn_id = journal.write(
        town_id,
        Posting(
            kind=kind,
            dedupe_key=dedupe_key,
            subject_id=member_id,
            by=by,
            evidence_ref=evidence_ref,
            explain={
                **explain,
                "amount": amount,
                "balance": book.posted - amount,
                "lots": journal.lots_used(parts),
            },
        ),
    )
    journal.debit(book, txn_id, "redeemed", parts)
    return txn_id
