"""A balance as it was known at the end of a day, beside what it should have been by everything known since.

Two times of every posting (points.md §4.12): `recorded_at`, when it was written, and the day that it is about. What was
known on a day is what was written until its end. What should have been adds what was written later about that day or an
earlier one: an award approved late, a wrong one taken back, an expiry that a job wrote down late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from community.core import clock
from community.core.db import session
from community.core.ids import parse_id
from community.points.models import Account, Entry, Transfer, Txn
from community.points.queries import accounts

_ACCOUNT, _ENTRY = Account.__table__.c, Entry.__table__.c
_TRANSFER, _TXN = Transfer.__table__.c, Txn.__table__.c


@dataclass(frozen=True, slots=True)
class Correction:
    """A line that was written after the day and is about `about_on`, which is that day or earlier."""

    row: Row[Any]
    about_on: dt.date


@dataclass(frozen=True, slots=True)
class Then:
    """An account at the end of the civil day `on`: what was known, and every later correction, oldest first."""

    account_id: int
    town_id: int
    asset: str
    on: dt.date
    known: int
    corrections: Sequence[Correction]

    @property
    def should(self) -> int:
        return self.known + sum(int(one.row.delta) for one in self.corrections)


def of_members(ids: Iterable[int], on: dt.date) -> list[Then]:
    """Return the accounts of the members `ids` (one person's) as of the end of `on`, points before minutes."""
    rows = session().execute(
        select(_ACCOUNT.id, _ACCOUNT.town_id, _ACCOUNT.asset)
        .where(_ACCOUNT.subject_id.in_(list(ids)), _ACCOUNT.kind == "resident", _ACCOUNT.seq > 0)
        .order_by(_ACCOUNT.asset.desc(), _ACCOUNT.id)
    )
    return [then(*row, on) for row in rows]


def then(account_id: int, town_id: int, asset: str, on: dt.date) -> Then:
    """Return one account as of the end of `on`; what it costs grows with what came after that day, never before."""
    end = clock.at_local(on + dt.timedelta(days=1), dt.time.min)
    known = session().scalar(
        select(_ENTRY.balance_after)
        .join(Transfer.__table__, _TRANSFER.id == _ENTRY.transfer_id)
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(_ENTRY.account_id == account_id, _TXN.recorded_at < end)
        .order_by(_ENTRY.seq.desc())
        .limit(1)
    )
    # Most of what came later is about later days: only what may be about this one is fetched.
    maybe = or_(_TXN.effective_on <= on, _TXN.kind == "reverse", _TXN.reason_code == "appeal")
    rows = session().execute(
        accounts.lines()
        .add_columns(_TXN.reverses_txn_id)
        .where(_ENTRY.account_id == account_id, _TXN.recorded_at >= end, maybe)
        .order_by(_ENTRY.seq)
    ).all()  # fmt: skip
    earlier = _named([one for row in rows if (one := _corrects(row))])
    found = [Correction(row, _about(row, earlier)) for row in rows]
    return Then(account_id, town_id, asset, on, known or 0, [one for one in found if one.about_on <= on])


def _corrects(row: Any) -> int | None:
    """Return the posting that this one corrects: which it takes back, or gives back."""
    return row.reverses_txn_id or parse_id(str(row.explain.get("gives_back", "")))


def _about(row: Any, earlier: Mapping[int, Row[Any]]) -> dt.date:
    """Return the day a posting is about: what corrects another one is about that one's day."""
    other, on = earlier.get(_corrects(row) or 0), row.effective_on
    # A correction of a correction is about what both are about; the chain is as short as appeals make it.
    while other is not None:
        on, other = min(on, other.effective_on), earlier.get(_corrects(other) or 0)
    return on  # type: ignore[no-any-return]


def _named(ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return these postings, and those that they correct themselves."""
    found: dict[int, Row[Any]] = {}
    wanted = set(ids)
    while wanted:
        rows = session().execute(
            select(_TXN.id, _TXN.effective_on, _TXN.reverses_txn_id, _TXN.explain).where(_TXN.id.in_(sorted(wanted)))
        ).all()  # fmt: skip
        found |= {row.id: row for row in rows}
        wanted = {one for row in rows if (one := _corrects(row)) and one not in found}
    return found
