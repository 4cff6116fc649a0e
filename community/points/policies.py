"""The arithmetic of awards, without a database: periods and caps, expiry, grades, and what is written down about it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from community.core import clock
from community.points.models import NEVER

# A budget is many rows instead of one hot one (points.md §2.4).
BUDGET_SLOTS = 16
# An award that was approved late is valid for at least so long (points.md §2.3).
LATE_GRACE = dt.timedelta(days=30)


# Characters of "2026-11".
_MONTH = 7


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version of a rule says, as far as awarding needs it."""

    version_id: int
    rule_id: int
    code: str
    version: str
    min_grade: str
    amount: int
    once_per: str
    cap_day: int | None
    expires_months: int
    asset: str = "points"
    # Only acts for a team of this kind; "" for all.
    team_kind: str = ""
    cap_month: int | None = None
    # A person looks at each award before it is posted.
    review: bool = False
    # The account that pays, 0 where nobody opened the town's books.
    issuance_id: int = 0


@dataclass(frozen=True, slots=True)
class Period:
    """A time ("2026-11", "2026-11-23", "2026-11-23T19") in which a rule gives a person at most `cap` points."""

    key: str
    cap: int


def day_key(earned_at: dt.datetime) -> str:
    """Return the key of the local civil day of an aware instant."""
    return clock.local(earned_at).date().isoformat()


def month_key(earned_at: dt.datetime) -> str:
    """Return the key of the local calendar month of an aware instant."""
    return f"{clock.local(earned_at):%Y-%m}"


def hour_key(earned_at: dt.datetime) -> str:
    """Return the key of the local clock hour of an aware instant."""
    return f"{clock.local(earned_at):%Y-%m-%dT%H}"


def periods(terms: Terms, earned_at: dt.datetime) -> tuple[Period, ...]:
    """Return the periods whose caps an award of `terms` earned at `earned_at` must fit, the month first.

    Windows and caps belong to the instant of the act, never to the moment it is processed (checkin.md §2.6). "Once in a
    period" is a cap of one amount; the day's cap then cannot be higher.
    """
    caps: dict[str, int] = {}
    if terms.cap_month is not None:
        caps[month_key(earned_at)] = terms.cap_month
    if terms.cap_day is not None:
        caps[day_key(earned_at)] = terms.cap_day
    if terms.once_per == "day":
        caps[day_key(earned_at)] = terms.amount
    if terms.once_per == "hour":
        caps[hour_key(earned_at)] = terms.amount
    return tuple(Period(key, cap) for key, cap in caps.items())


def reach(terms: Terms, earned_at: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the first and the last civil day over which the caps of `terms` count what was earned with this act."""
    day = clock.local(earned_at).date()
    if terms.cap_month is None:
        return day, day
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def blocked(terms: Terms, earned_at: dt.datetime, used: Mapping[str, int]) -> str:
    """Return why an award does not fit beside what is used of its periods, a word of `why_full`, or "" when it fits.

    An amount is indivisible: it is awarded whole or not at all.
    """
    return why_full(terms, [p for p in periods(terms, earned_at) if used.get(p.key, 0) + terms.amount > p.cap])


def why_full(terms: Terms, full: Sequence[Period]) -> str:
    """Return the reason word for periods that are full: "hour", "month", "day" (once a day), "cap", "" without any."""
    if not full:
        return ""
    if any("T" in period.key for period in full):
        return "hour"
    if any(len(period.key) == _MONTH for period in full):
        return "month"
    return "day" if terms.once_per == "day" else "cap"


def good_enough(grade: str, min_grade: str) -> bool:
    """Say whether evidence of `grade` meets `min_grade` (A is the best, D the weakest)."""
    return grade <= min_grade


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day of the month so many calendar months later, clamped to that month's end."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def expires_on(effective_on: dt.date, recorded_on: dt.date, months: int, asset: str = "points") -> dt.date:
    """Return the last day of validity: by the rule from the act's day on, but 30 days for one recorded late.

    Minutes of service never expire.
    """
    if asset == "minutes":
        return NEVER
    by_rule = add_months(effective_on, months)
    return by_rule if recorded_on <= effective_on else max(by_rule, recorded_on + LATE_GRACE)


def dedupe_key(rule_id: int, evidence_ref: str, subject_id: int) -> str:
    """Return the natural key of an award. The version is not in it: publishing a rule anew never pays twice."""
    return f"award:{rule_id}:{evidence_ref}:{subject_id}"


def first_slot(subject_id: int, slots: int = BUDGET_SLOTS) -> int:
    """Return the budget slot a person's awards try first."""
    # The low bits of an id are random, so people spread evenly.
    return subject_id % slots


def split(amount: int, slots: int = BUDGET_SLOTS, unit: int = 5) -> list[int]:
    """Return `amount` shared out over `slots` in whole units as evenly as possible; the first slot takes the rest."""
    units, rest = divmod(amount, unit)
    each, more = divmod(units, slots)
    shares = [(each + (index < more)) * unit for index in range(slots)]
    shares[0] += rest
    return shares


def draw(left: Mapping[int, int], start: int, amount: int) -> dict[int, int]:
    """Return what to take from which slot to pay `amount`, slot `start` first; empty when all together hold less."""
    if sum(left.values()) < amount:
        return {}
    taken: dict[int, int] = {}
    for slot in sorted(left, key=lambda slot: (slot < start, slot)):
        part = min(left[slot], amount)
        if part > 0:
            taken[slot] = part
            amount -= part
    return taken


def whole(amounts: Iterable[int], available: int) -> int:
    """Return how many of `amounts`, in order, fit into `available` together."""
    count = 0
    for amount in amounts:
        if amount > available:
            break
        available -= amount
        count += 1
    return count


def explanation(terms: Terms, *, earned_at: dt.datetime, grade: str, place: str, where: str) -> dict[str, Any]:
    """Return what a posting or a waiting award writes down about itself: facts and numbers, no sentences."""
    return {
        "rule": terms.code,
        "version": terms.version,
        "asset": terms.asset,
        "amount": terms.amount,
        "once_per": terms.once_per,
        "cap_day": terms.cap_day,
        "cap_month": terms.cap_month,
        "min_grade": terms.min_grade,
        "expires_months": terms.expires_months,
        "grade": grade,
        "place": place,
        "where": where,
        "earned_at": earned_at.astimezone(dt.UTC).isoformat(),
        "month": month_key(earned_at),
        "day": day_key(earned_at),
        "hour": hour_key(earned_at),
    }
