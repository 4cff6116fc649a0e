"""Which rules an act meets, in one statement, with what is known of the same act already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, cast, exists, func, literal, or_, select

from community.core import clock
from community.core.db import session
from community.places.queries import AREA
from community.points.models import Account, Award, Rule, RuleUsage, RuleVersion, Txn
from community.points.policies import Terms, day_key, hour_key, month_key
from community.teams import queries as teams

_VERSION = RuleVersion.__table__.c
_RULE = Rule.__table__.c
_ACCOUNT, _TXN, _AWARD = Account.__table__.c, Txn.__table__.c, Award.__table__.c
_USAGE = RuleUsage.__table__.c
_KEY = literal("award:", String) + cast(_RULE.id, String) + bindparam("key_tail", type_=String)

_WHERE = bindparam("scope_path", type_=String)
_HERE = exists().where(AREA.c.id == _RULE.area_id, func.substr(_WHERE, 1, func.length(AREA.c.path)) == AREA.c.path)

TERMS = (
    _VERSION.id.label("version_id"), _RULE.id.label("rule_id"), _RULE.code, _VERSION.version, _VERSION.min_grade,
    _VERSION.amount, _VERSION.once_per, _VERSION.cap_day, _VERSION.expires_months, _VERSION.asset, _VERSION.team_kind,
    _VERSION.cap_month, _VERSION.review,
    select(_ACCOUNT.id)
    .where(_ACCOUNT.town_id == _RULE.town_id, _ACCOUNT.asset == _VERSION.asset, _ACCOUNT.kind == "issuance")
    .scalar_subquery()
    .label("issuance_id"),
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
        or_(
            exists().where(_TXN.town_id == bindparam("town_id"), _TXN.dedupe_key == _KEY),
            exists().where(_AWARD.town_id == bindparam("town_id"), _AWARD.dedupe_key == _KEY),
        ).label("known"),
        _used("month_key").label("used_month"),
        _used("day_key").label("used_day"),
        _used("hour_key").label("used_hour"),
    )
    .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
    .where(
        _RULE.town_id == bindparam("town_id"),
        _VERSION.trigger == bindparam("trigger"),
        _VERSION.effective_on <= bindparam("on_day"),
        or_(_VERSION.ends_on.is_(None), _VERSION.ends_on >= bindparam("on_day")),
        or_(_VERSION.team_kind == "", _VERSION.team_kind == teams.kind_of(bindparam("team_id", type_=BigInteger))),
        # A village's addition holds for what was done in that village.
        or_(_RULE.area_id.is_(None), _HERE),
    )
    # Newest first: should two versions overlap, the later one speaks.
    .order_by(_RULE.code, _VERSION.effective_on.desc(), _VERSION.id.desc())
)


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule in force for an act.

    `known`: the act was awarded by it before, or waits; `used`: of the act's month, day and hour.
    """

    terms: Terms
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
        asset=row.asset,
        team_kind=row.team_kind,
        cap_month=row.cap_month,
        review=row.review,
        issuance_id=row.issuance_id or 0,
    )


def in_force(
    town_id: int,
    trigger: str,
    earned_at: dt.datetime,
    *,
    subject_id: int,
    evidence_ref: str,
    scope_path: str,
    team_id: int | None,
) -> Sequence[InForce]:
    """Return the rules that `trigger` meets at `earned_at` in the area `scope_path`, one version of each.

    They are the town's and, where the act was done in a village with additions, that village's; rules for a kind of
    team only when it was done for `team_id` of that kind. One statement.

    Raises RuntimeError for a town that has rules and no books: `services.books.set_up_town` makes both.
    """
    month, day, hour = month_key(earned_at), day_key(earned_at), hour_key(earned_at)
    rows = session().execute(
        _IN_FORCE,
        {
            "town_id": town_id,
            "trigger": trigger,
            "on_day": clock.local(earned_at).date(),
            "subject_id": subject_id,
            "key_tail": f":{evidence_ref}:{subject_id}",
            "scope_path": scope_path,
            "team_id": team_id,
            "month_key": month,
            "day_key": day,
            "hour_key": hour,
        },
    )
    found: dict[int, InForce] = {}
    for row in rows:
        if row.issuance_id is None:
            raise RuntimeError(f"town {town_id} has rules and no issuance account")
        used = {month: row.used_month, day: row.used_day, hour: row.used_hour}
        found.setdefault(row.rule_id, InForce(terms_of(row), bool(row.known), used))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Named:
    """One version of a rule with where and when it holds; `area_path` is "" for the whole town."""

    terms: Terms
    town_id: int
    effective_on: dt.date
    ends_on: dt.date | None
    area_path: str

    def holds_on(self, day: dt.date) -> bool:
        """Say whether acts of that civil day are judged by this version."""
        return self.effective_on <= day and (self.ends_on is None or day <= self.ends_on)


def version(version_id: int) -> Named | None:
    """Return a version by its id, None when there is none."""
    path = select(AREA.c.path).where(AREA.c.id == _RULE.area_id).scalar_subquery()
    row = session().execute(
        select(*TERMS, _RULE.town_id, _VERSION.effective_on, _VERSION.ends_on, path.label("area_path"))
        .join(Rule.__table__, _RULE.id == _VERSION.rule_id)
        .where(_VERSION.id == version_id)
    ).first()  # fmt: skip
    return Named(terms_of(row), row.town_id, row.effective_on, row.ends_on, row.area_path or "") if row else None


def is_known(town_id: int, dedupe_key: str) -> bool:
    """Say whether the award with this natural key was posted, waits or was refused."""
    posted = exists().where(_TXN.town_id == town_id, _TXN.dedupe_key == dedupe_key)
    waits = exists().where(_AWARD.town_id == town_id, _AWARD.dedupe_key == dedupe_key)
    return bool(session().scalar(select(or_(posted, waits))))
