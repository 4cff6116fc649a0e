"""Objections of members to rows about them: open ones with their clock, answered ones, and how long answers take."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from community.core import clock
from community.core.authz import Actor, Perm, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.core.ids import parse_uuid
from community.people import queries as people
from community.points.models import Appeal

_APPEAL = Appeal.__table__.c
# Over how long the published figures reach.
_YEAR = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Figures:
    """A town's objections of the last year: how many, how they ended, the median days to an answer, who waits late."""

    made: int
    upheld: int
    changed: int
    open: int
    late: int
    median_days: float | None


def own(actor: Actor, appeal_id: uuid.UUID) -> Appeal:
    """Return an appeal of the actor's own; raises NotFound for others'."""
    return _checked(actor, Perm.APPEAL_MAKE, appeal_id)


def for_desk(actor: Actor, appeal_id: uuid.UUID) -> Appeal:
    """Return an appeal of the areas in which the actor answers them; raises NotFound."""
    return _checked(actor, Perm.APPEAL_DECIDE, appeal_id)


def _checked(actor: Actor, perm: Perm, appeal_id: uuid.UUID) -> Appeal:
    found = session().get(Appeal, appeal_id)
    if found is None:
        raise NotFound
    must(actor, perm, found)
    return found


def about(member_ids: Sequence[int], ref: str) -> Appeal | None:
    """Return the member's appeal about one row; where one was taken up again, the one that goes on."""
    found = session().scalars(
        select(Appeal).where(Appeal.member_id.in_(member_ids), Appeal.subject_ref == ref)
    ).first()  # fmt: skip
    return (found and taken_up(found)) or found


def taken_up(found: Appeal) -> Appeal | None:
    """Return the appeal that goes on, at last, with one that was withdrawn by another's hand."""
    if found.state != "withdrawn":
        return None
    again = session().scalars(select(Appeal).where(Appeal.subject_ref == f"appeal:{found.id}")).first()
    return (again and taken_up(again)) or again


def behind(refs: Iterable[str]) -> dict[str, list[str]]:
    """Return ref → itself and what it leads to: an objection goes on with the one that it names, until the last ref is
    none of an objection; "" where it leads nowhere. One statement for each step, however many there are.
    """
    found = {ref: [ref] for ref in refs}
    while named := {ref: key for trail in found.values() if (key := _appeal_named(ref := trail[-1]))}:
        rows = session().execute(select(_APPEAL.id, _APPEAL.subject_ref).where(_APPEAL.id.in_(named.values())))
        about = {row.id: row.subject_ref for row in rows}
        for trail in found.values():
            if trail[-1] in named:
                after = about.get(named[trail[-1]], "")
                trail.append(after if after not in trail else "")
    return found


def _appeal_named(ref: str) -> uuid.UUID | None:
    kind, _colon, key = ref.partition(":")
    return parse_uuid(key) if kind == "appeal" else None


def of_member(member_ids: Sequence[int]) -> Sequence[Appeal]:
    """Return the member's appeals, newest first."""
    return session().scalars(
        select(Appeal).where(Appeal.member_id.in_(member_ids)).order_by(Appeal.created_at.desc()).limit(50)
    ).all()  # fmt: skip


def queue(actor: Actor, *, area: str = "", limit: int = 50) -> Sequence[Row[Any]]:
    """Return the open appeals of the actor's areas, below the path `area`, what is due first first."""
    member = people.MEMBER.c
    return session().execute(
        select(Appeal, member.display_name.label("member_name"))
        .join(people.MEMBER, member.id == Appeal.member_id)
        .where(*_open(actor, area))
        .order_by(func.coalesce(_APPEAL.raised_until, _APPEAL.due_on), Appeal.created_at)
        .limit(limit)
    ).all()  # fmt: skip


def open_count(actor: Actor, *, area: str = "") -> int:
    """Return how many appeals are open in the actor's areas."""
    return session().scalar(select(func.count(_APPEAL.id)).where(*_open(actor, area))) or 0


def figures(town_id: int) -> Figures:
    """Return what a town publishes about the objections of the last year; no names, no cases."""
    rows = session().execute(
        select(_APPEAL.state, _APPEAL.created_at, _APPEAL.decided_at, _APPEAL.due_on).where(
            _APPEAL.town_id == town_id, _APPEAL.created_at >= clock.now() - _YEAR, _APPEAL.state != "withdrawn"
        )
    ).all()  # fmt: skip
    days = [(row.decided_at - row.created_at) / dt.timedelta(days=1) for row in rows if row.decided_at]
    count = {state: sum(row.state == state for row in rows) for state in ("upheld", "changed", "open")}
    late = sum(row.state == "open" and row.due_on < clock.today() for row in rows)
    return Figures(len(rows), count["upheld"], count["changed"], count["open"], late,
                   round(statistics.median(days), 1) if days else None)  # fmt: skip


def _open(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_APPEAL.scope_path, (area,)),) if area else ()
    return visible(actor, Perm.APPEAL_DECIDE, Appeal), _APPEAL.state == "open", *below
