"""Rule sets of the demo district, one in each state: in force, withdrawn, published with objections, tried."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import AbstractContextManager

from community.access import queries as access
from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.uploads import prepare
from community.demo.loading import Loaded
from community.demo.pictures import paper
from community.demo.rule_plans import RuleSetPlan
from community.people import queries as people
from community.points.proposals import Proposal
from community.points.queries import rule_sets
from community.points.services import adopting, proposing
from community.points.services.proposing import Resolution

_DAY = dt.timedelta(days=1)


def load_rules(actor: Actor, loaded: Loaded) -> None:
    """Do what the cast would have done, through the room's services, each at its own moment of the past."""
    if not actor.system:
        return
    for plan in loaded.district.rule_sets:
        _load(loaded, plan)


def _load(loaded: Loaded, plan: RuleSetPlan) -> None:
    began = min(plan.days, loaded.days + 10)
    with _ago(began, 9):
        writer = _cast(loaded, plan.by)
        area = loaded.areas[plan.area_code]
        made = proposing.create(writer, area_id=area.id, title=plan.title)
        known = {rule.code: rule.rule_id for rule in rule_sets.history(area.town_id or area.id)}
        for rule in plan.rules:
            proposing.put(writer, made, Proposal(**rule.terms), rule_id=known.get(rule.code))
    # On the day of publication: what another set brought into force meanwhile would make the trial another one.
    with _ago(began - 1 if plan.published_by else began, 9, 30):
        proposing.simulate(writer, made)
    if plan.published_by:
        _publish(loaded, plan, made, began - 1)


def _publish(loaded: Loaded, plan: RuleSetPlan, made: uuid.UUID, days_ago: int) -> None:
    with _ago(days_ago, 10):
        publisher, today = _cast(loaded, plan.published_by), clock.today()
        resolution = Resolution(plan.resolution_no, plan.resolution_body, today - 2 * _DAY, prepare(paper()))
        proposing.publish(publisher, made, resolution, effective_on=today + 9 * _DAY)
    for turn, told in enumerate(plan.objections, start=1):
        with _ago(days_ago - turn, 20):
            proposing.object_to(_cast(loaded, told.by), made, told.words)
            objection = rule_sets.objections(made)[-1]
        if told.answer:
            with _ago(days_ago - turn, 21):
                proposing.answer(_cast(loaded, plan.by), objection.id, told.answer)
    if plan.withdrawn:
        with _ago(days_ago - 4, 16):
            proposing.withdraw(_cast(loaded, plan.published_by), made, plan.withdrawn)
    elif days_ago > 10:
        with _ago(days_ago - 8, 23, 40):
            adopting.bring_in(made)


def _ago(days: int, hour: int, minute: int = 0) -> AbstractContextManager[FrozenClock]:
    return clock.frozen(clock.at_local(clock.today() - days * _DAY, dt.time(hour, minute)))


def _cast(loaded: Loaded, key: str) -> Actor:
    member_id = loaded.members[loaded.population.by_key(key).number]
    found = access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
    if found is None:
        raise LookupError(f"the demo's {key} cannot act")
    return found
