"""What the last looks over the ledger found; a red one freezes redeeming in its town.

Only looks of the program's own count: rows that somebody else added bear no mark of it (`vouching`). Those from before
marks were made count until the town's first one that bears it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select

from community.core.db import session
from community.points import vouching
from community.points.models import LedgerCheck

_CHECK = LedgerCheck.__table__.c
# The newest first as they were written, whatever the clock said meanwhile; looks without a number are older.
_NEWEST = (func.coalesce(_CHECK.seq, 0).desc(), _CHECK.at.desc(), _CHECK.id.desc())
# How many looks are read at once, when the first that comes is not the program's.
_MORE = 200


class _First(NamedTuple):
    seq: int
    at: dt.datetime


def document(
    *, town_id: int, seq: int | None, at: dt.datetime, ok: bool, found: Any, head_seq: int, head_hash: bytes | None
) -> dict[str, Any]:
    """Return what a look's mark covers."""
    return {
        "town": str(town_id),
        "seq": seq,
        "at": at.isoformat(timespec="microseconds"),
        "ok": ok,
        "found": found,
        "head_seq": head_seq,
        "head": bytes(head_hash or b"").hex(),
    }


def frozen(town_id: int) -> bool:
    """Say whether redeeming rests in the town: its latest look over the books found a fault, or all that can be read
    are not the program's. A town never looked over is not frozen.
    """
    newest = _first(select(LedgerCheck).where(_CHECK.town_id == town_id).order_by(*_NEWEST))
    return not newest.ok if newest is not None else _any(_CHECK.town_id == town_id)


def next_number(town_id: int) -> int:
    """Return the number of the town's next look."""
    return (session().scalar(select(func.max(_CHECK.seq)).where(_CHECK.town_id == town_id)) or 0) + 1


def red_at(town_id: int, at: dt.datetime) -> bool:
    """Say whether redeeming rested in the town at that instant."""
    before = select(LedgerCheck).where(_CHECK.town_id == town_id, _CHECK.at <= at)
    newest = _first(before.order_by(_CHECK.at.desc(), _CHECK.id.desc()))
    return newest is not None and not newest.ok


def green_after(town_id: int, at: dt.datetime) -> dt.datetime | None:
    """Return when the town's books were first found in order after that instant."""
    after = select(LedgerCheck).where(_CHECK.town_id == town_id, _CHECK.ok, _CHECK.at > at)
    found = _first(after.order_by(_CHECK.at))
    return None if found is None else found.at


def latest(town_ids: Iterable[int]) -> dict[int, LedgerCheck]:
    """Return the latest look at each of the towns, by town."""
    newest = {one: _first(select(LedgerCheck).where(_CHECK.town_id == one).order_by(*_NEWEST)) for one in town_ids}
    return {town_id: check for town_id, check in newest.items() if check is not None}


def last_green(town_id: int) -> LedgerCheck | None:
    """Return the town's latest look that found nothing."""
    return _first(select(LedgerCheck).where(_CHECK.town_id == town_id, _CHECK.ok).order_by(*_NEWEST))


def forged(town_id: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield (town, look) of the looks that somebody else than the program wrote down."""
    rows = select(LedgerCheck).order_by(_CHECK.id)
    if town_id is not None:
        rows = rows.where(_CHECK.town_id == town_id)
    since: dict[int, _First | None] = {}
    for one in session().scalars(rows):
        if one.town_id not in since:
            since[one.town_id] = _marked_since(one.town_id)
        if not _counts(one, since[one.town_id]):
            yield one.town_id, one.id


def _first(wanted: Select[Any]) -> LedgerCheck | None:
    """Return the first look in this order that counts."""
    for limit in (1, _MORE):
        for one in session().scalars(wanted.limit(limit)):
            if _counts(one, _marked_since(one.town_id) if one.mac is None else None):
                return one  # type: ignore[no-any-return]
    return None


def _counts(look: LedgerCheck, marked_since: _First | None) -> bool:
    if look.mac is None:
        # By its number and by the clock: each alone could be chosen so that it comes last or first.
        return marked_since is None or ((look.seq or 0) < marked_since.seq and look.at < marked_since.at)
    said = {name: getattr(look, name) for name in ("town_id", "seq", "at", "ok", "found", "head_seq", "head_hash")}
    return vouching.genuine(look.kid, look.mac, document(**said))


def _marked_since(town_id: int) -> _First | None:
    """Return the first number and the first moment of the town's marked looks."""
    first = select(func.min(_CHECK.seq), func.min(_CHECK.at)).where(_CHECK.town_id == town_id, _CHECK.mac.is_not(None))
    seq, at = session().execute(first).one()
    return None if at is None else _First(seq or 0, at)


def _any(condition: ColumnElement[bool]) -> bool:
    return session().scalar(select(_CHECK.id).where(condition).limit(1)) is not None
