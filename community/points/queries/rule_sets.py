"""Reads of rules as people see them: in force, proposed, their history, objections."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.people import queries as people
from community.places import queries as places
from community.points.models import Rule, RuleDraft, RuleObjection, RuleSet, RuleVersion
from community.points.proposals import Proposal

# A set is open for objections on the day of its publication and the seven days after it (the procedure of 2018).
NOTICE_DAYS = 7
# From then on, in the evening before its day, a set is written down as versions: from midnight on they are judged by
# their own date, whenever the job runs. Objections of the last day are taken until then.
EVENING = dt.time(23, 30)
_FIELDS = tuple(Proposal.__dataclass_fields__)
_RULE, _VERSION = Rule.__table__.c, RuleVersion.__table__.c


@dataclass(frozen=True, slots=True)
class InForceRule:
    """A rule with the version that holds; `area_id` is the village whose addition it is."""

    rule_id: int
    code: str
    area_id: int | None
    version_id: int
    version: str
    terms: Proposal
    resolution: str
    published_on: dt.date
    effective_on: dt.date
    ends_on: dt.date | None
    rule_set_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Objection:
    """What somebody objects, with the answer."""

    id: int
    member_id: int
    name: str
    words: str
    at: dt.datetime
    answer: str
    answered_by: int | None
    answered_at: dt.datetime | None


def terms_of(row: Any) -> Proposal:
    """Return what a version or a draft says."""
    return Proposal(**{name: getattr(row, name) for name in _FIELDS})


def one(set_id: uuid.UUID, *, lock: bool = False) -> RuleSet:
    """Return a set, locked when somebody is about to change it. Raises NotFound."""
    found = session().get(RuleSet, set_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound
    return found


def for_desk(actor: Actor, set_id: uuid.UUID) -> RuleSet:
    """Return a set of the actor's areas. Raises NotFound for others."""
    found = one(set_id)
    must(actor, Perm.AWARD_READ, found)
    return found


def for_everybody(set_id: uuid.UUID) -> RuleSet:
    """Return a set that was published. Raises NotFound for drafts and for what was withdrawn before publication."""
    found = one(set_id)
    if found.published_on is None or found.state == "draft":
        raise NotFound
    return found


def at_desk(actor: Actor) -> Sequence[RuleSet]:
    """Return the sets of the actor's areas, those that still move first, then the newest."""
    order = {"published": 0, "draft": 1, "in_force": 2, "withdrawn": 3}
    found = session().scalars(
        select(RuleSet).where(visible(actor, Perm.AWARD_READ, RuleSet)).order_by(RuleSet.changed_at.desc()).limit(100)
    )
    return sorted(found, key=lambda row: order[row.state])


def public_of(town_id: int) -> Sequence[RuleSet]:
    """Return the sets of a town that were published, the newest first."""
    return session().scalars(
        select(RuleSet)
        .where(RuleSet.town_id == town_id, RuleSet.published_on.is_not(None), RuleSet.state != "draft")
        .order_by(RuleSet.published_on.desc(), RuleSet.id.desc())
        .limit(50)
    ).all()  # fmt: skip


def drafts(set_id: uuid.UUID) -> Sequence[RuleDraft]:
    """Return what a set proposes, by code."""
    return session().scalars(select(RuleDraft).where(RuleDraft.rule_set_id == set_id).order_by(RuleDraft.code)).all()


def in_force_on(town_id: int, day: dt.date) -> list[InForceRule]:
    """Return the rules of a town and its villages that hold on `day`, the town's first."""
    rows = session().execute(
        _versions()
        .where(
            _RULE.town_id == town_id,
            _VERSION.effective_on <= day,
            or_(_VERSION.ends_on.is_(None), _VERSION.ends_on >= day),
        )
        .order_by(_RULE.area_id.is_not(None), _RULE.code, _VERSION.effective_on.desc(), _VERSION.id.desc())
    )
    found: dict[int, InForceRule] = {}
    for row in rows:
        found.setdefault(row.rule_id, _in_force(row))
    return list(found.values())


