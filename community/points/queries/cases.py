"""Manual awards and reversals: proposed, decided by others, carried out; and what a rule would let one propose."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, can, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.core.uploads import Upload
from community.people import queries as people
from community.places.queries import AREA
from community.points.models import CaseVote, PointsCase, Rule, RuleVersion
from community.points.queries.reviews import Vote, standing

# How far back a manual award may reach: closed months are corrected, years are not.
REACHES_BACK = dt.timedelta(days=90)
_CASE, _VOTE = PointsCase.__table__.c, CaseVote.__table__.c
_RULE, _VERSION = Rule.__table__.c, RuleVersion.__table__.c


def case_for_desk(actor: Actor, case_id: uuid.UUID) -> PointsCase:
    """Return a case of the actor's areas, for who proposes or decides there; raises NotFound."""
    case = session().get(PointsCase, case_id)
    if case is None:
        raise NotFound
    must(actor, Perm.AWARD_READ, case)
    return case


def votes(case_id: uuid.UUID) -> list[Vote]:
    """Return what stands of what was said to a case."""
    return standing(
        session().execute(
            select(_VOTE.by_id, _VOTE.accepts, _VOTE.takes_back, _VOTE.words, _VOTE.at)
            .where(_VOTE.case_id == case_id)
            .order_by(_VOTE.seq)
        )
    )


def said(case_id: uuid.UUID) -> int:
    """Return how often something was said to a case."""
    return session().scalar(select(func.count()).where(_VOTE.case_id == case_id)) or 0


def open_cases(actor: Actor, *, area: str = "", limit: int = 50) -> Sequence[Row[Any]]:
    """Return the cases that wait for a decision in the actor's areas, below the path `area`, the oldest first."""
    member = people.MEMBER.c
    return session().execute(
        select(PointsCase, member.display_name.label("member_name"))
        .join(people.MEMBER, member.id == PointsCase.subject_id)
        .where(*_open(actor, area))
        .order_by(PointsCase.created_at, PointsCase.id)
        .limit(limit)
    ).all()  # fmt: skip


def open_count(actor: Actor, *, area: str = "") -> int:
    """Return how many cases wait for a decision in the actor's areas."""
    return session().scalar(select(func.count(_CASE.id)).where(*_open(actor, area))) or 0


def titles(actor: Actor, case_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return id → name of its member of the cases among `case_ids` that the actor decides, in the order of members."""
    member = people.MEMBER.c
    rows = session().execute(
        select(_CASE.id, member.display_name)
        .join(people.MEMBER, member.id == _CASE.subject_id)
        .where(_CASE.id.in_(case_ids), visible(actor, Perm.AWARD_DECIDE, PointsCase))
        .order_by(_CASE.subject_id, _CASE.id)
    )
    return {row.id: row.display_name for row in rows}


def due() -> Sequence[uuid.UUID]:
    """Return the cases whose decision is due and may no longer be undone, the longest due first."""
    return session().scalars(
        select(_CASE.id).where(_CASE.state == "open", _CASE.not_before <= clock.now()).order_by(_CASE.not_before)
    ).all()  # fmt: skip


def behind(txn_id: int) -> PointsCase | None:
    """Return the case that a posting came from, or the one that reversed it or wrote it off."""
    return session().scalars(
        select(PointsCase)
        .where(
            PointsCase.state == "posted", or_(PointsCase.done_txn_id == txn_id, PointsCase.txn_id == txn_id)
        )
        .order_by(PointsCase.done_at.desc())
    ).first()  # fmt: skip


def reversal_of(txn_id: int) -> PointsCase | None:
    """Return the reversal of a posting that waits for a decision."""
    return session().scalars(
        select(PointsCase).where(PointsCase.txn_id == txn_id, PointsCase.state == "open")
    ).first()  # fmt: skip


def rules_to_name(town_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Return the versions that a manual award may name: those that were in force in the last ninety days."""
    first = clock.today() - REACHES_BACK
    found: Sequence[Any] = session().execute(
        select(
            _VERSION.id, _RULE.code, _VERSION.version, _VERSION.amount, _VERSION.asset, _VERSION.cap_day,
            _VERSION.text_zh, _VERSION.text_en, _VERSION.trigger, _VERSION.effective_on, _RULE.town_id,
            AREA.c.name.label("area"),
        )
        .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
        .outerjoin(AREA, AREA.c.id == _RULE.area_id)
        .where(
            _RULE.town_id.in_(town_ids),
            _VERSION.effective_on <= clock.today(),
            or_(_VERSION.ends_on.is_(None), _VERSION.ends_on >= first),
        )
        .order_by(_VERSION.trigger == "CheckInAccepted", _RULE.code, _VERSION.effective_on.desc())
    ).all()  # fmt: skip
    return found


def rule_named(version_id: int) -> Row[Any] | None:
    """Return code, version and words of the version that a case names."""
    found: Any = session().execute(
        select(_RULE.code, _VERSION.version, _VERSION.text_zh, _VERSION.text_en, _VERSION.asset, _VERSION.resolution)
        .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
        .where(_VERSION.id == version_id)
    ).first()  # fmt: skip
    return found  # type: ignore[no-any-return]


def may_see(actor: Actor | None, upload: Upload) -> bool:
    """Say whether the actor may see the picture that a case rests on: whom it is about, and staff of the place."""
    if actor is None:
        return False
    case = session().scalars(select(PointsCase).where(PointsCase.upload_id == upload.id)).first()
    return case is not None and can(actor, Perm.AWARD_READ, case)


def _open(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_CASE.scope_path, (area,)),) if area else ()
    return visible(actor, Perm.AWARD_DECIDE, PointsCase), _CASE.state == "open", _CASE.not_before.is_(None), *below
