"""A town's points budget of a year, and who hears when it is empty. All functions need `transaction()`."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from community.access import queries as access
from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must, must_be_system
from community.core.db import locking, one_at_a_time, session, upsert
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _, plain
from community.messages import kinds, services as messages
from community.places import queries as places
from community.points import policies
from community.points.models import BudgetMove, BudgetSlot
from community.points.queries import budgets, solvency

_EMPTY = "points.budget_empty"

kinds.register(
    _EMPTY,
    _("%(town)s的积分预算已用完"),
    _("今年的积分预算已经用完，新的积分先记为待发放，打卡照常。请追加预算，或等下一年度。"),
)


def fund(
    actor: Actor, town_id: int, year: int, amount: int, *, resolution: str = "", fen_per_point: int | None = None
) -> None:
    """Set the town's budget of `year` to `amount` points in all, by `resolution`, shared out over its slots.

    `fen_per_point` is what a point costs, as it was last decided when not given. Raises ValueError when more is spent
    already. For commands only: a person moves a budget with `move`.
    """
    must_be_system(actor)
    change = amount - _lock(town_id, year).amount
    try:
        _write(actor, town_id, year, change, resolution or plain(_("开账时登记")), fen_per_point)
    except Conflict:
        spent = budgets.year_of(town_id, year).used
        raise ValueError(f"{spent} points of {year} are spent already") from None


def move(actor: Actor, town_id: int, year: int, amount: int, *, resolution: str, fen_per_point: int) -> None:
    """Raise (or, below zero, lower) the town's points budget of `year` by `amount`, as `resolution` decided.

    Raises NotFound outside the actor's towns, DomainError for no change, a year that is over, a point without price or
    no resolution, Conflict `budget_spent` when less would be left than was spent.
    """
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    must(actor, Perm.BUDGET_MANAGE, town)
    if not amount:
        raise DomainError("amount", _("请填要增加或减少多少分"), field="amount")
    if year < clock.today().year:
        raise DomainError("year", _("过去年度的预算不能再改"), field="year")
    if fen_per_point <= 0:
        raise DomainError("fen", _("请填一分合多少钱"), field="fen_per_point")
    if not resolution.strip():
        raise DomainError("resolution", _("请写是哪个决议定的"), field="resolution")
    _lock(town_id, year)
    _write(actor, town_id, year, amount, resolution.strip(), fen_per_point)
    audit.record(
        actor, "points.budget_move", "area", town.id, scope_path=town.path, reason=resolution.strip(),
        details={"year": year, "delta": amount, "fen": fen_per_point},
    )  # fmt: skip


def must_be_solvent(town_id: int) -> None:
    """Raise Conflict `insolvent` when the town's gauge is red: it promises nothing new until its points are covered.

    What is asked: opening a reward. Points already given stay good, and rewards already open go on.
    """
    gauge = solvency.gauge(town_id)
    if gauge.state == "red":
        raise Conflict(
            "insolvent",
            _("这里的积分兑付不足，暂时不能上架新的奖品"),
            next_step=_("还差 %(yuan)s 元。请先追加积分预算。", yuan=f"{-gauge.over / 100:.2f}"),
        )


def _lock(town_id: int, year: int) -> budgets.Year:
    one_at_a_time(f"budget:{town_id}:{year}")
    return budgets.year_of(town_id, year)


def _write(actor: Actor, town_id: int, year: int, change: int, resolution: str, fen_per_point: int | None) -> None:
    slot = BudgetSlot.__table__.c
    mine = (slot.town_id == town_id) & (slot.year == year)
    rows = session().execute(locking(select(slot.slot, slot.amount, slot.used).where(mine).order_by(slot.slot)))
    found = {row.slot: row for row in rows}
    left = sum(row.amount - row.used for row in found.values())
    if left + change < 0:
        raise Conflict(
            "budget_spent",
            _("剩下的预算只有 %(left)s 分，不能减这么多", left=left),
            next_step=_("已经发放的积分不会收回。请少减一些。"),
            field="amount",
        )
    for number, share in enumerate(policies.split(left + change)):
        used = found[number].used if number in found else 0
        row = {"town_id": town_id, "year": year, "slot": number, "amount": used + share, "used": 0}
        session().execute(
            upsert(BudgetSlot)
            .values(row)
            .on_conflict_do_update(index_elements=["town_id", "year", "slot"], set_={"amount": row["amount"]})
        )
    if change:
        price = budgets.price(town_id) if fen_per_point is None else fen_per_point
        session().add(
            BudgetMove(
                town_id=town_id, year=year, amount=change, fen_per_point=price, resolution=resolution[:120],
                by_id=actor.member_id, at=clock.now(),
            )
        )  # fmt: skip
        session().flush()


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
