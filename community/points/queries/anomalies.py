"""What somebody should look at again: who approves for whom, bursts, hours that nobody could have served.

A flag says "look again" and nothing else: it takes no points, holds none back and is no reason to. Each has a key that
stays the same while its rows grow, so that what was looked at comes back only when there is more of it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from community.core import clock
from community.core.db import session
from community.points.models import AnomalyLook, Transfer, Txn

DAYS = 90
KINDS = ("pair", "mutual", "burst", "long_day", "only_typed")
# So many approvals of one person for another, a quarter of all that she approved.
PAIR, PAIR_SHARE = 6, 4
# So many each way.
MUTUAL = 3
# So many approved, or typed in by hand, by one person within so many minutes.
BURST, BURST_TYPED, WINDOW = 30, 10, dt.timedelta(minutes=10)
# Minutes of service in one day.
LONG_DAY = 600
# Minutes that were all typed in, by somebody who did nothing that the site itself saw.
ONLY_TYPED = 600
# Rows shown with a flag.
_SHOWN = 5
_TXN, _TRANSFER = Txn.__table__.c, Transfer.__table__.c
_TYPED = "case:"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to look at again. `members` are whom it names, the one who acted first; `rows` (member, posting)."""

    key: str
    kind: str
    town_id: int
    members: tuple[int, ...]
    size: int
    numbers: dict[str, int | str]
    rows: tuple[tuple[int, int], ...]
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody found who looked at a flag."""

    words: str
    by_id: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class _Town:
    """The awards of the last ninety days that a person had a hand in, and who did something that the site saw."""

    id: int
    approved: Sequence[Row[Any]]
    minutes: Sequence[Row[Any]]
    seen: set[int]


def flags(town_id: int) -> list[Flag]:
    """Return the town's flags, what happened last on top."""
    town = _read(town_id)
    found = [*_pairs(town), *_mutual(town), *_bursts(town), *_long_days(town), *_only_typed(town)]
    return sorted(found, key=lambda flag: (flag.last_at, flag.key), reverse=True)


def looked(town_id: int) -> dict[str, tuple[int, Looked]]:
    """Return flag → (how many rows it had then, what was found) by the last look at each."""
    wanted = select(AnomalyLook).where(AnomalyLook.town_id == town_id).order_by(AnomalyLook.id)
    return {one.flag: (one.size, Looked(one.words, one.by_id, one.at)) for one in session().scalars(wanted)}


def _read(town_id: int) -> _Town:
    lately = (
        _TXN.town_id == town_id,
        _TXN.kind == "award",
        _TXN.recorded_at >= clock.now() - dt.timedelta(days=DAYS),
    )
    rows: list[Any] = list(session().execute(
        select(
            _TXN.id, _TXN.subject_id, _TXN.actor_id, _TXN.approver_id, _TXN.recorded_at, _TXN.effective_on,
            _TXN.evidence_ref, _TRANSFER.asset, _TRANSFER.amount,
        )
        .join(Transfer.__table__, _TRANSFER.txn_id == _TXN.id)
        .where(*lately, or_(_TXN.approver_id.is_not(None), _TRANSFER.asset == "minutes"))
        .order_by(_TXN.id)
    ))  # fmt: skip
    minutes = [row for row in rows if row.asset == "minutes"]
    served = sorted({row.subject_id for row in minutes})
    seen = select(_TXN.subject_id).where(
        *lately, _TXN.subject_id.in_(served), ~_TXN.evidence_ref.startswith(_TYPED, autoescape=True)
    )
    return _Town(
        id=town_id,
        approved=[row for row in rows if row.approver_id],
        minutes=minutes,
        seen=set(session().scalars(seen.distinct())) if served else set(),
    )


