"""An order that a family pays for together: whose lots, how much of each, within everybody's consent and cap.

Who orders pays with her own points first. What is missing comes from those whose consent reaches her, from the lots
that expire first among them. Each account is debited by itself: no point changes hands. Needs `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sqlalchemy import insert

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, Forbidden, NotFound
from community.core.i18n import _
from community.messages import kinds, services as messages
from community.points.models import PotSeat, PotShare, RewardItem
from community.points.queries import families as queries
from community.points.services import families, holding, journal, ordering
from community.points.services.spending import NotEnough

kinds.register(
    "points.family_used",
    _("%(who)s用家庭共用换了%(item)s"),
    _("其中用您 %(points)s 分，还没领走。不同意？领走之前可以取消。"),
)


class Free(Protocol):
    """So much of a lot, free until its day."""

    @property
    def lot_id(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def expires_on(self) -> dt.date: ...


@dataclass(frozen=True, slots=True)
class Payer:
    """Somebody else whose points may pay: her seat, what is left of her cap this month, and her free lots."""

    seat: PotSeat
    used: int
    free: Sequence[Free]

    @property
    def room(self) -> int:
        return max(0, self.seat.cap - self.used)


def divide(total: int, own: Sequence[Free], payers: Mapping[int, Payer]) -> tuple[int, dict[int, int]]:
    """Return how much of `total` her own lots pay, and how much each payer does (member → amount).

    What expires first is used first among the payers; equal days by lot. Raises NotEnough.
    """
    mine = min(total, sum(part.amount for part in own))
    rest, shares = total - mine, dict.fromkeys(payers, 0)
    lots = sorted((part.expires_on, part.lot_id, who, part.amount) for who, one in payers.items() for part in one.free)
    for _day, _lot, who, amount in lots:
        part = min(amount, payers[who].room - shares[who], rest)
        shares[who] += part
        rest -= part
    if rest > 0:
        raise NotEnough(rest)
    return mine, {who: part for who, part in shares.items() if part > 0}


def reserve(actor: Actor, item_id: uuid.UUID, *, quantity: int = 1, expected: int | None = None) -> uuid.UUID:
    """Reserve a reward for the actor that her family's pot pays for where her own points end; returns the order's id.

    Raises as `ordering.reserve`; Conflict (no_family, other_town), `not_enough` when all who agree have
    too little together; Forbidden (suspended) for somebody whose account is stopped: the others' points are safe.
    """
    seat = families.own(actor, lock=True)
    if actor.status != "active" or not actor.verified:
        raise Forbidden(_("账号暂停中，现在不能办"), next_step=_("请联系社区。"), code="suspended")
    if ordering.offered(item_id).town_id != seat.town_id:
        raise Conflict(
            "other_town", _("这是另一个镇街的奖品，家庭共用换不了"), next_step=_("请在家里人有积分的镇街兑换。")
        )
    return ordering.reserve(actor, item_id, quantity=quantity, expected=expected, pays=partial(_hold, seat))


@dataclass(frozen=True, slots=True)
class Preview:
    """What of a reward one's own points would pay now, and whose may make up the rest."""

    mine: int
    agreed: Sequence[int]


def preview(actor: Actor, town_id: int, total: int) -> Preview | None:
    """Return how `total` would be paid for now; None outside a pot of the town, and for too little."""
    seat = queries.seat_of(actor)
    if seat is None or seat.town_id != town_id:
        return None
    payers = {
        one.member_id: Payer(one, queries.used(one), queries.free_parts(one.member_id, town_id))
        for one in queries.reaching(seat)
    }
    try:
        mine, _shares = divide(total, queries.free_parts(seat.member_id, town_id), payers)
    except NotEnough:
        return None
    return Preview(mine, list(payers))


def _hold(seat: PotSeat, item: RewardItem, total: int, order_id: uuid.UUID, expires_at: dt.datetime) -> None:
    """Hold `total` for an order of the seat's member, whose pot is locked; tell those whose points it uses."""
    others = {one.member_id: one for one in queries.reaching(seat)}
    books = journal.lock_of(seat.town_id, "points", [seat.member_id, *others])
    today = clock.today()
    payers = {
        who: Payer(one, queries.used(one), journal.free_lots(books[who], today))
        for who, one in others.items()
        if who in books
    }
    own = journal.free_lots(books[seat.member_id], today) if seat.member_id in books else []
    mine, shares = divide(total, own, payers)
    # By account, as they are locked: the one who orders first, so that the posting is hers.
    for who, amount in ((seat.member_id, mine), *shares.items()):
        if amount:
            holding.hold(seat.town_id, who, amount, order_id=order_id, expires_at=expires_at)
    for who, amount in shares.items():
        _write(seat, payers[who], amount, order_id)
        told = {"who": kinds.Person(seat.member_id), "item": item.name_zh, "points": amount}
        messages.notify(who, "points.family_used", told, link="/family")


def _write(seat: PotSeat, payer: Payer, amount: int, order_id: uuid.UUID) -> None:
    session().execute(
        insert(PotShare.__table__),  # type: ignore[arg-type]
        {
            "order_id": order_id,
            "seat_id": payer.seat.seat_id,
            "town_id": seat.town_id,
            "pot_id": seat.pot_id,
            "payer_id": payer.seat.member_id,
            "payer_roll": payer.seat.joined_roll,
            "orderer_seat_id": seat.seat_id,
            "orderer_id": seat.member_id,
            "joined_roll": seat.joined_roll,
            "agreed_roll": payer.seat.agreed_roll,
            "amount": amount,
            "cap": payer.seat.cap,
            "used_before": payer.used,
            "at": clock.now(),
        },
    )


def stop(actor: Actor, order_id: uuid.UUID) -> None:
    """Let somebody whose points are held for another's order give it up before it is picked up; all get theirs back.

    Raises NotFound for who pays nothing of it, Conflict when it has ended.
    """
    must(actor, Perm.REWARD_REDEEM)
    order = ordering.locked(order_id)
    shares = queries.shares_of(order_id)
    if actor.instead is not None or not any(actor.is_me(one.payer_id) for one in shares):
        raise NotFound
    ordering.check_waits(order)
    ordering.end(order, "cancelled", by_id=actor.member_id, outcome="voided")
    ordering.tell_family(order, actor.ids)
