"""What of one's points expires soon, with the ways to use it or give it away in one tap."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.web.preferences import current as preferences
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.places import queries as places
from community.points import rewards
from community.points.models import RewardItem
from community.points.queries import accounts, checks, lots, shop
from community.points.queries.accounts import Purse
from community.points.queries.lots import Expiring
from community.points.views.blueprint import bp
from community.points.views.own import number

_AHEAD = dt.timedelta(days=max(lots.NOTICE_DAYS))
# So many days, rewards and causes are shown; the rest is behind the shop.
_DAYS, _ITEMS = 12, 4


@dataclass(frozen=True)
class Way:
    """Something to have for points that expire: so many pieces for so many points."""

    item_id: uuid.UUID
    name: str
    quantity: int
    points: int


@dataclass(frozen=True)
class Page:
    """What expires in a town: `soon` within the next sixty days, or else on the first day; `days` and how many more."""

    town: str
    account_id: int
    available: int
    soon: int
    within: bool
    days: Sequence[Expiring]
    more: int
    frozen: bool
    causes: Sequence[Way]
    goods: Sequence[Way]


@bp.get("/points/expiring")
@requires(Perm.POINTS_READ)
def expiring() -> str:
    return render_template("points/expiring.html", page=_page(must_be_signed_in(), number("account")))


def _page(actor: Actor, account_id: int | None) -> Page | None:
    """Return the page of one of the actor's accounts: the one named, else where something expires first."""
    purses = sorted(accounts.balance(actor.member_id).purses, key=lambda purse: purse.expires_on or dt.date.max)
    purse = next((one for one in purses if one.account_id == account_id), purses[0] if purses else None)
    if purse is None:
        return None
    today = clock.today()
    every = lots.expiring(purse.account_id, today)
    near = [one for one in every if one.expires_on <= today + _AHEAD]
    shown = near or every[:1]
    soon = sum(one.amount for one in shown)
    rows = [row.RewardItem for row in shop.offered(actor) if row.RewardItem.town_id == purse.town_id]
    return Page(
        town=places.names([purse.town_id]).get(purse.town_id, ""),
        account_id=purse.account_id,
        available=purse.available,
        soon=soon,
        within=bool(near),
        days=shown[:_DAYS],
        more=len(shown[_DAYS:]),
        frozen=checks.frozen(purse.town_id),
        causes=[way for item in rows if item.kind == "cause" and (way := _gift(item, soon))][:_ITEMS],
        goods=[_piece(item) for item in rows if _affordable(item, purse)][:_ITEMS],
    )


def _gift(item: RewardItem, soon: int) -> Way | None:
    """Return how much of what expires can be given to a cause, in its own steps."""
    quantity = min(soon // item.points, rewards.MOST_AT_ONCE, item.per_month or rewards.MOST_AT_ONCE)
    return Way(item.id, _name(item), quantity, quantity * item.points) if quantity else None


def _piece(item: RewardItem) -> Way:
    return Way(item.id, _name(item), 1, item.points)


def _affordable(item: RewardItem, purse: Purse) -> bool:
    return item.kind != "cause" and item.on_hand > item.reserved and item.points <= purse.available


def _name(item: Any) -> str:
    return str((item.name_en if preferences().lang == "en" else "") or item.name_zh)
