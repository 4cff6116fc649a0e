"""A town's books and the events that move them. Call inside `with transaction():`."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session
from community.core.ids import new_uuid
from community.patrols.events import CheckInAccepted, CheckInFact, CheckInFlagged, CheckInSettled
from community.people.models import Member
from community.places.models import Area
from community.points.models import Rule, RuleVersion
from community.points.services.books import NewRule, set_up_town


def add_rule(town: Area, *, village: Area | None = None, **overrides: Any) -> int:
    """Add one more rule to a town with books, or to one of its villages in addition; returns the version's id."""
    version = asdict(make_rule(**({"code": "P02"} | overrides)))
    rule = Rule(town_id=town.id, code=version.pop("code"), area_id=village.id if village else None)
    session().add(rule)
    session().flush()
    made = RuleVersion(rule_id=rule.id, **version)
    session().add(made)
    session().flush()
    return made.id


def town_of(area: Area) -> Area:
    """The town an area lies in."""
    town = session().get(Area, area.town_id)
    assert town
    return town


def make_rule(**overrides: Any) -> NewRule:
    """P01: the first accepted check-in of each hour earns 5, at most 10 a day."""
    fields: dict[str, Any] = {
        "code": "P01",
        "version": "1",
        "trigger": "CheckInAccepted",
        "min_grade": "D",
        "amount": 5,
        "once_per": "hour",
        "cap_day": 10,
        "expires_months": 24,
        "text_zh": "巡逻打卡：每个巡逻小时内第一次有效打卡记5分，每人每天最多10分。",
        "text_en": "Patrol check-in: the first accepted check-in in each hour earns 5 points, at most 10 a day.",
        "resolution": "志愿者联合会第1号决议",
        "published_on": dt.date(2020, 1, 1),
        "effective_on": dt.date(2020, 2, 1),
    }
    return NewRule(**(fields | overrides))


def open_books(town: Area, *rules: NewRule, budget: int = 10_000, years: tuple[int, ...] = ()) -> None:
    """Open the books of `town` with `rules` (P01 by default) and `budget` for each of `years` (this one by default)."""
    set_up_town(
        system_actor("tests"),
        town.id,
        rules=rules or (make_rule(),),
        budgets=dict.fromkeys(years or (clock.today().year,), budget),
    )


def accepted(member: Member, area: Area, **overrides: Any) -> CheckInAccepted:
    """The fact that `member` checked in at a post in `area`, now unless told otherwise; nothing is written."""
    return CheckInAccepted(**_fact(member, area, overrides))


def flagged(member: Member, area: Area, **overrides: Any) -> CheckInFlagged:
    """The fact that a check-in of `member` waits for a person."""
    return CheckInFlagged(**_fact(member, area, overrides), code="geo_far")


def settled(event: CheckInFact, *, accepted: bool, by: Member | None, reason: str = "同组队员证实") -> CheckInSettled:
    """The fact that `by` decided on the flagged check-in of `event`."""
    fields = {name: getattr(event, name) for name in CheckInFact.__dataclass_fields__}
    return CheckInSettled(**fields, accepted=accepted, by_id=by.id if by else None, reason=reason)


def _fact(member: Member, area: Area, overrides: dict[str, Any]) -> dict[str, Any]:
    return {
        "checkin_id": new_uuid(),
        "member_id": member.id,
        "town_id": area.town_id,
        "scope_path": area.path,
        "post_id": 1,
        "post_name": "晚潮苑南门岗",
        "team_id": None,
        "used_at": clock.now(),
        "grade": "B",
        "verified": member.verified_at is not None,
    } | overrides
