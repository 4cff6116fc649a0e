"""A month of a town's books: what was recorded in it, by town and by account, and what is wrong with published ones.

A posting belongs to the month in which it was recorded. One about an earlier month (a correction, a late approval) is
shown as such and changes no earlier statement (points.md §2.3).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from community.core import chain, clock
from community.core.db import session
from community.people import erased as erased_people
from community.points import policies
from community.points.models import ASSETS, Account, Entry, PeriodClose, Seal, StatementLeaf, Transfer, Txn
from community.points.queries import chain as chains

_ACCOUNT, _ENTRY, _TRANSFER = Account.__table__.c, Entry.__table__.c, Transfer.__table__.c
_TXN, _SEAL, _LEAF = Txn.__table__.c, Seal.__table__.c, StatementLeaf.__table__.c
# Kind of posting → its word in the sums of I14, and the sign with which it counts.
FLOWS = {
    "award": ("issued", 1),
    "redeem": ("redeemed", -1),
    "donate": ("donated", -1),
    "expire": ("expired", -1),
    "reverse": ("reversed", -1),
    "adjust": ("adjusted", 1),
}


@dataclass(slots=True)
class Sheet:
    """What an account had before the month and after it, and its lines in between."""

    account_id: int
    subject_id: int
    asset: str
    opening: int
    closing: int
    lines: list[Row[Any]] = field(default_factory=list)


def bounds(month_on: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants at which the month begins and ends."""
    midnight = dt.time.min
    return clock.at_local(month_on, midnight), clock.at_local(policies.add_months(month_on, 1), midnight)


def month(town_id: int, month_on: dt.date) -> PeriodClose | None:
    """Return the town's month, drafted or published, or None."""
    return session().get(PeriodClose, (town_id, month_on))


def months(town_ids: Sequence[int], *, published: bool = False) -> Sequence[PeriodClose]:
    """Return the months of the towns, newest first."""
    wanted = select(PeriodClose).where(PeriodClose.town_id.in_(town_ids))
    if published:
        wanted = wanted.where(PeriodClose.state == "published")
    return session().scalars(wanted.order_by(PeriodClose.month_on.desc(), PeriodClose.town_id)).all()


def totals(town_id: int, month_on: dt.date) -> dict[str, dict[str, int]]:
    """Return the sums of I14 by asset; opening with all that came and went makes closing."""
    start, end = bounds(month_on)
    made = {asset: dict.fromkeys(("opening", *(word for word, _ in FLOWS.values()), "closing"), 0) for asset in ASSETS}
    for row in session().execute(_flows(town_id, start, end)):
        word, sign = FLOWS[row.kind]
        amount = row.credited - row.debited
        made[row.asset][word] += sign * amount
        made[row.asset]["closing"] += amount
    for asset, opening in _held_at(town_id, month_on, start).items():
        made[asset]["opening"] = opening
        made[asset]["closing"] += opening
    return made


def sheets(town_id: int, month_on: dt.date, accounts: Sequence[int] | None = None) -> list[Sheet]:
    """Return the accounts that had or moved something in the month, by id; of `accounts` alone when given."""
    start, end = bounds(month_on)
    # One statement for what is there and what came since: an award between two of them would be in one alone.
    since = _since(town_id, end, accounts).subquery()
    closing = (_ACCOUNT.posted - func.coalesce(since.c.moved, 0)).label("closing")
    wanted = (
        select(_ACCOUNT.id, _ACCOUNT.subject_id, _ACCOUNT.asset, closing)
        .outerjoin(since, since.c.account_id == _ACCOUNT.id)
        .where(_ACCOUNT.town_id == town_id, _ACCOUNT.kind == "resident")
    )
    if accounts is not None:
        wanted = wanted.where(_ACCOUNT.id.in_(accounts))
    lines: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in session().execute(_lines(town_id, start, end, accounts)):
        lines[row.account_id].append(row)
    made = []
    for row in session().execute(wanted.order_by(_ACCOUNT.id)):
        own = lines.get(row.id, [])
        if own or row.closing:
            opening = row.closing - sum(line.delta for line in own)
            made.append(Sheet(row.id, row.subject_id, row.asset, opening, row.closing, own))
    return made


def statement(town_id: int, month_on: dt.date, sheet: Sheet) -> dict[str, Any]:
    """Return the document of a statement, which its leaf covers. Needs every line sealed."""
    return {
        "v": 1,
        "town": str(town_id),
        "month": month_on.strftime("%Y-%m"),
        "account": str(sheet.account_id),
        "asset": sheet.asset,
        "opening": sheet.opening,
        "closing": sheet.closing,
        "lines": [
            {
                "txn": str(line.txn_id),
                "kind": line.kind,
                "delta": line.delta,
                "effective_on": line.effective_on.isoformat(),
                "leaf": line.leaf_hash.hex() if line.leaf_hash else None,
            }
            for line in sheet.lines
        ],
    }


def announcement(
    town_id: int, month_on: dt.date, sums: Mapping[str, Any], leaves: int, head: chains.Head
) -> dict[str, Any]:
    """Return the document about the month itself: the first leaf of its tree, so that the root covers the sums too."""
    return {
        "v": 1,
        "town": str(town_id),
        "month": month_on.strftime("%Y-%m"),
        "totals": sums,
        "statements": leaves,
        "chain": {"seq": head.seq, "hash": head.hash.hex()},
    }


