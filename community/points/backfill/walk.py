"""Which acts of the past are awarded, in the order in which they would have been: nothing is written here."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any

from sqlalchemy import Select, select

from community.core import clock
from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.places.queries import AREA
from community.points import policies
from community.points.models import Rule, RuleVersion
from community.points.policies import Terms
from community.points.queries.rules import TERMS, terms_of
from community.points.services.awarding import Act
from community.points.services.posting import By, Claim
from community.teams import queries as teams


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What a second person decided on a flagged act."""

    accepted: bool
    by_id: int
    at: dt.datetime
    words: str


@dataclass(frozen=True, slots=True)
class PastAct:
    """An act by a verified member, counted from its instant; a flagged one only from the decision on it."""

    act: Act
    flagged: bool = False
    decision: PastDecision | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a rule with the days on which it holds."""

    terms: Terms
    effective_on: dt.date
    ends_on: dt.date | None
    # The path of the village whose addition it is.
    area_path: str = ""

    def holds_on(self, day: dt.date) -> bool:
        """Whether an act of that civil day is judged by this version."""
        return self.effective_on <= day and (self.ends_on is None or day <= self.ends_on)

    def covers(self, act: Act, team_kind: str) -> bool:
        """Whether the act was done where, for whom and as well as this version asks for."""
        return (
            act.scope_path.startswith(self.area_path)
            and self.terms.team_kind in {"", team_kind}
            and policies.good_enough(act.grade, self.terms.min_grade)
        )


Versions = dict[tuple[int, str], list[Version]]


@dataclass
class Sums:
    """Caps and budgets counted in memory: what `services.posting` asks the database for.

    `left` holds what each slot of a town's year still has; None stands for budgets without end.
    """

    left: dict[tuple[int, int], dict[int, int]] | None = None
    usage: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    caps: dict[tuple[int, int, str], int] = field(default_factory=dict)
    # Promised to awards that wait for the budget: nobody is shown a second promise for the same hour.
    promised: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    spent: Counter[tuple[int, int, int]] = field(default_factory=Counter)

    def take(self, claim: Claim, year: int) -> str:
        """Count the claim; return "" when it is posted, else why not: "hour", "day", "cap", "budget"."""
        keys = self._keys(claim)
        reason = policies.blocked(claim.terms, claim.earned_at, {key[2]: self.usage[key] for key in keys})
        if reason:
            return reason
        if not self._pay(claim, year):
            return "budget"
        for key, cap in keys.items():
            self.usage[key] += claim.terms.amount
            self.caps[key] = cap
        return ""

    def promise(self, claim: Claim) -> bool:
        """Count a claim that waits for the budget; False when its hour or day is spoken for already."""
        keys = self._keys(claim)
        spoken = {key[2]: self.usage[key] + self.promised[key] for key in keys}
        if policies.blocked(claim.terms, claim.earned_at, spoken):
            return False
        self.promised.update(dict.fromkeys(keys, claim.terms.amount))
        return True

    def used(self, claim: Claim) -> dict[str, int]:
        """Return what the claim's periods hold, by their keys."""
        return {key[2]: self.usage[key] for key in self._keys(claim)}

    @staticmethod
    def _keys(claim: Claim) -> dict[tuple[int, int, str], int]:
        found = policies.periods(claim.terms, claim.earned_at)
        return {(claim.terms.rule_id, claim.subject_id, period.key): period.cap for period in found}

    def _pay(self, claim: Claim, year: int) -> bool:
        if claim.terms.asset == "minutes":
            return True
        slot = policies.first_slot(claim.subject_id)
        if self.left is None:
            self.spent[claim.town_id, year, slot] += claim.terms.amount
            return True
        left = self.left.get((claim.town_id, year), {})
        drawn = policies.draw(left, slot, claim.terms.amount)
        for number, part in drawn.items():
            left[number] -= part
            self.spent[claim.town_id, year, number] += part
        return bool(drawn)


