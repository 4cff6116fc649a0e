"""Awards that wait or were refused, why an act earned nothing, and what is left of the budgets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.people import queries as people
from community.places import queries as places
from community.points import policies
from community.points.models import Award, BudgetSlot, RuleVersion
from community.points.queries.rules import in_force

PAGE = 50
# How long a refused award stays on its owner's page; on the check-in it stays for good.
_SHOWN = dt.timedelta(days=30)
_AWARD, _SLOT = Award.__table__.c, BudgetSlot.__table__.c
# Minutes wait in the same table; they are never added to points.
_IN_POINTS = _AWARD.rule_version_id.in_(
    select(RuleVersion.__table__.c.id).where(RuleVersion.__table__.c.asset == "points")
)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why an act earned nothing: "no_rule", "grade" or a word of `policies.why_full`, with the rule's numbers."""

    reason: str
    amount: int = 0
    cap: int | None = None
    min_grade: str = ""


@dataclass(frozen=True, slots=True)
class TownBudget:
    """A town's points budget of a year: in all, used, and what waits for it."""

    town_id: int
    town: str
    year: int
    amount: int
    used: int
    waiting: int
    waiting_points: int

    @property
    def left(self) -> int:
        return self.amount - self.used


def one(award_id: int) -> Award:
    """Return an award that waited or waits; raises NotFound."""
    found = session().get(Award, award_id)
    if found is None:
        raise NotFound
    return found


def open_awards(member_id: int) -> Sequence[Row[Any]]:
    """Return the member's waiting awards, and those refused in the last thirty days, newest first."""
    recently = clock.now() - _SHOWN
    return session().execute(
        select(Award)
        .where(
            Award.subject_id == member_id,
            or_(Award.state == "held", (Award.state == "refused") & (Award.decided_at >= recently)),
            _stayed(),
        )
        .order_by(Award.earned_at.desc(), Award.id.desc())
        .limit(PAGE)
    ).all()  # fmt: skip


def awards_of(evidence_ref: str) -> Sequence[Award]:
    """Return the awards that rest on `evidence_ref` and waited or wait."""
    wanted = select(Award).where(Award.evidence_ref == evidence_ref, _stayed())
    return session().scalars(wanted.order_by(Award.id)).all()


def _stayed() -> ColumnElement[bool]:
    """Not gone to the member whom its registration was merged into: there it is a row of its own."""
    return or_(Award.decision.is_(None), Award.decision != "merged")


def why_nothing(
    *,
    trigger: str,
    evidence_ref: str,
    subject_id: int,
    town_id: int,
    scope_path: str,
    team_id: int | None,
    earned_at: dt.datetime,
    grade: str,
) -> Nothing:
    """Return why an accepted act has no award: derived from the rules of its day and what was used of their caps."""
    found = in_force(
        town_id, trigger, earned_at, subject_id=subject_id, evidence_ref=evidence_ref, scope_path=scope_path,
        team_id=team_id,
    )  # fmt: skip
    if not found:
        return Nothing("no_rule")
    rule = found[0]
    reason = policies.blocked(rule.terms, earned_at, rule.used) or "hour"
    if not policies.good_enough(grade, rule.terms.min_grade):
        reason = "grade"
    cap = rule.terms.cap_month if reason == "month" else rule.terms.cap_day
    return Nothing(reason, rule.terms.amount, cap, rule.terms.min_grade)


def queue(actor: Actor, *, reason: str = "", before: int | None = None) -> tuple[Sequence[Row[Any]], int | None]:
    """Return a page of the waiting awards in the actor's areas, newest first, and the award to go on from."""
    members = people.MEMBER.c
    wanted = (
        select(Award, members.display_name.label("member_name"))
        .join(people.MEMBER, members.id == Award.subject_id)
        .where(visible(actor, Perm.AWARD_READ, Award), Award.state == "held")
    )
    if reason:
        wanted = wanted.where(Award.reason_code == reason)
    if before is not None:
        wanted = wanted.where(Award.id < before)
    rows = session().execute(wanted.order_by(Award.id.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].Award.id if len(rows) > PAGE else None


def waiting_by_reason(actor: Actor, *, area: str = "") -> dict[str, tuple[int, int]]:
    """Return reason → (awards, points) of what waits in the actor's areas, below the path `area`."""
    rows = session().execute(
        select(
            _AWARD.reason_code,
            func.count(_AWARD.id).label("awards"),
            func.sum(case((_IN_POINTS, _AWARD.amount), else_=0)).label("points"),
        )
        .where(*_held(actor, area))
        .group_by(_AWARD.reason_code)
    )
    return {row.reason_code: (row.awards, row.points) for row in rows}


def longest_waiting(actor: Actor, reason: str, *, area: str = "") -> dt.datetime | None:
    """Return since when the first of the awards waits that wait for `reason` in the actor's areas."""
    first = select(func.min(_AWARD.created_at)).where(*_held(actor, area), _AWARD.reason_code == reason)
    found: dt.datetime | None = session().scalar(first)
    return found


def _held(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_AWARD.scope_path, (area,)),) if area else ()
    return visible(actor, Perm.AWARD_READ, Award), _AWARD.state == "held", *below


