"""Bringing a rule set into force: its drafts become versions of rules. The past keeps its rules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import update

from community.audit import services as audit
from community.core import clock
from community.core.authz import system_actor
from community.core.db import session
from community.core.i18n import _, plain
from community.messages import kinds, services as messages
from community.points.models import Rule, RuleDraft, RuleSet, RuleVersion
from community.points.queries import rule_sets
from community.points.services import publicity

_DAY = dt.timedelta(days=1)

kinds.register(
    "points.rules_in_force",
    _("规则“%(title)s”从 %(day)s 起施行"),
    _("以前的事仍按以前的规则。"),
)
kinds.register("points.rules_taken_back", _("规则“%(title)s”没有施行"), _("%(reason)s。"))
kinds.register(
    "points.rules_postponed",
    _("规则“%(title)s”推迟到 %(day)s"),
    _("还有 %(count)s 条异议没有答复。答复以后才会施行，请尽快答复。"),
)


def due() -> list[uuid.UUID]:
    """Return the sets to bring into force now."""
    now = clock.local(clock.now())
    return list(rule_sets.due(now.date() + _DAY if now.time() >= rule_sets.EVENING else now.date()))


def bring_in(set_id: uuid.UUID) -> bool:
    """Bring a published set into force, or put it off by a day while an objection has no answer; say whether it is now.

    It never begins earlier than tomorrow, however late this runs: what was done today was done under today's rules.
    Nor before everybody had seven days to object, whatever its row says. Needs `transaction()`.
    """
    rule_set = rule_sets.one(set_id, lock=True)
    tomorrow = clock.today() + _DAY
    start = _start(rule_set, tomorrow)
    if start is None or start > tomorrow:
        return False
    waiting = rule_sets.unanswered(set_id)
    if waiting:
        _postpone(rule_set, tomorrow + _DAY, waiting)
        return False
    above = rule_sets.above_town(rule_set, start)
    if above:
        _take_back(rule_set, above)
        return False
    write_versions(rule_set, start)
    rule_set.state, rule_set.effective_on, rule_set.ended_at = "in_force", start, clock.now()
    _record("points.rules_in_force", rule_set, {"day": start.isoformat()})
    publicity.in_force(system_actor("rules"), rule_set, start)
    for member_id in _makers(rule_set):
        messages.notify(member_id, "points.rules_in_force", {"title": rule_set.title, "day": start}, _page(rule_set))
    return True


def _start(rule_set: RuleSet, tomorrow: dt.date) -> dt.date | None:
    """Return the first day on which a published set may hold; None for any other."""
    if rule_set.state != "published" or rule_set.effective_on is None or rule_set.published_on is None:
        return None
    noticed = rule_set.published_on + (rule_sets.NOTICE_DAYS + 1) * _DAY
    return max(rule_set.effective_on, noticed, tomorrow)


def write_versions(rule_set: RuleSet, start: dt.date, drafts: Sequence[RuleDraft] | None = None) -> list[int]:
    """Write what the set says (or `drafts`) as versions from `start` on; return their ids. Needs `transaction()`."""
    resolution = f"{rule_set.resolution_body} {rule_set.resolution_no}".strip()
    made = []
    for draft in rule_sets.drafts(rule_set.id) if drafts is None else drafts:
        rule_id, number = _rule(rule_set, draft, start)
        if draft.ends:
            continue
        version = RuleVersion(
            rule_id=rule_id,
            version=str(number),
            trigger=draft.trigger,
            min_grade=draft.min_grade,
            amount=draft.amount,
            once_per=draft.once_per,
            cap_day=draft.cap_day,
            expires_months=draft.expires_months,
            text_zh=draft.text_zh,
            text_en=draft.text_en,
            resolution=resolution[:120],
            published_on=min(rule_set.published_on or start, start),
            effective_on=start,
            asset=draft.asset,
            team_kind=draft.team_kind,
            cap_month=draft.cap_month,
            review=draft.review,
            rule_set_id=rule_set.id,
        )
        session().add(version)
        session().flush()
        made.append(version.id)
    return made


def _rule(rule_set: RuleSet, draft: RuleDraft, start: dt.date) -> tuple[int, int]:
    """Return the rule of a draft, made if it is new, and the number of its next version; what held before ends."""
    if draft.rule_id is None:
        village = rule_set.area_id if rule_set.area_id != rule_set.town_id else None
        rule = Rule(town_id=rule_set.town_id, code=draft.code, area_id=village)
        session().add(rule)
        session().flush()
        return rule.id, 1
    newest = rule_sets.newest_of(draft.rule_id)
    if newest is not None and (newest.ends_on is None or newest.ends_on >= start):
        session().execute(
            update(RuleVersion)
            .where(RuleVersion.id == newest.id)
            .values(ends_on=start - _DAY)
            .execution_options(synchronize_session=False)
        )
    return draft.rule_id, int(newest.version) + 1 if newest is not None and newest.version.isdigit() else 1


def _postpone(rule_set: RuleSet, day: dt.date, waiting: int) -> None:
    rule_set.effective_on = day
    _record("points.rules_postponed", rule_set, {"day": day.isoformat(), "count": waiting})
    params = {"title": rule_set.title, "day": day, "count": waiting}
    for member_id in _makers(rule_set):
        messages.notify(member_id, "points.rules_postponed", params, _page(rule_set))


def _take_back(rule_set: RuleSet, codes: Sequence[str]) -> None:
    """End a village's set that would give more than the town does by now: it has to be written anew."""
    why = plain(_("镇街的规则已经改低，%(codes)s 比镇街的多了，请写一份新的", codes="、".join(codes)))
    rule_set.state, rule_set.ended_at, rule_set.end_reason = "withdrawn", clock.now(), why[:200]
    rule_set.changed_at = clock.now()
    _record("points.rules_withdraw", rule_set, {"codes": list(codes)})
    for member_id in _makers(rule_set):
        messages.notify(member_id, "points.rules_taken_back", {"title": rule_set.title, "reason": why}, _page(rule_set))


def _record(act: str, rule_set: RuleSet, details: dict[str, object]) -> None:
    audit.record(
        system_actor("rules"), act, "rule_set", str(rule_set.id), scope_path=rule_set.scope_path, details=details
    )


def _makers(rule_set: RuleSet) -> list[int]:
    return [one for one in (rule_set.created_by, rule_set.published_by) if one]


def _page(rule_set: RuleSet) -> str:
    return f"/desk/rules/{rule_set.id}"