def announced(month: PeriodClose) -> dict[str, Any]:
    """Return the same document of a kept month."""
    head = chains.Head(month.head_seq, month.head_hash or b"")
    return announcement(month.town_id, month.month_on, month.totals, month.leaves, head)


def tree(month: PeriodClose) -> list[bytes]:
    """Return the leaves of a kept month: its own first, then those of the statements."""
    kept = select(_LEAF.leaf_hash).where(_LEAF.town_id == month.town_id, _LEAF.month_on == month.month_on)
    own = chain.digest(chain.canonical(announced(month)))
    return [own, *session().scalars(kept.order_by(_LEAF.position))]


def faults(town_id: int) -> Iterator[tuple[Any, ...]]:
    """Yield (month, account, what is wrong) of the town's published months: "root", "head", "totals", "altered"."""
    for closed in months([town_id], published=True):
        if chain.merkle_root(tree(closed)) != closed.root:
            yield closed.month_on, None, "root"
        if chains.at(town_id, closed.head_seq) != closed.head_hash:
            yield closed.month_on, None, "head"
        if totals(town_id, closed.month_on) != closed.totals:
            yield closed.month_on, None, "totals"
        yield from altered(closed)


def kept_beside(town_id: int, month_on: dt.date) -> bool:
    """Say whether another month of the town was closed or drafted: from the first one on they follow without a gap."""
    other = select(PeriodClose.month_on).where(PeriodClose.town_id == town_id, PeriodClose.month_on != month_on)
    return session().scalar(other.limit(1)) is not None


def altered(closed: PeriodClose) -> Iterator[tuple[Any, ...]]:
    """Yield (month, account, "altered") for each statement of a kept month that the books no longer say."""
    kept = select(_LEAF.account_id, _LEAF.salt, _LEAF.leaf_hash).where(
        _LEAF.town_id == closed.town_id, _LEAF.month_on == closed.month_on
    )
    leaves = {row.account_id: row for row in session().execute(kept)}
    for sheet in sheets(closed.town_id, closed.month_on):
        leaf = leaves.pop(sheet.account_id, None)
        document = statement(closed.town_id, closed.month_on, sheet)
        if leaf is None:
            yield closed.month_on, sheet.account_id, "altered"
        elif not leaf.salt:
            # Without its salt a leaf cannot be made again; only who was erased has none.
            if not erased_people.was_erased(sheet.subject_id):
                yield closed.month_on, sheet.account_id, "salt"
        elif chain.leaf(leaf.salt, document) != leaf.leaf_hash:
            yield closed.month_on, sheet.account_id, "altered"
    yield from ((closed.month_on, account_id, "altered") for account_id in leaves)


def _flows(town_id: int, start: dt.datetime, end: dt.datetime) -> Any:
    credited = func.sum(_TRANSFER.amount).filter(_ACCOUNT.kind == "resident")
    debited = func.sum(_TRANSFER.amount).filter(_ACCOUNT.kind != "resident")
    return (
        select(
            _TRANSFER.asset, _TXN.kind, func.coalesce(credited, 0).label("credited"),
            func.coalesce(debited, 0).label("debited"),
        )
        .join(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .join(Account.__table__, _ACCOUNT.id == _TRANSFER.credit_account_id)
        .where(_TXN.town_id == town_id, _TXN.recorded_at >= start, _TXN.recorded_at < end)
        .group_by(_TRANSFER.asset, _TXN.kind)
    )  # fmt: skip


def _held_at(town_id: int, month_on: dt.date, start: dt.datetime) -> dict[str, int]:
    """Return what residents held before the month: what the one before closed with, or else everything counted up."""
    before = month(town_id, policies.add_months(month_on, -1))
    if before is not None and before.state == "published":
        return {asset: sums["closing"] for asset, sums in before.totals.items()}
    beginning = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    held: defaultdict[str, int] = defaultdict(int)
    for row in session().execute(_flows(town_id, beginning, start)):
        held[row.asset] += row.credited - row.debited
    return held


def _moves(town_id: int, accounts: Sequence[int] | None, *columns: Any) -> Any:
    wanted = (
        select(_ENTRY.account_id, *columns)
        .join(Account.__table__, _ACCOUNT.id == _ENTRY.account_id)
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(_ACCOUNT.town_id == town_id)
    )
    return wanted if accounts is None else wanted.where(_ENTRY.account_id.in_(accounts))


def _since(town_id: int, end: dt.datetime, accounts: Sequence[int] | None) -> Any:
    moved = func.sum(_ENTRY.delta).label("moved")
    return _moves(town_id, accounts, moved).where(_TXN.recorded_at >= end).group_by(_ENTRY.account_id)


def _lines(town_id: int, start: dt.datetime, end: dt.datetime, accounts: Sequence[int] | None) -> Any:
    what = (
        _ENTRY.seq, _ENTRY.delta, _ENTRY.balance_after, _TXN.id.label("txn_id"), _TXN.kind, _TXN.effective_on,
        _TXN.recorded_at, _TXN.reason_code, _TXN.explain, _SEAL.leaf_hash,
    )  # fmt: skip
    return (
        _moves(town_id, accounts, *what)
        .outerjoin(Seal.__table__, _SEAL.txn_id == _TXN.id)
        .where(_TXN.recorded_at >= start, _TXN.recorded_at < end)
        .order_by(_ENTRY.account_id, _ENTRY.seq)
    )
