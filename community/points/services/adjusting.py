"""Points and minutes that no event earned: opening balances of an older book, days of grace. Need `transaction()`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from community.core import clock
from community.points.services import journal
from community.points.services.journal import Posting
from community.points.services.posting import By


def adjust(
    town_id: int,
    member_id: int,
    asset: str,
    amount: int,
    *,
    expires_on: dt.date | None,
    by: By,
    evidence_ref: str,
    reason_code: str,
    explain: Mapping[str, Any],
) -> int:
    """Give a member `amount` of `asset` as a lot valid until `expires_on` (None: for good); returns the posting.

    `evidence_ref` names the row of the old book, or whatever it rests on: the same one gives nothing twice. Only
    ever in the resident's favour; what was wrongly given is taken back by `reversing`. Raises ValueError for an amount
    that is not positive, or for points that are dead already.
    """
    if amount <= 0:
        raise ValueError("an adjustment gives, it never takes")
    if expires_on is not None and expires_on < clock.today():
        raise ValueError("points that have expired already are never granted")
    book = journal.open_book(town_id, asset, member_id)
    dedupe_key = key_of(reason_code, asset, evidence_ref, member_id)
    done = journal.known(town_id, dedupe_key)
    if done is not None:
        return done
    txn_id = journal.write(
        town_id,
        Posting(
            kind="adjust",
            dedupe_key=dedupe_key,
            subject_id=member_id,
            by=by,
            evidence_ref=evidence_ref,
            reason_code=reason_code,
            explain={
                # Without a place of its own it is the town's: its staff see it beside her other lines.
                "where": journal.town_path(town_id),
                **explain,
                "amount": amount,
                "balance": book.posted + amount,
                **({"expires_on": expires_on.isoformat()} if expires_on else {}),
            },
        ),
    )
    journal.credit(book, txn_id, "adjustment", amount, expires_on)
    return txn_id


def key_of(reason_code: str, asset: str, evidence_ref: str, member_id: int) -> str:
    """Return the natural key of an adjustment."""
    return f"adjust:{reason_code}:{asset}:{evidence_ref}:{member_id}"