def history(town_id: int) -> list[InForceRule]:
    """Return every version of every rule of a town, the newest of each first."""
    order = (_RULE.area_id.is_not(None), _RULE.code, _VERSION.effective_on.desc(), _VERSION.id.desc())
    return [_in_force(row) for row in session().execute(_versions().where(_RULE.town_id == town_id).order_by(*order))]


def newest_of(rule_id: int) -> RuleVersion | None:
    """Return the newest version of a rule, in force or not."""
    wanted = select(RuleVersion).where(RuleVersion.rule_id == rule_id)
    return session().scalars(wanted.order_by(RuleVersion.effective_on.desc(), RuleVersion.id.desc()).limit(1)).first()


def rule(rule_id: int) -> Rule:
    """Return a rule. Raises NotFound."""
    found = session().get(Rule, rule_id)
    if found is None:
        raise NotFound
    return found


def codes(town_id: int) -> set[str]:
    """Return the codes that are taken in a town, by rules and by drafts of sets that may still come into force."""
    taken = session().scalars(select(Rule.code).where(Rule.town_id == town_id))
    proposed = session().scalars(
        select(RuleDraft.code)
        .join(RuleSet, RuleSet.id == RuleDraft.rule_set_id)
        .where(RuleSet.town_id == town_id, RuleSet.state.in_(("draft", "published")))
    )
    return {*taken, *proposed}