def _pairs(town: _Town) -> Iterator[Flag]:
    """Yield who approves mostly for one person."""
    of: defaultdict[tuple[int, int], list[Row[Any]]] = defaultdict(list)
    for row in town.approved:
        of[row.approver_id, row.subject_id].append(row)
    every = Counter(row.approver_id for row in town.approved)
    for (approver, member), rows in of.items():
        if len(rows) >= PAIR and len(rows) * PAIR_SHARE >= every[approver]:
            numbers = {"count": len(rows), "of": every[approver]}
            yield _flag(town, "pair", (approver, member), rows, f"pair:{approver}:{member}", **numbers)


def _mutual(town: _Town) -> Iterator[Flag]:
    """Yield pairs that approve for each other."""
    of: defaultdict[tuple[int, int], list[Row[Any]]] = defaultdict(list)
    for row in town.approved:
        of[row.approver_id, row.subject_id].append(row)
    for (one, other), rows in of.items():
        back = of.get((other, one), [])
        if one < other and len(rows) >= MUTUAL and len(back) >= MUTUAL:
            numbers = {"count": len(rows), "of": len(back)}
            yield _flag(town, "mutual", (one, other), [*rows, *back], f"mutual:{one}:{other}", **numbers)


def _bursts(town: _Town) -> Iterator[Flag]:
    """Yield who approved or typed in very many within minutes, once for each day."""
    of: defaultdict[tuple[int, dt.date], list[Row[Any]]] = defaultdict(list)
    for row in town.approved:
        for who in {row.approver_id, row.actor_id} - {0}:
            of[who, clock.local(row.recorded_at).date()].append(row)
    for (who, day), rows in of.items():
        typed = [row for row in rows if row.evidence_ref.startswith(_TYPED)]
        for some, least in ((typed, BURST_TYPED), (rows, BURST)):
            most = _densest(some)
            if len(most) >= least:
                numbers: dict[str, int | str] = {"count": len(most), "day": day.isoformat()}
                yield _flag(town, "burst", (who,), most, f"burst:{who}:{day.isoformat()}", **numbers)
                break


def _densest(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Return the rows of the window that holds most of them."""
    inside = sorted(rows, key=lambda row: row.recorded_at)
    best: Sequence[Row[Any]] = ()
    first = 0
    for last, row in enumerate(inside):
        while row.recorded_at - inside[first].recorded_at > WINDOW:
            first += 1
        if last + 1 - first > len(best):
            best = inside[first : last + 1]
    return best


def _long_days(town: _Town) -> Iterator[Flag]:
    """Yield days on which somebody has more minutes than a person serves."""
    of: defaultdict[tuple[int, dt.date], list[Row[Any]]] = defaultdict(list)
    for row in town.minutes:
        of[row.subject_id, row.effective_on].append(row)
    for (member, day), rows in of.items():
        total = sum(row.amount for row in rows)
        if total > LONG_DAY:
            numbers: dict[str, int | str] = {"minutes": total, "day": day.isoformat()}
            yield _flag(town, "long_day", (member,), rows, f"long_day:{member}:{day.isoformat()}", **numbers)


def _only_typed(town: _Town) -> Iterator[Flag]:
    """Yield members all of whose minutes were typed in, with nothing that they themselves did on the site."""
    of: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in town.minutes:
        if row.subject_id not in town.seen:
            of[row.subject_id].append(row)
    for member, rows in of.items():
        total = sum(row.amount for row in rows)
        if total >= ONLY_TYPED:
            numbers: dict[str, int | str] = {"minutes": total, "count": len(rows)}
            yield _flag(town, "only_typed", (member,), rows, f"only_typed:{member}", **numbers)


def _flag(
    town: _Town, kind: str, members: tuple[int, ...], rows: Iterable[Row[Any]], key: str, **numbers: int | str
) -> Flag:
    newest = sorted(rows, key=lambda row: (row.recorded_at, row.id), reverse=True)
    return Flag(
        key=key,
        kind=kind,
        town_id=town.id,
        members=members,
        size=len(newest),
        numbers=numbers,
        rows=tuple((row.subject_id, row.id) for row in newest[:_SHOWN]),
        last_at=newest[0].recorded_at,
    )
