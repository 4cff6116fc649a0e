"""Awards that wait for a person's word, and what was said to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from community.core.authz import Actor, Perm, under, visible
from community.core.db import session
from community.people import queries as people
from community.points.models import Award, AwardVote

_AWARD, _VOTE = Award.__table__.c, AwardVote.__table__.c


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person says to an award or a case, as it stands."""

    by_id: int
    accepts: bool
    words: str
    at: dt.datetime


def standing(rows: Iterable[Row[Any]]) -> list[Vote]:
    """Return what stands of votes in the order in which they were given: what was taken back does not."""
    found: dict[int, Vote] = {}
    for row in rows:
        found.pop(row.by_id, None)
        if not row.takes_back:
            found[row.by_id] = Vote(row.by_id, row.accepts, row.words, row.at)
    return list(found.values())


def votes(award_id: int) -> list[Vote]:
    """Return what stands of what was said to a waiting award."""
    return standing(
        session().execute(
            select(_VOTE.by_id, _VOTE.accepts, _VOTE.takes_back, _VOTE.words, _VOTE.at)
            .where(_VOTE.award_id == award_id)
            .order_by(_VOTE.seq)
        )
    )


def votes_of(award_ids: Sequence[int]) -> dict[int, list[Vote]]:
    """Return the same for many, by award, in one statement."""
    found: dict[int, list[Row[Any]]] = {}
    if award_ids:
        wanted = select(AwardVote.__table__).where(_VOTE.award_id.in_(award_ids)).order_by(_VOTE.seq)
        for row in session().execute(wanted):
            found.setdefault(row.award_id, []).append(row)
    return {award_id: standing(rows) for award_id, rows in found.items()}


def said(award_id: int) -> int:
    """Return how often something was said to a waiting award."""
    return session().scalar(select(func.count()).where(_VOTE.award_id == award_id)) or 0


def waiting(actor: Actor, *, area: str = "", limit: int = 50) -> Sequence[Row[Any]]:
    """Return the awards that wait for review in the actor's areas, below the path `area`, the oldest first."""
    member = people.MEMBER.c
    return session().execute(
        select(Award, member.display_name.label("member_name"))
        .join(people.MEMBER, member.id == Award.subject_id)
        .where(*_open(actor, area))
        .order_by(Award.created_at, Award.id)
        .limit(limit)
    ).all()  # fmt: skip


def waiting_count(actor: Actor, *, area: str = "") -> int:
    """Return how many awards wait for review in the actor's areas."""
    return session().scalar(select(func.count(_AWARD.id)).where(*_open(actor, area))) or 0


def titles(actor: Actor, award_ids: Sequence[int]) -> dict[int, str]:
    """Return id → name of its member of the awards among `award_ids` that the actor reviews, in the order of ids."""
    member = people.MEMBER.c
    rows = session().execute(
        select(_AWARD.id, member.display_name)
        .join(people.MEMBER, member.id == _AWARD.subject_id)
        .where(_AWARD.id.in_(award_ids), visible(actor, Perm.AWARD_DECIDE, Award))
        .order_by(_AWARD.subject_id, _AWARD.id)
    )
    return {row.id: row.display_name for row in rows}


def _open(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_AWARD.scope_path, (area,)),) if area else ()
    return (
        visible(actor, Perm.AWARD_DECIDE, Award),
        _AWARD.state == "held",
        _AWARD.reason_code == "review",
        _AWARD.not_before.is_(None),
        *below,
    )