def digest(rule_set: RuleSet) -> str:
    """Return the digest of what a set says, together with the versions that it would follow upon.

    When another set comes into force meanwhile, the digest changes: what was simulated is not what would happen.
    """
    said = [
        {"code": row.code, "rule": row.rule_id, "ends": row.ends, **asdict(terms_of(row))}
        for row in drafts(rule_set.id)
    ]  # fmt: skip
    beside = [row.version_id for row in in_force_on(rule_set.town_id, clock.today())]
    text = json.dumps({"says": said, "beside": sorted(beside)}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def same_rules_published(rule_set: RuleSet) -> bool:
    """Say whether another set waits to come into force that changes one of the same rules."""
    mine = select(RuleDraft.rule_id).where(RuleDraft.rule_set_id == rule_set.id, RuleDraft.rule_id.is_not(None))
    found = (
        select(RuleDraft.id)
        .join(RuleSet, RuleSet.id == RuleDraft.rule_set_id)
        .where(RuleSet.state == "published", RuleSet.id != rule_set.id, RuleDraft.rule_id.in_(mine))
    )
    return session().scalars(found.limit(1)).first() is not None


def objections(set_id: uuid.UUID) -> list[Objection]:
    """Return what was objected, the first first."""
    rows = session().execute(
        select(RuleObjection, people.MEMBER.c.display_name)
        .join(people.MEMBER, people.MEMBER.c.id == RuleObjection.member_id)
        .where(RuleObjection.rule_set_id == set_id)
        .order_by(RuleObjection.at, RuleObjection.id)
    )
    return [
        Objection(
            id=row.RuleObjection.id,
            member_id=row.RuleObjection.member_id,
            name=row.display_name,
            words=row.RuleObjection.words,
            at=row.RuleObjection.at,
            answer=row.RuleObjection.answer,
            answered_by=row.RuleObjection.answered_by,
            answered_at=row.RuleObjection.answered_at,
        )
        for row in rows
    ]


def unanswered(set_id: uuid.UUID) -> int:
    """Return how many objections wait for an answer."""
    wanted = select(func.count()).where(RuleObjection.rule_set_id == set_id, RuleObjection.answered_at.is_(None))
    return session().scalar(wanted) or 0


def objected(actor: Actor, area: str = "") -> Sequence[tuple[RuleSet, int, dt.datetime]]:
    """Return the published sets that the actor may answer for, with how many objections wait and since when."""
    waits = (
        select(
            RuleObjection.rule_set_id,
            func.count().label("waiting"),
            func.min(RuleObjection.at).label("first"),
        )
        .where(RuleObjection.answered_at.is_(None))
        .group_by(RuleObjection.rule_set_id)
        .subquery()
    )
    rows = session().execute(
        select(RuleSet, waits.c.waiting, waits.c.first)
        .join(waits, waits.c.rule_set_id == RuleSet.id)
        .where(_mine(actor, area), RuleSet.state == "published")
        .order_by(waits.c.first)
    )
    return [(row.RuleSet, row.waiting, row.first) for row in rows]


def ready(actor: Actor, area: str = "") -> Sequence[RuleSet]:
    """Return the drafts of others that were tried as they stand and that the actor may publish, the oldest first."""
    wanted = select(RuleSet).where(
        visible(actor, Perm.RULE_PUBLISH, RuleSet),
        under(RuleSet.scope_path, (area,)),
        RuleSet.state == "draft",
        RuleSet.simulated_digest != "",
        RuleSet.simulated_digest == RuleSet.draft_digest,
        RuleSet.created_by.not_in(actor.ids),
    )
    return session().scalars(wanted.order_by(RuleSet.simulated_at)).all()


def _mine(actor: Actor, area: str) -> ColumnElement[bool]:
    answers = visible(actor, Perm.RULE_DRAFT, RuleSet) | visible(actor, Perm.RULE_PUBLISH, RuleSet)
    return answers & under(RuleSet.scope_path, (area,))


def due(before: dt.date) -> Sequence[uuid.UUID]:
    """Return the published sets whose day has come, or comes by `before`."""
    wanted = select(RuleSet.id).where(RuleSet.state == "published", RuleSet.effective_on <= before)
    return session().scalars(wanted.order_by(RuleSet.effective_on, RuleSet.id)).all()


def town_most(town_id: int, trigger: str, asset: str, day: dt.date) -> int | None:
    """Return the most that the town's own rules of that day give for such an act; None when they give nothing."""
    return max(
        (
            rule.terms.amount
            for rule in in_force_on(town_id, day)
            if rule.area_id is None and rule.terms.trigger == trigger and rule.terms.asset == asset
        ),
        default=None,
    )


def above_town(rule_set: RuleSet, day: dt.date) -> list[str]:
    """Return the codes with which a village's set would give more on `day` than its town does."""
    if rule_set.area_id == rule_set.town_id:
        return []
    return [
        draft.code
        for draft in drafts(rule_set.id)
        if not draft.ends and draft.amount > (town_most(rule_set.town_id, draft.trigger, draft.asset, day) or 0)
    ]


def closes_at(rule_set: RuleSet) -> dt.datetime | None:
    """Return until when objections are taken: the evening of the last day, before anything is brought into force."""
    last = closes_on(rule_set)
    return clock.at_local(last, EVENING) if last else None


def closes_on(rule_set: RuleSet) -> dt.date | None:
    """Return the last day for objections."""
    return rule_set.published_on + dt.timedelta(days=NOTICE_DAYS) if rule_set.published_on else None


def area_names(sets: Sequence[RuleSet]) -> dict[int, str]:
    """Return the names of the areas whose sets these are."""
    return places.names(row.area_id for row in sets)


def _versions() -> Any:
    return select(
        _RULE.id.label("rule_id"), _RULE.code, _RULE.area_id, _VERSION.id.label("version_id"), _VERSION.version,
        _VERSION.resolution, _VERSION.published_on, _VERSION.effective_on, _VERSION.ends_on, _VERSION.rule_set_id,
        *(_VERSION[name] for name in _FIELDS),
    ).join(RuleVersion.__table__, _VERSION.rule_id == _RULE.id)  # fmt: skip


def _in_force(row: Row[Any]) -> InForceRule:
    return InForceRule(
        rule_id=row.rule_id,
        code=row.code,
        area_id=row.area_id,
        version_id=row.version_id,
        version=row.version,
        terms=terms_of(row),
        resolution=row.resolution,
        published_on=row.published_on,
        effective_on=row.effective_on,
        ends_on=row.ends_on,
        rule_set_id=row.rule_set_id,
    )
