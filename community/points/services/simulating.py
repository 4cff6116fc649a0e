"""A rule set tried on the last ninety days: what it would have cost, who would gain or lose. Nothing of it stays.

The set is really written as versions, inside a savepoint that is rolled back, so that what is tried is what would come
into force, with every check of the database. Only sums of five people and more leave this module.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session
from community.patrols import queries as patrols
from community.people import queries as people
from community.places import queries as places
from community.points.backfill.walk import PastAct, Sums, Versions, Walk, versions
from community.points.models import BudgetSlot, RuleDraft, RuleSet
from community.points.policies import Terms
from community.points.services import adopting
from community.points.services.awarding import Act
from community.points.services.posting import By, Claim
from community.teams import queries as teams

DAYS = 90
# More acts than that are judged by a sample of members, and the page says so.
MOST_ACTS = 200_000
# Groups of fewer people are not told apart.
FEWEST = 5
_DAY = dt.timedelta(days=1)


class _TakeBack(Exception):
    """Ends the savepoint."""


@dataclass
class Outcome:
    """What one state of the rules gives for the acts of the time: by member, by rule, by week."""

    of: Counter[int] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    weeks: Counter[str] = field(default_factory=Counter)
    minutes: int = 0
    reviews: int = 0

    @property
    def points(self) -> int:
        return sum(self.of.values())


class _Trial(Walk):
    """A walk that counts. Budgets have no end and reviews say yes: this is the most that the rules can cost."""

    def __init__(self, versions: Versions, looked_at: set[int]) -> None:
        super().__init__(versions, Sums())
        self.outcome, self._looked_at = Outcome(), looked_at

    def posted(self, claim: Claim, by: By, recorded_at: dt.datetime) -> int:  # noqa: ARG002
        terms, day = claim.terms, clock.local(claim.earned_at).date()
        self.outcome.reviews += terms.version_id in self._looked_at
        if terms.asset == "minutes":
            self.outcome.minutes += terms.amount
            return 0
        self.outcome.of[claim.subject_id] += terms.amount
        self.outcome.rules[terms.code] += terms.amount
        self.outcome.weeks[(day - dt.timedelta(days=day.weekday())).isoformat()] += terms.amount
        return 0


def simulate(
    rule_set: RuleSet,
    drafts: Sequence[RuleDraft] | None = None,
    *,
    progress: Callable[[Sequence[PastAct]], Iterable[PastAct]] = tuple,
) -> dict[str, Any]:
    """Return what the set would have changed in the last ninety days, as numbers ready for JSON.

    `drafts` stand for those of a set that is not written down; `progress` may wrap the acts to show how far it is.
    Needs `transaction()`, in which nothing changes.
    """
    today = clock.today()
    first, until = today - DAYS * _DAY, today
    acts, share = _acts(rule_set, first, until)
    before = _run(versions(), rule_set.town_id, today, progress(acts))
    after = Outcome()
    try:
        with session().begin_nested():
            adopting.write_versions(rule_set, today + _DAY, drafts)
            session().flush()
            after = _run(versions(), rule_set.town_id, today + _DAY, progress(acts))
            raise _TakeBack
    except _TakeBack:
        session().expire_all()
    return _report(rule_set, acts, before, after, first=first, last=until - _DAY, share=share)


def _acts(rule_set: RuleSet, first: dt.date, until: dt.date) -> tuple[list[PastAct], int]:
    town = places.area(rule_set.town_id)
    path = town.path if town else ""
    begin, end = clock.at_local(first, dt.time.min), clock.at_local(until, dt.time.min)
    share = max(1, -(-patrols.accepted_count(path, begin, end) // MOST_ACTS))
    rows = patrols.accepted_between(path, begin, end, share=share)
    return [
        PastAct(
            Act(
                trigger="CheckInAccepted",
                evidence_ref=f"checkin:{row.id}",
                subject_id=row.member_id,
                town_id=rule_set.town_id,
                scope_path=row.scope_path,
                earned_at=row.used_at,
                grade=row.grade,
                place=row.place,
                team_id=row.team_id,
            )
        )
        for row in rows
    ], share


def _run(found: Versions, town_id: int, day: dt.date, acts: Iterable[PastAct]) -> Outcome:
    """Judge the acts by the versions of `day`, as if they had held all the time."""
    looked_at: set[int] = set()
    held: Versions = {}
    for key, some in found.items():
        if key[0] != town_id:
            continue
        valid = [version for version in some if version.holds_on(day)]
        looked_at |= {version.terms.version_id for version in valid if version.terms.review}
        held[key] = [
            replace(version, terms=_without_review(version.terms), effective_on=dt.date.min, ends_on=None)
            for version in valid
        ]
    trial = _Trial(held, looked_at)
    trial.take(acts)
    trial.decide_the_rest()
    return trial.outcome


def _without_review(terms: Terms) -> Terms:
    return replace(terms, review=False)


# --- what is told of it ---


def _report(
    rule_set: RuleSet,
    acts: Sequence[PastAct],
    before: Outcome,
    after: Outcome,
    *,
    first: dt.date,
    last: dt.date,
    share: int,
) -> dict[str, Any]:
    members = sorted({past.act.subject_id for past in acts})
    change = [after.of[member] - before.of[member] for member in members]
    codes = sorted({*before.rules, *after.rules})
    weeks = sorted({*before.weeks, *after.weeks})
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days": DAYS,
        "acts": len(acts),
        "members": len(members),
        "share": share,
        "points": [before.points * share, after.points * share],
        "minutes": [before.minutes * share, after.minutes * share],
        "reviews": [before.reviews * share, after.reviews * share],
        "gain": sum(1 for each in change if each > 0),
        "lose": sum(1 for each in change if each < 0),
        "same": sum(1 for each in change if each == 0),
        "gini": [gini([each.of[member] for member in members]) for each in (before, after)],
        "top": [top_tenth([each.of[member] for member in members]) for each in (before, after)],
        "rules": [[code, before.rules[code] * share, after.rules[code] * share] for code in codes],
        "weeks": [[week, before.weeks[week] * share, after.weeks[week] * share] for week in weeks],
        "groups": _groups(acts, members, before, after),
        "budget": _budget(rule_set.town_id, before.points * share, after.points * share),
    }


def gini(amounts: Sequence[int]) -> float:
    """Return how unevenly the amounts are spread: 0 when all have the same, towards 1 when one has everything."""
    total, count = sum(amounts), len(amounts)
    if not total:
        return 0.0
    weighted = sum(rank * amount for rank, amount in enumerate(sorted(amounts), start=1))
    return round(2 * weighted / (count * total) - (count + 1) / count, 3)


def top_tenth(amounts: Sequence[int]) -> int:
    """Return how many per cent of the sum the tenth of people with most have."""
    total = sum(amounts)
    most = sorted(amounts, reverse=True)[: max(1, len(amounts) // 10)]
    return round(100 * sum(most) / total) if total else 0


def _groups(
    acts: Sequence[PastAct], members: Sequence[int], before: Outcome, after: Outcome
) -> dict[str, list[list[Any]]]:
    """Return by kind of team, age and grid: [name, members, points before, points after, who gain, who lose]."""
    return {
        name: _sums(of, members, before, after)
        for name, of in (("team", _team_kinds(acts)), ("age", _ages(members)), ("grid", _grids(members)))
    }


def _sums(of: dict[int, str], members: Sequence[int], before: Outcome, after: Outcome) -> list[list[Any]]:
    by_group: dict[str, list[int]] = defaultdict(list)
    for member in members:
        by_group[of.get(member, "")].append(member)
    small = [name for name, some in by_group.items() if len(some) < FEWEST]
    # A single small group among the rest could be worked out from the total: it takes the next smallest with it.
    rest = [member for name in small for member in by_group.pop(name)]
    while rest and len(rest) < FEWEST and by_group:
        rest += by_group.pop(min(by_group, key=lambda name: len(by_group[name])))
    named = sorted(by_group.items(), key=lambda item: (-len(item[1]), item[0]))
    if len(rest) >= FEWEST:
        named.append(("*", rest))
    return [
        [
            name,
            len(some),
            sum(before.of[member] for member in some),
            sum(after.of[member] for member in some),
            sum(1 for member in some if after.of[member] > before.of[member]),
            sum(1 for member in some if after.of[member] < before.of[member]),
        ]
        for name, some in named
    ]


def _team_kinds(acts: Sequence[PastAct]) -> dict[int, str]:
    """Return the kind of team for which each member did most."""
    kinds = teams.kinds_by_id()
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    for past in acts:
        counted[past.act.subject_id][kinds.get(past.act.team_id or 0, "")] += 1
    return {member: max(counts, key=lambda kind: (counts[kind], kind)) for member, counts in counted.items()}


def _ages(members: Sequence[int]) -> dict[int, str]:
    return {row.id: row.age_band for row in _people(members)}


def _grids(members: Sequence[int]) -> dict[int, str]:
    paths = {row.id: "/".join(row.home_path.split("/")[:4]) + "/" for row in _people(members)}
    names = {path: area.name for path, area in places.by_path(set(paths.values())).items()}
    return {member: names.get(path, "") for member, path in paths.items()}


def _people(members: Sequence[int]) -> Iterator[Any]:
    member = people.MEMBER.c
    for start in range(0, len(members), 500):
        some = members[start : start + 500]
        yield from session().execute(
            select(member.id, member.age_band, member.home_path).where(member.id.in_(some))
        )  # fmt: skip


def _budget(town_id: int, before: int, after: int) -> dict[str, Any]:
    """Return this year's budget beside what the rules would cost until its end at the pace of the time tried."""
    today, slot = clock.today(), BudgetSlot.__table__.c
    amount, used = session().execute(
        select(func.coalesce(func.sum(slot.amount), 0), func.coalesce(func.sum(slot.used), 0)).where(
            slot.town_id == town_id, slot.year == today.year
        )
    ).one()  # fmt: skip
    left_days = (dt.date(today.year, 12, 31) - today).days
    need = [each * left_days // DAYS for each in (before, after)]
    year = [each * 365 // DAYS for each in (before, after)]
    left = int(amount) - int(used)
    return {
        "year": today.year, "amount": int(amount), "left": left, "need": need, "whole_year": year,
        "breach": need[1] > left,
    }  # fmt: skip
