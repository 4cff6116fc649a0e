"""What a rule set's way into force tells everybody of its area, as an announcement. Needs `transaction()`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from community.core import clock
from community.core.authz import Actor
from community.core.config import settings
from community.core.i18n import Text, _, chinese, english
from community.messages.policies import BODY_LONGEST, TITLE_LONGEST, Words
from community.messages.services import announcing
from community.places import queries as places
from community.points.models import RuleSet
from community.points.queries import rule_sets

_DAY = dt.timedelta(days=1)


def published(actor: Actor, rule_set: RuleSet) -> None:
    """Announce that a set is published: until when everybody may object, and from when it holds."""
    last, start = rule_sets.closes_on(rule_set), rule_set.effective_on
    if last is None or start is None:
        return
    told = {"title": rule_set.title, "resolution": _resolution(rule_set), "until": last.isoformat()}
    _tell(
        actor, rule_set, _("积分规则公示"),
        lambda: str(
            _(
                "“%(title)s”（%(resolution)s）公示到 %(until)s，谁都可以提意见。"
                "没有异议，或者异议都答复了，%(day)s 起施行。",
                **told, day=start.isoformat(),
            )
        ),
        until=start,
    )  # fmt: skip


def withdrawn(actor: Actor, rule_set: RuleSet, why: str) -> None:
    """Announce that a published set was taken back, and why."""
    said = {"title": rule_set.title, "reason": why}
    _tell(
        actor, rule_set, _("积分规则撤回"),
        lambda: str(_("“%(title)s”撤回了，不会施行。原因：%(reason)s", **said)),
        until=clock.today() + 14 * _DAY,
    )  # fmt: skip


def in_force(actor: Actor, rule_set: RuleSet, start: dt.date) -> None:
    """Announce from when a set holds, in the name of who published it."""
    if rule_set.published_by is None:
        return
    said = {"title": rule_set.title, "resolution": _resolution(rule_set), "day": start.isoformat()}
    _tell(
        actor, rule_set, _("新的积分规则"),
        lambda: str(_("“%(title)s”（%(resolution)s）从 %(day)s 起施行。以前的事仍按以前的规则。", **said)),
        until=start + 14 * _DAY,
    )  # fmt: skip


def _resolution(rule_set: RuleSet) -> str:
    return f"{rule_set.resolution_body} {rule_set.resolution_no}".strip()


def _tell(actor: Actor, rule_set: RuleSet, about: Text, said: Callable[[], str], *, until: dt.date) -> None:
    """Announce it in both languages, to the end of the day `until`, with the address of the set's own page."""
    area = places.area(rule_set.area_id)
    if area is None:
        return
    page = f"{settings().public_url}/rules/sets/{rule_set.id}"
    words = Words(
        title=chinese(lambda: str(_("%(about)s：%(title)s", about=about, title=rule_set.title)))[:TITLE_LONGEST],
        body="\n\n".join((chinese(said), english(said), page))[:BODY_LONGEST],
        audience="everyone",
        starts_at=clock.now(),
        until=clock.at_local(until + _DAY, dt.time.min),
    )
    announcing.tell(actor, area, words, by_id=rule_set.published_by)
