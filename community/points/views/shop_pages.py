"""Page objects of the shop: ready values, nothing left to compute in a template."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from community.core import clock
from community.core.authz import Actor
from community.core.config import settings
from community.core.errors import NotFound
from community.core.i18n import Text, _
from community.core.web.display import mask_name
from community.core.web.preferences import current as preferences
from community.people import queries as people
from community.places import qr, queries as places
from community.points import rewards
from community.points.models import NEVER, RewardItem, RewardOrder
from community.points.queries import accounts, checks, lots, shop
from community.points.queries.lots import Expiring, LotPart
from community.points.services import ordering
from community.points.views.family_pages import Together, shares, together

# So that the code itself is as wide as a thumb is long, whatever the screen.
_QR_MM = 46
# What may come to an end while she waits is told so far ahead.
_WAIT_AHEAD = dt.timedelta(days=90)
_LOTS_SHOWN = 4


@dataclass(frozen=True)
class Offer:
    """A reward as a member sees it: how many are left (None: no limit), what is missing for one (0: enough)."""

    item_id: uuid.UUID
    name: str
    about: str
    points: int
    cause: bool
    kind: Text
    left: int | None
    missing: int
    pick_up: str
    until_on: dt.date | None
    supplier: str
    town: str
    per_month: int | None
    picture_id: uuid.UUID | None


@dataclass(frozen=True)
class Town:
    """A town's shelf, and what the member can spend there."""

    name: str
    available: int
    frozen: bool
    offers: Sequence[Offer]


@dataclass(frozen=True)
class Before:
    """What is to be known before confirming: what is left afterwards, which lots it uses, what expires if she waits.

    `used` are the first of the days on whose lots it draws, `more` how many follow; `kept_until` is the last day to
    pick it up.
    """

    offer: Offer
    quantity: int
    total: int
    available: int
    after: int
    used: Sequence[Expiring]
    more: int
    more_points: int
    expiring: Sequence[Expiring]
    kept_until: dt.date
    frozen: bool
    # How her family would pay, where her own points are too few.
    family: Together | None

    @property
    def enough(self) -> bool:
        return self.after >= 0


@dataclass(frozen=True)
class Order:
    """An order as its member or the desk sees it. `code` and `qr` only while it waits and for its member."""

    order_id: uuid.UUID
    name: str
    about: str
    quantity: int
    points: int
    state: str
    word: Text
    tone: str
    icon: str
    created_at: dt.datetime
    expires_at: dt.datetime
    done_at: dt.datetime | None
    words: str
    txn_id: int | None
    pick_up: str
    town: str
    member: str
    code: str
    late: bool
    # Who ordered in the member's place; masked where her own name is.
    helper: str
    # Whose points of her family it uses besides her own, and how many: on its own page only.
    shares: Sequence[tuple[str, int]] = ()
    may_cancel: bool = False

    @property
    def waits(self) -> bool:
        return self.state == "reserved"


_LOOKS: dict[str, tuple[str, str]] = {
    "reserved": ("amber", "clock"),
    "collected": ("green", "check"),
    "cancelled": ("grey", "undo"),
    "expired": ("grey", "clock"),
    "refused": ("red", "cross"),
    "donated": ("green", "hands"),
}


def shelves(actor: Actor) -> list[Town]:
    """Return what the actor may have, town by town, the one where she has most to spend first."""
    # Nobody gives away for another.
    rows = [row for row in shop.offered(actor) if actor.instead is None or row.RewardItem.kind != "cause"]
    free = {purse.town_id: purse.available for purse in accounts.balance(actor.member_id).purses}
    names = places.names({row.RewardItem.town_id for row in rows})
    by_town: dict[int, list[Any]] = {}
    for row in rows:
        by_town.setdefault(row.RewardItem.town_id, []).append(row)
    made = [
        Town(
            name=names.get(town_id, ""),
            available=free.get(town_id, 0),
            frozen=checks.frozen(town_id),
            offers=[_offer(row, free.get(town_id, 0), names.get(town_id, "")) for row in of_town],
        )
        for town_id, of_town in by_town.items()
    ]
    return sorted(made, key=lambda town: -town.available)


