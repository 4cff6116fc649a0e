"""The demo's books in order: everything sealed, past months closed and published, and last night's look over them."""

from __future__ import annotations

import datetime as dt

from community.access import queries as access
from community.core import clock
from community.core.authz import Actor, Perm, must_be_system
from community.demo.loading import Loaded
from community.people import queries as people
from community.points import policies
from community.points.queries import chain
from community.points.services import checking, closing, sealing

# So many months are closed, the newest last.
MONTHS = 5
_MORNING = dt.time(9, 20)


def load_ledger(actor: Actor, loaded: Loaded) -> None:
    """Close the towns' months as their admins would have, each at its own moment. Comes after all other postings.

    Towns differ in how far they are with the last month: published, drafted and waiting for a second person, or due.
    """
    must_be_system(actor)
    this_month = clock.today().replace(day=1)
    first = max(policies.add_months(this_month, -MONTHS), policies.add_months(loaded.first_day.replace(day=1), 1))
    for number, town_id in enumerate(chain.towns()):
        month_on = first
        while month_on < this_month:
            last = policies.add_months(month_on, 1) == this_month
            _close(actor, town_id, month_on, how_far=number % 3 if last else 0)
            month_on = policies.add_months(month_on, 1)
        while sealing.seal_town(town_id):
            pass
        checking.look_over(town_id)


def _close(actor: Actor, town_id: int, month_on: dt.date, *, how_far: int) -> None:
    """Publish the month (0), leave it drafted (1) or due (2), as far as the days since its end allow."""
    drafted = clock.at_local(policies.add_months(month_on, 1) + dt.timedelta(days=1), _MORNING)
    published = drafted + dt.timedelta(days=closing.WINDOW + 1, hours=2)
    if how_far == 2 or drafted > clock.now():
        return
    first, second = _closers(actor, town_id)
    with clock.frozen(drafted):
        closing.draft(first, town_id, month_on)
    if how_far == 0 and published <= clock.now():
        with clock.frozen(published):
            closing.publish(second, town_id, month_on)


def _closers(actor: Actor, town_id: int) -> tuple[Actor, Actor]:
    """Return two people who close months of the town, or the command that loads the demo for who is missing."""
    found = [_actor(one) for one in access.holders(Perm.MONTH_CLOSE, town_id)[:2]]
    first, second = [*(one for one in found if one), actor, actor][:2]
    return first, second


def _actor(member_id: int) -> Actor | None:
    return access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
