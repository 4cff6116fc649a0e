"""Page objects of rules: what is in force, what a set changes, what its trial came to. Ready values for templates."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _, either
from community.people import queries as people
from community.places import queries as places
from community.points import comparing, proposals
from community.points.comparing import Clause, Piece
from community.points.models import RuleDraft, RuleSet
from community.points.proposals import Proposal
from community.points.queries import rule_sets
from community.points.queries.rule_sets import InForceRule, Objection
from community.points.services.simulating import FEWEST
from community.teams import words as teams

STATES: dict[str, tuple[Text, str, str]] = {
    "draft": (_("草案"), "grey", "list"),
    "published": (_("公示中"), "amber", "megaphone"),
    "in_force": (_("已施行"), "green", "check"),
    "withdrawn": (_("已撤回"), "red", "cross"),
}


@dataclass(frozen=True)
class Rule:
    """A rule in force, in words; `older` are the versions before it."""

    code: str
    version: str
    area: str
    text: Text
    clauses: Sequence[tuple[Text, Text]]
    resolution: str
    published_on: dt.date
    effective_on: dt.date
    ends_on: dt.date | None
    set_id: uuid.UUID | None
    rule_id: int
    level: int | None
    older: Sequence[Rule]


@dataclass(frozen=True)
class Change:
    """What a set says about one rule: new, changed or ended, clause by clause and word by word."""

    draft_id: int
    code: str
    kind: str
    clauses: Sequence[Clause]
    words: Sequence[Piece]
    review: bool
    manual: bool


@dataclass(frozen=True)
class Pair:
    """A number now and as it would be."""

    label: Text
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Group:
    """People of one kind of team, age or grid, and what the set would change for them."""

    name: Text
    members: int
    before: int
    after: int
    gain: int
    lose: int


@dataclass(frozen=True)
class Trial:
    """What a trial came to."""

    first: dt.date
    last: dt.date
    acts: int
    members: int
    share: int
    points: Pair
    minutes: Pair
    reviews: Pair
    gain: int
    lose: int
    same: int
    gini: Sequence[float]
    top: Sequence[int]
    weeks: Sequence[Pair]
    rules: Sequence[Pair]
    groups: Sequence[tuple[Text, Sequence[Group]]]
    year: int
    left: int
    need: Sequence[int]
    whole_year: Sequence[int]
    breach: bool


@dataclass(frozen=True)
class SetPage:
    """A set with all that belongs to it."""

    id: uuid.UUID
    title: str
    area: str
    state: str
    look: tuple[Text, str, str]
    village: bool
    changes: Sequence[Change]
    trial: Trial | None
    # Fewer people than that are nobody's business: what the trial says of them is read at the desk alone.
    few: bool
    tried_at: dt.datetime | None
    stale: bool
    writer: str
    publisher: str
    own: bool
    resolution: str
    resolution_on: dt.date | None
    upload_id: uuid.UUID | None
    document_id: uuid.UUID | None
    published_on: dt.date | None
    closes_on: dt.date | None
    effective_on: dt.date | None
    open: bool
    objections: Sequence[Objection]
    unanswered: int
    end_reason: str
    ended_at: dt.datetime | None
    # Writes in it; tries it and takes it back.
    may_draft: bool
    may_try: bool
    may_publish: bool
    may_answer: bool


@dataclass(frozen=True)
class SetLine:
    """A set in a list."""

    id: uuid.UUID
    title: str
    area: str
    look: tuple[Text, str, str]
    published_on: dt.date | None
    effective_on: dt.date | None
    changed_at: dt.datetime


def rules_of(town_id: int) -> list[Rule]:
    """Return the rules of a town that hold today or begin soon, each with its older versions."""
    today = clock.today()
    found = rule_sets.history(town_id)
    names = places.names({one.area_id for one in found if one.area_id})
    shown = []
    for _rule, group in groupby(found, key=lambda one: one.rule_id):
        versions = list(group)
        alive = [one for one in versions if one.ends_on is None or one.ends_on >= today]
        if alive:
            older = [_rule_page(one, names, ()) for one in versions if one is not alive[0]]
            shown.append(_rule_page(alive[0], names, older))
    return shown


def _rule_page(row: InForceRule, names: dict[int, str], older: Sequence[Rule]) -> Rule:
    return Rule(
        code=row.code,
        version=row.version,
        area=names.get(row.area_id or 0, ""),
        text=either(row.terms.text_zh, row.terms.text_en),
        clauses=proposals.clauses(row.terms),
        resolution=row.resolution,
        published_on=row.published_on,
        effective_on=row.effective_on,
        ends_on=row.ends_on,
        set_id=row.rule_set_id,
        rule_id=row.rule_id,
        level=row.area_id,
        older=older,
    )


def lines(sets: Sequence[RuleSet]) -> list[SetLine]:
    """Return sets as lines of a list."""
    names = rule_sets.area_names(sets)
    return [
        SetLine(
            id=row.id,
            title=row.title,
            area=names.get(row.area_id, ""),
            look=STATES[row.state],
            published_on=row.published_on,
            effective_on=row.effective_on,
            changed_at=row.changed_at,
        )
        for row in sets
    ]


def page(actor: Actor | None, rule_set: RuleSet) -> SetPage:
    """Return everything about a set; what the actor may do with it as well."""
    objections = rule_sets.objections(rule_set.id)
    names = people.names({one for one in (rule_set.created_by, rule_set.published_by) if one})
    closes, until = rule_sets.closes_on(rule_set), rule_sets.closes_at(rule_set)
    drafts = rule_sets.drafts(rule_set.id)
    draft = rule_set.state == "draft"
    own = actor is not None and actor.is_me(rule_set.created_by)
    return SetPage(
        id=rule_set.id,
        title=rule_set.title,
        area=rule_sets.area_names([rule_set]).get(rule_set.area_id, ""),
        state=rule_set.state,
        look=STATES[rule_set.state],
        village=rule_set.area_id != rule_set.town_id,
        changes=[_change(row, rule_set) for row in drafts],
        trial=trial(rule_set.simulation) if rule_set.simulation else None,
        few=rule_set.simulation is not None and rule_set.simulation["members"] < FEWEST,
        tried_at=rule_set.simulated_at,
        stale=draft and rule_set.simulated_digest != rule_sets.digest(rule_set),
        writer=names.get(rule_set.created_by, ""),
        publisher=names.get(rule_set.published_by or 0, ""),
        own=own,
        resolution=f"{rule_set.resolution_body} {rule_set.resolution_no}".strip(),
        resolution_on=rule_set.resolution_on,
        upload_id=rule_set.resolution_upload_id,
        document_id=rule_set.resolution_document_id,
        published_on=rule_set.published_on,
        closes_on=closes,
        effective_on=rule_set.effective_on,
        open=rule_set.state == "published" and until is not None and clock.now() < until,
        objections=objections,
        unanswered=sum(1 for one in objections if one.answered_at is None),
        end_reason=rule_set.end_reason,
        ended_at=rule_set.ended_at,
        may_draft=draft and own and can(actor, Perm.RULE_DRAFT, rule_set),
        may_try=draft and can(actor, Perm.RULE_DRAFT, rule_set),
        may_publish=can(actor, Perm.RULE_PUBLISH, rule_set),
        may_answer=any(can(actor, perm, rule_set) for perm in (Perm.RULE_DRAFT, Perm.RULE_PUBLISH)),
    )


def _change(draft: RuleDraft, rule_set: RuleSet) -> Change:
    before = _before(draft, rule_set)
    after = None if draft.ends else rule_sets.terms_of(draft)
    old, new = (_text(one) for one in (before, after))
    return Change(
        draft_id=draft.id,
        code=draft.code,
        kind="ends" if draft.ends else ("changed" if draft.rule_id else "new"),
        clauses=comparing.terms(before, after),
        words=comparing.words(old, new),
        review=draft.review,
        manual=draft.trigger == "Manual",
    )


def _text(terms: Proposal | None) -> str:
    """Return what the rule tells residents, in the reader's language; "" where there is no rule."""
    return str(either(terms.text_zh, terms.text_en)) if terms else ""


