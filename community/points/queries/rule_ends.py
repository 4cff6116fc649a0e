"""When versions of rules end: the day is set later than their words, so it is in no seal and is looked over here."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from community.core.db import session
from community.points.models import Rule, RuleDraft, RuleSet, RuleVersion

_RULE, _VERSION = Rule.__table__.c, RuleVersion.__table__.c
_SET, _DRAFT = RuleSet.__table__.c, RuleDraft.__table__.c
_DAY = dt.timedelta(days=1)


def wrong(town_id: int | None = None) -> Iterator[tuple[int, dt.date, dt.date | None]]:
    """Yield (rule, first day, last day) of each version that ends without a next one or a set that ended it, or goes on
    beside the next one.
    """
    rows = select(_VERSION.rule_id, _VERSION.effective_on, _VERSION.ends_on).join(
        Rule.__table__, _RULE.id == _VERSION.rule_id
    )
    ends = (
        select(_DRAFT.rule_id, _SET.effective_on)
        .join(RuleSet.__table__, _SET.id == _DRAFT.rule_set_id)
        .where(_DRAFT.ends, _SET.state == "in_force")
    )
    if town_id is not None:
        rows, ends = rows.where(_RULE.town_id == town_id), ends.where(_SET.town_id == town_id)
    begins: defaultdict[int, set[dt.date]] = defaultdict(set)
    versions = session().execute(rows.order_by(_VERSION.rule_id, _VERSION.effective_on)).all()
    for row in versions:
        begins[row.rule_id].add(row.effective_on)
    ended = {tuple(row) for row in session().execute(ends)}
    for row in versions:
        later = [day for day in begins[row.rule_id] if day > row.effective_on]
        if row.ends_on is None:
            right = not later
        else:
            after = row.ends_on + _DAY
            right = after in later or ((row.rule_id, after) in ended and not any(day < after for day in later))
        if not right:
            yield row.rule_id, row.effective_on, row.ends_on