def before(actor: Actor, item_id: uuid.UUID, quantity: int) -> Before:
    """Return what is to be known before `quantity` of a reward are confirmed; raises NotFound."""
    row = shop.item(item_id)
    item: RewardItem = row.RewardItem
    if actor.instead is not None and item.kind == "cause":
        raise NotFound
    purse = next((one for one in accounts.balance(actor.member_id).purses if one.town_id == item.town_id), None)
    available = purse.available if purse else 0
    quantity = min(max(quantity, 1), rewards.MOST_AT_ONCE)
    total, today = item.points * quantity, clock.today()
    used = _by_day(lots.plan(purse.account_id, total, today)) if purse else []
    return Before(
        offer=_offer(row, available, places.names([item.town_id]).get(item.town_id, "")),
        quantity=quantity,
        total=total,
        available=available,
        after=available - total,
        used=used[:_LOTS_SHOWN],
        more=len(used[_LOTS_SHOWN:]),
        more_points=sum(one.amount for one in used[_LOTS_SHOWN:]),
        expiring=lots.expiring(purse.account_id, today, today + _WAIT_AHEAD)[:3] if purse else (),
        kept_until=today + dt.timedelta(days=ordering.pick_up_days(item.town_id)),
        frozen=checks.frozen(item.town_id),
        family=together(actor, item, total) if available < total else None,
    )


def whole_order(actor: Actor, row: Any) -> Order:
    """Return an order for its own page, with whose points of a family it uses.

    Who acts in her place learns nothing of her family. The posting's page is for those whose points it moved.
    """
    found, parts = order(row), shares(row.RewardOrder.id)
    paid = found.points > sum(amount for _name, amount in parts)
    aside = actor.instead is not None
    return replace(
        found,
        shares=() if aside else parts,
        txn_id=found.txn_id if paid else None,
        may_cancel=found.waits and not (aside and parts),
    )


def order(row: Any) -> Order:
    """Return an order as a list shows it: `row` is (RewardOrder, RewardItem, member)."""
    return orders([row])[0]


def orders(rows: Sequence[Any]) -> list[Order]:
    """Return orders for a list, with the names of all of them asked for at once."""
    found = [row.RewardOrder for row in rows]
    towns = places.names({one.town_id for one in found})
    helpers = people.names({one.by_id for one in found if one.by_id != one.member_id})
    return [_order(row, towns, helpers) for row in rows]


def _order(row: Any, towns: Mapping[int, str], helpers: Mapping[int, str]) -> Order:
    one: RewardOrder = row.RewardOrder
    item: RewardItem = row.RewardItem
    tone, icon = _LOOKS[one.state]
    last = ordering.kept_until(one) if one.state == "reserved" else one.expires_at
    return Order(
        order_id=one.id,
        name=_in_language(item.name_zh, item.name_en),
        about=_in_language(item.about_zh, item.about_en),
        quantity=one.quantity,
        points=one.points,
        state=one.state,
        word=rewards.ORDER_STATES[one.state],
        tone=tone,
        icon=icon,
        created_at=one.created_at,
        # Kept to the end of a day: the day is what people read.
        expires_at=last - dt.timedelta(seconds=1),
        done_at=one.done_at,
        words=one.words,
        txn_id=one.txn_id,
        pick_up=item.pick_up,
        town=towns.get(one.town_id, ""),
        member=mask_name(row.member),
        code=one.code,
        late=one.state == "reserved" and last <= clock.now(),
        helper=helpers.get(one.by_id, "") if one.by_id != one.member_id else "",
    )


def picture_of(order_id: uuid.UUID) -> Markup:
    """Return the code that the desk scans, as a picture with a size of its own: the page needs no style for it."""
    return qr.svg(f"{settings().public_url}/o/{order_id}", _("取货码"), symbol_mm=_QR_MM)


def _by_day(parts: Sequence[LotPart]) -> list[Expiring]:
    """Return lots as people think of them: so much that is valid until a day."""
    days: dict[dt.date, int] = {}
    for part in parts:
        day = part.expires_on or NEVER
        days[day] = days.get(day, 0) + part.amount
    return [Expiring(day, amount) for day, amount in days.items()]


def _offer(row: Any, available: int, town: str) -> Offer:
    item: RewardItem = row.RewardItem
    cause = item.kind == "cause"
    return Offer(
        item_id=item.id,
        name=_in_language(item.name_zh, item.name_en),
        about=_in_language(item.about_zh, item.about_en),
        points=item.points,
        cause=cause,
        kind=rewards.KINDS[item.kind],
        left=None if cause else item.on_hand - item.reserved,
        missing=max(0, item.points - available),
        pick_up=item.pick_up,
        until_on=item.until_on,
        supplier=row.supplier or town,
        town=town,
        per_month=item.per_month,
        picture_id=item.upload_id,
    )


def _in_language(zh: str, en: str) -> str:
    return en if en and preferences().lang == "en" else zh
