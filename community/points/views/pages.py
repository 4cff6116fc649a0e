"""Page objects of the room's views: ready values, nothing left to compute in a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _, ngettext
from community.core.web import display
from community.core.web.display import mask_name
from community.core.web.preferences import current as preferences
from community.people import queries as people
from community.places import queries as places
from community.points import texts
from community.points.models import NEVER, Award
from community.points.queries import accounts, awards, cases
from community.points.queries.accounts import Purse
from community.points.views import lines
from community.points.views.behind import Behind, behind


@dataclass(frozen=True)
class Line:
    """A line of an account."""

    txn_id: int
    amount: int
    title: str
    at: dt.datetime
    grade: str
    # Who did it in the member's place.
    helper: str = ""
    # Who of the family ordered what this account pays for.
    orderer: str = ""


@dataclass(frozen=True)
class Waiting:
    """An award that is not posted: its amount, where it was earned, why it waits or was refused, what comes next."""

    amount: int
    place: str
    at: dt.datetime
    why: Text
    next: Text | None
    held: bool
    evidence: str
    award_id: int = 0
    member_id: int = 0
    member: str = ""
    minutes: bool = False


@dataclass(frozen=True)
class Mine:
    """A member's points in one town, or with `minutes` her service there; the lines are those of `account_id`.

    `towns` are (name, purse) of all her points when there are several, `served` (name, hours, account) of her service.
    """

    purse: Purse | None
    account_id: int
    minutes: bool
    hours: Text
    towns: Sequence[tuple[str, Purse]]
    served: Sequence[tuple[str, Text, int]]
    months: Sequence[tuple[dt.date, Sequence[Line]]]
    older: int | None
    waiting: Sequence[Waiting]
    waiting_points: int
    first_page: bool


@dataclass(frozen=True)
class Proof:
    """Everything behind one line."""

    line: Line
    kind: str
    own: bool
    member_id: int
    member: str
    scope_path: str
    evidence: str
    steps: Sequence[tuple[Text, Text]]
    decided: Text
    recorded_at: dt.datetime
    waited_for: Text | None
    rule_text: str
    rule_version: Text | None
    resolution: str
    published_on: dt.date | None
    effective_on: dt.date | None
    ends_on: dt.date | None
    granted: int | None
    remaining: int | None
    expires_on: dt.date | None
    expired: bool
    heading: Text
    worth: Text
    minutes: bool
    behind: Behind


@dataclass(frozen=True)
class Receipt:
    """What an act brought: a posted award, one that waits, or none, with the reason."""

    amount: int
    why: Text
    next: Text | None = None
    href_id: int | None = None
    held: bool = False
    member_id: int = 0
    own: bool = True
    minutes: bool = False


@dataclass(frozen=True)
class Queue:
    """The desk's waiting awards; `reasons` are (code, word, awards, points)."""

    lines: Sequence[Waiting]
    older: int | None
    reason: str
    reasons: Sequence[tuple[str, Text, int, int]]


def mine(actor: Actor, account_id: int | None, before: int | None) -> Mine:
    """Return a page of the actor's own points, of her fullest account unless she names another of hers."""
    held = accounts.balance(actor.member_id)
    chosen = [purse for purse in held.purses if purse.account_id == account_id] or list(held.purses)
    purse = chosen[0] if chosen else None
    served = next((one for one in held.served if one.account_id == account_id), None)
    shown = served or purse
    page = accounts.statement(shown.account_id, before) if shown else accounts.Statement((), None)
    waiting = [_waiting(row.Award) for row in awards.open_awards(actor.member_id)] if before is None else []
    people_named = people.names(lines.people_in(row.explain for row in page.lines))
    months = groupby(
        (_line(row, people_named, actor.ids) for row in page.lines),
        key=lambda line: clock.local(line.at).date().replace(day=1),
    )
    several = max(len(held.purses), len(held.served)) > 1
    names = (
        places.names([*(one.town_id for one in held.purses), *(one.town_id for one in held.served)]) if several else {}
    )
    return Mine(
        purse=purse,
        account_id=shown.account_id if shown else 0,
        minutes=served is not None,
        hours=texts.hours(held.minutes) if held.served else "",
        towns=[(names[one.town_id], one) for one in held.purses] if len(held.purses) > 1 else (),
        served=[(names.get(one.town_id, ""), texts.hours(one.minutes), one.account_id) for one in held.served],
        months=[(month, list(of_month)) for month, of_month in months],
        older=page.older,
        waiting=waiting,
        waiting_points=sum(one.amount for one in waiting if one.held and not one.minutes),
        first_page=before is None,
    )


def waits(actor: Actor) -> list[tuple[int, Text, Text]]:
    """Return (points, why, what comes next) of what waits for the actor, for a page that shows her balance."""
    return [(amount, *texts.WAITS[reason]) for reason, amount in awards.held_by_reason(actor.member_id)]


