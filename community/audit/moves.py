"""Where things lay before: an entry keeps the path it was written with, and areas move.

The log is never rewritten (DESIGN §4 "Append-only"), so its readers follow instead: whoever reads the log of an area
reads what was written while the area had other paths. Who had it then goes on reading that too; she answered for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, false, insert, or_, select

from community.audit.models import AuditEntry, PathMove
from community.core import clock
from community.core.authz import under
from community.core.db import session
from community.core.ids import new_id


@dataclass(frozen=True, slots=True)
class Move:
    """At an instant everything below `old` went below `new`."""

    at: dt.datetime
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Stay:
    """A path at which something lay: after `since` (None: always) and until `until` (None: today)."""

    path: str
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def record(old_path: str, new_path: str) -> None:
    """Write that an area's path changed, in the transaction that changes it."""
    values = {"id": new_id(), "at": clock.now(), "old_path": old_path, "new_path": new_path}
    session().execute(insert(PathMove).values(values))


def moves() -> list[Move]:
    """Return every move, the oldest first: moving an area is a rare act of an administrator."""
    found = session().execute(
        select(PathMove.at, PathMove.old_path, PathMove.new_path).order_by(PathMove.at, PathMove.id)
    )
    return [Move(row.at, row.old_path, row.new_path) for row in found]


def stays(prefixes: Iterable[str], known: Sequence[Move]) -> list[Stay]:
    """Return where that lay, and when, what lies at or below `prefixes` today, by the moves `known` (the oldest first).

    What was below one of them for a while is in it for that while. A path that was another area's before is not.
    """
    found: list[Stay] = []
    # Going back in time: where hers lies, and paths below it of what went elsewhere since.
    open_, gone = [Stay(prefix) for prefix in prefixes], set[str]()
    for move in reversed(known):
        around = tuple(stay.path for stay in open_ if not stay.path.startswith((move.new, move.old)))
        joined = _deepest(move.new, around) > _deepest(move.new, gone)
        still = [Stay(move.old, until=move.at)] if joined else []
        for stay in open_:
            if stay.path.startswith(move.new):
                still.append(Stay(move.old + stay.path[len(move.new) :], until=move.at))
            # What lay at this very path before it came, or before it left, is something else.
            changed = stay.path.startswith((move.new, move.old))
            (found if changed else still).append(replace(stay, since=move.at) if changed else stay)
        gone = {one for path in gone if (one := _before(path, move))}
        hers = joined or any(stay.path == move.new for stay in open_)
        if move.old.startswith(around) and not hers:
            gone.add(move.old)
        open_ = still
    return found + open_


def _deepest(path: str, among: Iterable[str]) -> int:
    return max((len(one) for one in among if path.startswith(one)), default=0)


def _before(path: str, move: Move) -> str:
    """Where that lay before the move what lay at `path` after it; "" when nothing did."""
    if path.startswith(move.new):
        return move.old + path[len(move.new) :]
    return "" if path.startswith(move.old) else path


def today(path: str, at: dt.datetime, known: Iterable[Move]) -> str:
    """Return where that lies today what lay at `path` at the instant `at`."""
    for move in known:
        if move.at >= at and path.startswith(move.old):
            path = move.new + path[len(move.old) :]
    return path


def written_at(prefixes: Iterable[str], known: Sequence[Move]) -> ColumnElement[bool]:
    """Return the condition that an entry was written for what lies below `prefixes` today, or lay there then."""
    return or_(false(), *(_during(stay) for stay in stays(prefixes, known)))


def _during(stay: Stay) -> ColumnElement[bool]:
    since = () if stay.since is None else (AuditEntry.at > stay.since,)
    until = () if stay.until is None else (AuditEntry.at <= stay.until,)
    return and_(under(AuditEntry.scope_path, (stay.path,)), *since, *until)