class Walk:
    """Goes through acts in the order of their instants. What it finds is told to the methods that a subclass fills."""

    def __init__(self, versions: Versions, sums: Sums) -> None:
        self.sums = sums
        self._versions = versions
        self._kinds = teams.kinds_by_id()
        self._undecided: list[tuple[dt.datetime, int, Act, PastDecision]] = []
        self._turn = count()

    def take(self, acts: Iterable[PastAct]) -> None:
        """Award acts, oldest first; decisions that were made before an act come before it."""
        for past in acts:
            self._decide_until(past.act.earned_at)
            if not past.flagged:
                self._award(past.act)
            elif past.decision is None:
                for claim in self._claims(past.act):
                    self.waits(claim, "flagged")
            else:
                heappush(self._undecided, (past.decision.at, next(self._turn), past.act, past.decision))

    def decide_the_rest(self) -> None:
        """Carry out the decisions that were made after the last act."""
        self._decide_until(None)

    def posted(self, claim: Claim, by: By, recorded_at: dt.datetime) -> int:  # noqa: ARG002
        """An award is posted; return its posting's id."""
        return 0

    def waits(self, claim: Claim, reason: str, decided_by: int | None = None) -> None:
        """An award waits: for a person ("flagged", "review") or for the budget, by then decided on by `decided_by`."""

    def closed(self, claim: Claim, decision: PastDecision, code: str, txn_id: int | None) -> None:
        """An award that waited for a person was posted as `txn_id`, or refused because of `code`."""

    def _decide_until(self, at: dt.datetime | None) -> None:
        while self._undecided and (at is None or self._undecided[0][0] <= at):
            _at, _turn, act, decision = heappop(self._undecided)
            self._settle(act, decision)

    def _award(self, act: Act) -> None:
        for claim in self._claims(act):
            if claim.terms.review:
                self.waits(claim, "review")
                continue
            reason = self.sums.take(claim, clock.local(act.earned_at).year)
            if not reason:
                self.posted(claim, By(act.subject_id), act.earned_at)
            elif reason == "budget" and self.sums.promise(claim):
                self.waits(claim, "budget")

    def _settle(self, act: Act, decision: PastDecision) -> None:
        for claim in self._claims(act):
            if not decision.accepted:
                self.closed(claim, decision, "rejected", None)
                continue
            if claim.terms.review:
                self.waits(claim, "review")
                continue
            reason = self.sums.take(claim, clock.local(decision.at).year)
            if reason == "budget":
                self.waits(claim, "budget", decision.by_id)
            elif reason:
                self.closed(claim, decision, reason, None)
            else:
                waited = replace(claim, waited={"reason": "flagged", "since": act.earned_at.isoformat()})
                by = By(decision.by_id, decision.by_id)
                self.closed(claim, decision, "confirmed", self.posted(waited, by, decision.at))

    def _claims(self, act: Act) -> list[Claim]:
        day, kind = clock.local(act.earned_at).date(), self._kinds.get(act.team_id or 0, "")
        found: dict[int, Version] = {}
        for version in self._versions.get((act.town_id, act.trigger), ()):
            if version.holds_on(day):
                found.setdefault(version.terms.rule_id, version)
        return [_claim(act, version.terms) for version in found.values() if version.covers(act, kind)]


def cost(actor: Actor, acts: Iterable[PastAct]) -> Counter[tuple[int, int]]:
    """Return what the acts would be awarded if budgets had no end, by town and year of recording. Writes nothing."""
    must_be_system(actor)
    walk = Walk(versions(), Sums())
    walk.take(acts)
    walk.decide_the_rest()
    points: Counter[tuple[int, int]] = Counter()
    for (town_id, year, _slot), part in walk.sums.spent.items():
        points[town_id, year] += part
    return points


def versions() -> Versions:
    """Return every version of every rule by town and trigger, newest first as `queries.rules.in_force` reads them."""
    version, rule = RuleVersion.__table__.c, Rule.__table__.c
    path = select(AREA.c.path).where(AREA.c.id == rule.area_id).scalar_subquery().label("area_path")
    statement: Select[Any] = (
        select(*TERMS, rule.town_id, version.trigger, version.effective_on, version.ends_on, path)
        .join(Rule.__table__, rule.id == version.rule_id)
        .order_by(rule.code, version.effective_on.desc(), version.id.desc())
    )
    found: Versions = {}
    for row in session().execute(statement):
        made = Version(terms_of(row), row.effective_on, row.ends_on, row.area_path or "")
        found.setdefault((row.town_id, row.trigger), []).append(made)
    return found


def _claim(act: Act, terms: Terms) -> Claim:
    return Claim(
        terms=terms,
        town_id=act.town_id,
        scope_path=act.scope_path,
        subject_id=act.subject_id,
        evidence_ref=act.evidence_ref,
        earned_at=act.earned_at,
        grade=act.grade,
        place=act.place,
    )
