"""Writing a posting of any kind but awards: its row, its transfers, the resident's lines and the lots they move.

Order of locks, so that nobody waits in a circle: the order (or case) that is acted on, then residents' accounts by id,
then their lots, stock last. Who holds an account's lock may move its lots, and nobody else may. A posting's natural key
is asked for under that lock; the unique key is the second wall. What cannot be true ends the transaction with
RuntimeError: the assertions stay on, and stop the posting, not the site. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Integer, Update, bindparam, insert, select, update

from community.core import clock
from community.core.db import locking, session, upsert
from community.core.ids import new_id
from community.people import queries as people
from community.places import queries as places
from community.points.models import NEVER, Account, Entry, Lot, LotUse, Transfer, Txn, Unsealed
from community.points.services.posting import By

_ACCOUNT, _LOT, _TXN = Account.__table__.c, Lot.__table__.c, Txn.__table__.c


@dataclass(slots=True)
class Book:
    """A resident's account under our lock, as it stands after what was written so far."""

    id: int
    town_id: int
    asset: str
    subject_id: int
    posted: int
    held: int
    seq: int


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one lot."""

    lot_id: int
    amount: int
    expires_on: dt.date


@dataclass(frozen=True, slots=True)
class Posting:
    """What a posting says about itself. `dedupe_key` is its natural key within the town."""

    kind: str
    dedupe_key: str
    subject_id: int
    by: By
    evidence_ref: str
    explain: Mapping[str, Any]
    reason_code: str = ""
    reverses_txn_id: int | None = None
    rule_version_id: int | None = None
    # The day it counts for in statements; today without one.
    effective_on: dt.date | None = field(default=None)


# --- accounts ---

_BOOK = (
    _ACCOUNT.id, _ACCOUNT.town_id, _ACCOUNT.asset, _ACCOUNT.subject_id, _ACCOUNT.posted, _ACCOUNT.held, _ACCOUNT.seq,
)  # fmt: skip


def lock(account_ids: Iterable[int]) -> dict[int, Book]:
    """Lock residents' accounts in the order of their ids; returns id → account."""
    wanted = select(*_BOOK).where(_ACCOUNT.id.in_(sorted(set(account_ids))), _ACCOUNT.kind == "resident")
    return {row.id: Book(*row) for row in session().execute(locking(wanted.order_by(_ACCOUNT.id)))}


def lock_of(town_id: int, asset: str, member_ids: Iterable[int]) -> dict[int, Book]:
    """Lock the accounts of members in a town in the order of account ids; returns member → account, if she has one.

    For acts on several people's accounts at once: call it first, before anything that moves one of them.
    """
    wanted = select(*_BOOK).where(
        _ACCOUNT.town_id == town_id,
        _ACCOUNT.asset == asset,
        _ACCOUNT.kind == "resident",
        _ACCOUNT.subject_id.in_(sorted(set(member_ids))),
    )
    return {row.subject_id: Book(*row) for row in session().execute(locking(wanted.order_by(_ACCOUNT.id)))}


def open_book(town_id: int, asset: str, member_id: int) -> Book:
    """Return the member's account under our lock; opens it when she has none."""
    found = lock_of(town_id, asset, [member_id]).get(member_id)
    if found is not None:
        return found
    _add_account(town_id, asset, "resident", member_id)
    return lock_of(town_id, asset, [member_id])[member_id]


def system_account(town_id: int, asset: str, kind: str) -> int:
    """Return the id of a town's system account; a town whose books are older than its asset gets it now."""
    wanted = select(_ACCOUNT.id).where(_ACCOUNT.town_id == town_id, _ACCOUNT.asset == asset, _ACCOUNT.kind == kind)
    found = session().scalar(wanted)
    if found is None:
        _add_account(town_id, asset, kind, None)
        found = session().scalar(wanted)
    return int(found)  # type: ignore[arg-type]