def _before(draft: RuleDraft, rule_set: RuleSet) -> Proposal | None:
    """Return what held before the set: its own version is none of it."""
    if draft.rule_id is None:
        return None
    earlier = [one for one in rule_sets.history(rule_set.town_id) if one.rule_id == draft.rule_id]
    for one in earlier:
        if one.rule_set_id != rule_set.id:
            return one.terms
    return None


def trial(found: dict[str, Any]) -> Trial:
    """Return what was kept of a trial, with words for its groups."""
    groups = found["groups"]
    return Trial(
        first=dt.date.fromisoformat(found["first"]),
        last=dt.date.fromisoformat(found["last"]),
        acts=found["acts"],
        members=found["members"],
        share=found["share"],
        points=Pair(_("积分"), *found["points"]),
        minutes=Pair(_("服务分钟"), *found["minutes"]),
        reviews=Pair(_("要人复核的笔数"), *found["reviews"]),
        gain=found["gain"],
        lose=found["lose"],
        same=found["same"],
        gini=found["gini"],
        top=found["top"],
        weeks=[Pair(week[5:], before, after) for week, before, after in found["weeks"]],
        rules=[Pair(code, before, after) for code, before, after in found["rules"]],
        groups=[
            (_("按队伍"), [_group(row, _kind) for row in groups["team"]]),
            (_("按年龄"), [_group(row, _age) for row in groups["age"]]),
            (_("按网格"), [_group(row, lambda name: name or _("没有填网格")) for row in groups["grid"]]),
        ],
        year=found["budget"]["year"],
        left=found["budget"]["left"],
        need=found["budget"]["need"],
        whole_year=found["budget"]["whole_year"],
        breach=found["budget"]["breach"],
    )


def _group(row: Sequence[Any], word: Any) -> Group:
    name, members, before, after, gain, lose = row
    return Group(_("其他（含不足 5 人的组）") if name == "*" else word(name), members, before, after, gain, lose)


def _kind(code: str) -> Text:
    kind = teams.KINDS.get(code)
    return kind.what if kind else _("不在队里")


def _age(band: str) -> Text:
    return teams.AGES.get(band, _("没有填年龄"))