def proof(actor: Actor, txn_id: int) -> Proof:
    """Return everything behind one posting; raises NotFound for who may not see it."""
    found = accounts.proof(actor, txn_id)
    row, explain = found.row, found.row.explain
    told = (row.subject_id, row.approver_id, row.actor_id, *lines.people_in([explain]))
    names = people.names([one for one in told if one])
    waited = explain.get("waited")
    return Proof(
        line=_line(row, names, (row.subject_id,)),
        kind=row.kind,
        own=actor.is_me(found.owner_id),
        member_id=found.owner_id,
        member=names.get(row.subject_id, ""),
        scope_path=found.scope_path,
        evidence=_evidence(row.evidence_ref),
        steps=lines.steps(row.kind, row.delta, row.balance_after, cases.told(explain, row.evidence_ref)),
        decided=lines.decided(row, names),
        recorded_at=row.recorded_at,
        waited_for=texts.WAITS[waited["reason"]][0] if waited else None,
        rule_text=(row.text_en if preferences().lang == "en" else row.text_zh) or "",
        rule_version=_("%(code)s 第 %(version)s 版", code=row.rule_code, version=row.version)
        if row.rule_code
        else None,
        resolution=row.resolution or "",
        published_on=row.published_on,
        effective_on=row.rule_effective_on,
        ends_on=row.ends_on,
        granted=row.granted,
        remaining=row.remaining,
        expires_on=row.expires_on if row.expires_on != NEVER else None,
        expired=row.expires_on is not None and row.expires_on < clock.today(),
        heading=_heading(row),
        worth=lines.moved(row.asset, row.delta),
        minutes=row.asset == "minutes",
        behind=behind(actor, row, found.owner_id, own=actor.is_me(found.owner_id)),
    )


def _heading(row: Any) -> Text:
    """Return the question that the page of a line answers, or what the line is called."""
    if row.kind != "award":
        return _line(row, owner=(row.subject_id,)).title
    if row.asset == "minutes":
        return ngettext("为什么有这 %(num)s 分钟", "为什么有这 %(num)s 分钟", row.delta)
    shown = display.points(row.delta)
    return ngettext("为什么有这 %(amount)s 分", "为什么有这 %(amount)s 分", row.delta, amount=shown)


def receipt(actor: Actor, checkin: Any) -> Receipt | None:
    """Return what a check-in brought, or None while nothing can be said of it."""
    ref = f"checkin:{checkin.id}"
    own = actor.is_me(checkin.member_id)
    for row in accounts.postings_of(ref):
        why = _("，").join(str(value) for _word, value in texts.arithmetic(row.explain)[1:-1])
        # A leader reads her team's check-ins, not the awards behind them: no link that would be refused.
        opens = row.txn_id if own or can(actor, Perm.AWARD_READ, checkin) else None
        minutes = row.explain.get("asset") == "minutes"
        return Receipt(row.delta, why, href_id=opens, member_id=checkin.member_id, own=own, minutes=minutes)
    for award in awards.awards_of(ref):
        shown = _waiting(award)
        return Receipt(
            shown.amount if shown.held else 0, shown.why, shown.next, held=shown.held, own=own, minutes=shown.minutes
        )
    if checkin.status == "rejected":
        return None
    none = awards.why_nothing(
        trigger="CheckInAccepted",
        evidence_ref=ref,
        subject_id=checkin.member_id,
        town_id=checkin.town_id,
        scope_path=checkin.scope_path,
        team_id=checkin.team_id,
        earned_at=checkin.used_at,
        grade=checkin.grade,
    )
    words = texts.nothing(none.reason, amount=none.amount, cap=none.cap, min_grade=none.min_grade, grade=checkin.grade)
    return Receipt(0, words, _("打卡和时长照记。") if checkin.status == "accepted" else None, own=own)


def queue(actor: Actor, reason: str, before: int | None) -> Queue:
    """Return a page of what waits in the actor's areas; names are masked for who may not read people."""
    rows, older = awards.queue(actor, reason=reason, before=before)
    counted = awards.waiting_by_reason(actor)
    return Queue(
        lines=[_waiting(row.Award, _name(actor, row)) for row in rows],
        older=older,
        reason=reason,
        reasons=[(code, texts.WAITS[code][0], *numbers) for code, numbers in sorted(counted.items())],
    )


def _name(actor: Actor, row: Any) -> str:
    return row.member_name if can(actor, Perm.MEMBER_READ, row.Award) else mask_name(row.member_name)


def _line(row: Any, names: Mapping[int, str] = MappingProxyType({}), owner: Sequence[int] = ()) -> Line:
    lang = preferences().lang if "what_en" in row.explain else "zh"
    return Line(
        txn_id=row.txn_id,
        amount=row.delta,
        title=str(lines.title(row.kind, row.reason_code, row.explain, lang, owner)),
        at=lines.happened_at(row.explain, row.recorded_at),
        grade=row.explain.get("grade", ""),
        helper=lines.helper(row.explain, names),
        orderer=names.get(int(row.explain["orderer"]), "") if lines.shared_by_another(row.explain, owner) else "",
    )


def _waiting(award: Award, member: str = "") -> Waiting:
    held = award.state == "held"
    code, _colon, words = (award.decision or "").partition(":")
    waits = texts.DECIDED.get(code) or texts.WAITS[award.reason_code]
    why = waits[0] if held else texts.REFUSED.get(code, texts.REFUSED["rejected"])
    return Waiting(
        amount=award.amount,
        place=award.explain["place"],
        at=award.earned_at,
        why=why,
        next=waits[1] if held else (words or None),
        held=held,
        evidence=_evidence(award.evidence_ref),
        award_id=award.id,
        member_id=award.subject_id,
        member=member,
        minutes=award.explain.get("asset") == "minutes",
    )


def _evidence(ref: str) -> str:
    kind, _colon, key = ref.partition(":")
    return key if kind == "checkin" else ""