def _add_account(town_id: int, asset: str, kind: str, subject_id: int | None) -> None:
    row = {"town_id": town_id, "asset": asset, "kind": kind, "subject_id": subject_id}
    session().execute(
        upsert(Account).values(id=new_id(), posted=0, held=0, seq=0, **row).on_conflict_do_nothing()
    )  # fmt: skip


def town_path(town_id: int) -> str:
    """Return the path of a town: where a posting lies that rests on nothing at a place of its own."""
    town = places.area(town_id)
    return str(town.path) if town else ""


# --- lots ---


def free_lots(book: Book, today: dt.date) -> list[Part]:
    """Return what is free of each of the account's lots, in the order of spending: what expires first, first.

    Judged by date, valid to the end of its last day: a late expiry job lets nothing expired be spent.
    """
    rows = session().execute(
        select(_LOT.id, _LOT.remaining - _LOT.held, _LOT.expires_on)
        .where(
            _LOT.account_id == book.id, _LOT.remaining > 0, _LOT.remaining > _LOT.held, _LOT.expires_on >= today
        )
        .order_by(_LOT.expires_on, _LOT.id)
    )  # fmt: skip
    return [Part(*row) for row in rows]


def take(free: Sequence[Part], amount: int) -> list[Part]:
    """Return the first parts of `free` that make up `amount`, or less when there is not so much."""
    taken: list[Part] = []
    for part in free:
        if amount <= 0:
            break
        taken.append(Part(part.lot_id, min(part.amount, amount), part.expires_on))
        amount -= taken[-1].amount
    return taken


