"""Which rules an act meets, in one statement, with what is known of the same act already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, cast, exists, func, literal, or_, select

from community.core import clock
from community.core.db import session
from community.points.models import Account, Award, Rule, RuleUsage, RuleVersion, Txn
from community.points.policies import Terms, day_key, hour_key

_VERSION = RuleVersion.__table__.c
_RULE = Rule.__table__.c
_ACCOUNT, _TXN, _AWARD = Account.__table__.c, Txn.__table__.c, Award.__table__.c
_USAGE = RuleUsage.__table__.c
_KEY = literal("award:", String) + cast(_RULE.id, String) + bindparam("key_tail", type_=String)

TERMS = (
    _VERSION.id.label("version_id"), _RULE.id.label("rule_id"), _RULE.code, _VERSION.version, _VERSION.min_grade,
    _VERSION.amount, _VERSION.once_per, _VERSION.cap_day, _VERSION.expires_months,
)  # fmt: skip


def _used(period: str) -> ColumnElement[int]:
    return func.coalesce(
        select(_USAGE.used)
        .where(
            _USAGE.rule_id == _RULE.id,
            _USAGE.subject_id == bindparam("subject_id"),
            _USAGE.period_key == bindparam(period),
        )
        .scalar_subquery(),
        0,
    )


_IN_FORCE = (
    select(
        *TERMS,
        select(_ACCOUNT.id)
        .where(_ACCOUNT.town_id == bindparam("town_id"), _ACCOUNT.asset == "points", _ACCOUNT.kind == "issuance")
        .scalar_subquery()
        .label("issuance_id"),
        or_(
            exists().where(_TXN.town_id == bindparam("town_id"), _TXN.dedupe_key == _KEY),
            exists().where(_AWARD.town_id == bindparam("town_id"), _AWARD.dedupe_key == _KEY),
        ).label("known"),
        _used("day_key").label("used_day"),
        _used("hour_key").label("used_hour"),
    )
    .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
    .where(
        _RULE.town_id == bindparam("town_id"),
        _VERSION.trigger == bindparam("trigger"),
        _VERSION.effective_on <= bindparam("on_day"),
        or_(_VERSION.ends_on.is_(None), _VERSION.ends_on >= bindparam("on_day")),
    )
    # Newest first: should two versions overlap, the later one speaks.
    .order_by(_RULE.code, _VERSION.effective_on.desc(), _VERSION.id.desc())
)


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule in force for an act.

    `known`: the act was awarded by it before, or waits; `issuance_id`: who pays; `used`: of the act's day and hour.
    """

    terms: Terms
    issuance_id: int
    known: bool
    used: dict[str, int]


def terms_of(row: Any) -> Terms:
    """Return the Terms in a row that selects TERMS."""
    return Terms(
        version_id=row.version_id,
        rule_id=row.rule_id,
        code=row.code,
        version=row.version,
        min_grade=row.min_grade,
        amount=row.amount,
        once_per=row.once_per,
        cap_day=row.cap_day,
        expires_months=row.expires_months,
    )


def in_force(
    town_id: int, trigger: str, earned_at: dt.datetime, *, subject_id: int, evidence_ref: str
) -> Sequence[InForce]:
    """Return the rules of the town that `trigger` meets at `earned_at`, one version of each (one statement).

    Raises RuntimeError for a town that has rules and no books: `services.books.set_up_town` makes both.
    """
    day, hour = day_key(earned_at), hour_key(earned_at)
    rows = session().execute(
        _IN_FORCE,
        {
            "town_id": town_id,
            "trigger": trigger,
            "on_day": clock.local(earned_at).date(),
            "subject_id": subject_id,
            "key_tail": f":{evidence_ref}:{subject_id}",
            "day_key": day,
            "hour_key": hour,
        },
    )
    found: dict[int, InForce] = {}
    for row in rows:
        if row.issuance_id is None:
            raise RuntimeError(f"town {town_id} has rules and no issuance account")
        used = {day: row.used_day, hour: row.used_hour}
        found.setdefault(row.rule_id, InForce(terms_of(row), row.issuance_id, bool(row.known), used))
    return list(found.values())
