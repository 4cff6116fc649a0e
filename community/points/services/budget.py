"""A town's points budget of a year, and who hears when it is empty. All functions need `transaction()`."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from community.access import queries as access
from community.core import clock
from community.core.authz import Actor, Perm, must_be_system
from community.core.db import locking, session, upsert
from community.core.i18n import _
from community.messages import kinds, services as messages
from community.places import queries as places
from community.points import policies
from community.points.models import BudgetSlot

_EMPTY = "points.budget_empty"

kinds.register(
    _EMPTY,
    _("%(town)s的积分预算已用完"),
    _("今年的积分预算已经用完，新的积分先记为待发放，打卡照常。请追加预算，或等下一年度。"),
)


def fund(actor: Actor, town_id: int, year: int, amount: int) -> None:
    """Set the town's budget of `year` to `amount` points in all, shared out over its slots.

    Raises ValueError when more is spent already. For commands only: who decides about money does it by a resolution.
    """
    must_be_system(actor)
    slot = BudgetSlot.__table__.c
    mine = (slot.town_id == town_id) & (slot.year == year)
    rows = session().execute(locking(select(slot.slot, slot.used).where(mine).order_by(slot.slot)))
    used = {row.slot: row.used for row in rows}
    spent = sum(used.values())
    if amount < spent:
        raise ValueError(f"{spent} points of {year} are spent already")
    shares = policies.split(amount - spent)
    for number, share in enumerate(shares):
        row = {"town_id": town_id, "year": year, "slot": number, "amount": used.get(number, 0) + share, "used": 0}
        session().execute(
            upsert(BudgetSlot)
            .values(row)
            .on_conflict_do_update(index_elements=["town_id", "year", "slot"], set_={"amount": row["amount"]})
        )


def tell_if_empty(town_id: int, needed: int) -> None:
    """Tell the town's own admins, once a civil day, that its budget cannot pay `needed` points.

    Slots that others are taking from at this moment are counted as they were: while they hold enough, the budget is
    busy and not empty, nobody is told, and `jobs.post_waiting` comes back to the award.
    """
    if _left(town_id) >= needed:
        return
    town = places.area(town_id)
    params, since = {"town": town.name if town else ""}, clock.at_local(clock.today(), dt.time.min)
    admins = access.holders(Perm.BUDGET_READ, town_id)
    if not messages.untold(admins, _EMPTY, params, since=since):
        return
    # One after the other from here on, so that the second one finds what the first one sent.
    slot = BudgetSlot.__table__.c
    session().execute(locking(select(slot.slot).where(slot.town_id == town_id, slot.slot == 0)))
    for member_id in messages.untold(admins, _EMPTY, params, since=since):
        messages.notify(member_id, _EMPTY, params, "/desk/budget")


def _left(town_id: int) -> int:
    slot = BudgetSlot.__table__.c
    mine = (slot.town_id == town_id) & (slot.year == clock.today().year)
    return session().scalar(select(func.coalesce(func.sum(slot.amount - slot.used), 0)).where(mine)) or 0