def lots_used(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return what a posting's explanation says about the lots it used: how much that was valid until when."""
    days: dict[dt.date, int] = {}
    for part in parts:
        days[part.expires_on] = days.get(part.expires_on, 0) + part.amount
    return [{"amount": amount, "expires_on": day.isoformat()} for day, amount in sorted(days.items())]


_PART: BindParameter[int] = bindparam("part", type_=Integer)
_OF: BindParameter[int] = bindparam("of_lot", type_=_LOT.id.type)
_HOLD_LOT = (
    update(Lot.__table__)  # type: ignore[arg-type]
    .where(_LOT.id == _OF, _LOT.remaining - _LOT.held >= _PART)
    .values(held=_LOT.held + _PART)
)
_RELEASE_LOT = update(Lot.__table__).where(_LOT.id == _OF, _LOT.held >= _PART).values(held=_LOT.held - _PART)  # type: ignore[arg-type]
_SPEND_FREE = (
    update(Lot.__table__)  # type: ignore[arg-type]
    .where(_LOT.id == _OF, _LOT.remaining - _LOT.held >= _PART)
    .values(remaining=_LOT.remaining - _PART)
)
_SPEND_HELD = (
    update(Lot.__table__)  # type: ignore[arg-type]
    .where(_LOT.id == _OF, _LOT.held >= _PART)
    .values(remaining=_LOT.remaining - _PART, held=_LOT.held - _PART)
)


def _move(statement: Update, parts: Iterable[Part]) -> int:
    total = 0
    for part in parts:
        done = session().execute(statement, {"of_lot": part.lot_id, "part": part.amount})
        if not done.rowcount:  # type: ignore[attr-defined]
            raise RuntimeError(f"lot {part.lot_id} does not hold {part.amount}")
        total += part.amount
    return total


def set_aside(book: Book, parts: Sequence[Part]) -> None:
    """Hold free parts of lots."""
    book.held += _move(_HOLD_LOT, parts)
    _keep(book)


def give_back(book: Book, parts: Sequence[Part]) -> None:
    """Let held parts of lots be free again."""
    book.held -= _move(_RELEASE_LOT, parts)
    _keep(book)


# --- postings ---


def known(town_id: int, dedupe_key: str) -> int | None:
    """Return the posting with this natural key, if it was written already. Ask under the account's lock."""
    found = session().scalar(select(_TXN.id).where(_TXN.town_id == town_id, _TXN.dedupe_key == dedupe_key))
    return int(found) if found is not None else None


def write(town_id: int, posting: Posting) -> int:
    """Write a posting, without its transfers, and the task to seal it; returns its id."""
    txn_id, now = new_id(), clock.now()
    session().execute(
        insert(Txn.__table__),  # type: ignore[arg-type]
        {
            "id": txn_id,
            "town_id": town_id,
            "kind": posting.kind,
            "dedupe_key": posting.dedupe_key,
            "effective_on": posting.effective_on or clock.local(now).date(),
            "recorded_at": now,
            "rule_version_id": posting.rule_version_id,
            "evidence_ref": posting.evidence_ref,
            "subject_id": posting.subject_id,
            "actor_id": posting.by.actor_id,
            "approver_id": posting.by.approver_id,
            "reverses_txn_id": posting.reverses_txn_id,
            "reason_code": posting.reason_code,
            "explain": dict(posting.explain),
            # What is still written about somebody who was erased (her points expire) can be shown for nobody.
            "salt": None if people.is_erased(posting.subject_id) else secrets.token_bytes(16),
        },
    )
    session().execute(insert(Unsealed.__table__), {"txn_id": txn_id, "town_id": town_id})  # type: ignore[arg-type]
    return txn_id


def debit(book: Book, txn_id: int, to_kind: str, parts: Sequence[Part], *, held: bool = False) -> int:
    """Move parts of the account's lots to a system account, held ones or free ones; returns the transfer's id."""
    amount = sum(part.amount for part in parts)
    transfer_id = _transfer(book, txn_id, book.id, system_account(book.town_id, book.asset, to_kind), amount)
    _move(_SPEND_HELD if held else _SPEND_FREE, parts)
    session().execute(
        insert(LotUse.__table__),  # type: ignore[arg-type]
        [{"lot_id": part.lot_id, "transfer_id": transfer_id, "amount": part.amount} for part in parts],
    )
    book.held -= amount if held else 0
    _line(book, transfer_id, -amount)
    return transfer_id


def credit(book: Book, txn_id: int, from_kind: str, amount: int, expires_on: dt.date | None) -> int:
    """Move `amount` from a system account to the resident as a new lot; returns the transfer's id."""
    transfer_id = _transfer(book, txn_id, system_account(book.town_id, book.asset, from_kind), book.id, amount)
    session().execute(
        insert(Lot.__table__),  # type: ignore[arg-type]
        {
            "id": new_id(),
            "account_id": book.id,
            "transfer_id": transfer_id,
            "granted": amount,
            "remaining": amount,
            "held": 0,
            "expires_on": expires_on or NEVER,
        },
    )
    _line(book, transfer_id, amount)
    return transfer_id


def _transfer(book: Book, txn_id: int, debit_id: int, credit_id: int, amount: int) -> int:
    transfer_id = new_id()
    session().execute(
        insert(Transfer.__table__),  # type: ignore[arg-type]
        {
            "id": transfer_id,
            "town_id": book.town_id,
            "asset": book.asset,
            "txn_id": txn_id,
            "debit_account_id": debit_id,
            "credit_account_id": credit_id,
            "amount": amount,
        },
    )
    return transfer_id


def _line(book: Book, transfer_id: int, delta: int) -> None:
    book.posted += delta
    book.seq += 1
    row = {
        "account_id": book.id, "seq": book.seq, "transfer_id": transfer_id, "delta": delta,
        "balance_after": book.posted,
    }  # fmt: skip
    session().execute(insert(Entry.__table__), row)  # type: ignore[arg-type]
    _keep(book)


def _keep(book: Book) -> None:
    session().execute(
        update(Account.__table__)  # type: ignore[arg-type]
        .where(_ACCOUNT.id == book.id)
        .values(posted=book.posted, held=book.held, seq=book.seq)
    )