def budgets(actor: Actor) -> list[TownBudget]:
    """Return this year's and earlier budgets of the towns where the actor may read them, newest year first."""
    paths = [grant.area_path for grant in actor.held if Perm.BUDGET_READ in grant.perms and grant.area_path]
    towns = {town.id: town.name for town in places.within("town", *paths)} if paths else {}
    mine = _SLOT.town_id.in_(sorted(towns))
    sums = session().execute(
        select(_SLOT.town_id, _SLOT.year, func.sum(_SLOT.amount).label("amount"), func.sum(_SLOT.used).label("used"))
        .where(mine)
        .group_by(_SLOT.town_id, _SLOT.year)
        .order_by(_SLOT.year.desc(), _SLOT.town_id)
    )
    waiting = {
        row.town_id: (row.awards, row.points)
        for row in session().execute(
            select(_AWARD.town_id, func.count(_AWARD.id).label("awards"), func.sum(_AWARD.amount).label("points"))
            .where(_AWARD.town_id.in_(sorted(towns)), _AWARD.state == "held", _AWARD.reason_code == "budget")
            .group_by(_AWARD.town_id)
        )
    }
    # What waits will be paid by the current year's budget, whenever it was earned.
    current = clock.today().year
    return [
        TownBudget(
            row.town_id,
            towns[row.town_id],
            row.year,
            row.amount,
            row.used,
            *(waiting.get(row.town_id, (0, 0)) if row.year == current else (0, 0)),
        )
        for row in sums
    ]


def payable_members(limit: int) -> Sequence[int]:
    """Return members whose awards wait for a budget that can pay again, the longest waiting first."""
    year = clock.today().year
    left = (
        select(_SLOT.town_id, func.sum(_SLOT.amount - _SLOT.used).label("points"))
        .where(_SLOT.year == year)
        .group_by(_SLOT.town_id)
        .subquery()
    )
    found = session().execute(
        select(_AWARD.subject_id)
        .join(left, left.c.town_id == _AWARD.town_id)
        .where(_AWARD.state == "held", _AWARD.reason_code == "budget", _AWARD.amount <= left.c.points)
        .group_by(_AWARD.subject_id)
        .order_by(func.min(_AWARD.created_at))
        .limit(limit)
    )
    return found.scalars().all()


def verified_meanwhile(limit: int) -> Sequence[int]:
    """Return verified members whose awards still wait for that, the longest waiting first.

    Verifying releases them itself; an award that began to wait at that very moment can be missed.
    """
    member = people.MEMBER.c
    found = session().execute(
        select(_AWARD.subject_id)
        .join(people.MEMBER, member.id == _AWARD.subject_id)
        .where(
            _AWARD.state == "held",
            _AWARD.reason_code == "unverified",
            _AWARD.not_before.is_(None),
            member.verified_at.is_not(None),
        )
        .group_by(_AWARD.subject_id)
        .order_by(func.min(_AWARD.created_at))
        .limit(limit)
    )
    return found.scalars().all()


def decided(limit: int) -> Sequence[int]:
    """Return members about whose awards a decision is due that may no longer be undone, the longest due first."""
    found = session().execute(
        select(_AWARD.subject_id)
        .where(_AWARD.not_before <= clock.now(), _AWARD.state == "held")
        .group_by(_AWARD.subject_id)
        .order_by(func.min(_AWARD.not_before))
        .limit(limit)
    )
    return found.scalars().all()


def unpaid_today() -> list[tuple[int, int]]:
    """Return (town, points) where awards of today wait for the budget: the most that one of them needs."""
    midnight = clock.at_local(clock.today(), dt.time.min)
    found = session().execute(
        select(_AWARD.town_id, func.max(_AWARD.amount))
        .where(_AWARD.state == "held", _AWARD.reason_code == "budget", _AWARD.created_at >= midnight)
        .group_by(_AWARD.town_id)
        .order_by(_AWARD.town_id)
    )
    return [(row[0], row[1]) for row in found]


def held_points(member_id: int) -> int:
    """Return how many points of the member wait."""
    held = case((_IN_POINTS & (_AWARD.state == "held"), _AWARD.amount), else_=0)
    return session().scalar(select(func.coalesce(func.sum(held), 0)).where(_AWARD.subject_id == member_id)) or 0


def held_by_reason(member_id: int) -> list[tuple[str, int]]:
    """Return (reason, points) of what waits for the member, the reason that holds back most first."""
    amount = func.sum(_AWARD.amount).label("points")
    found = session().execute(
        select(_AWARD.reason_code, amount)
        .where(_AWARD.subject_id == member_id, _AWARD.state == "held", _IN_POINTS)
        .group_by(_AWARD.reason_code)
        .order_by(amount.desc(), _AWARD.reason_code)
    )
    return [(row.reason_code, int(row.points)) for row in found]
