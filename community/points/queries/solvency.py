"""Whether a town can redeem the points it gave: what they would cost, against the money and the goods that cover them.

Money is what the budgets set aside, less what was bought for it (deliveries, at the price of the reward) and what was
donated. Goods count at the same price, so that buying them changes the cover by nothing, and losing them does.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from community.core import clock
from community.core.db import session
from community.points import policies
from community.points.models import NEVER, Account, Lot, RewardItem, StockMove, Transfer, Txn
from community.points.queries import budgets

_ACCOUNT, _LOT, _ITEM, _STOCK = Account.__table__.c, Lot.__table__.c, RewardItem.__table__.c, StockMove.__table__.c
_TXN, _TRANSFER = Txn.__table__.c, Transfer.__table__.c
# Below so many hundredths of the liability the cover is thin.
_THIN = 120
# How many months back the pace of redeeming is taken from, and how many ahead the expiry is shown.
PACE, AHEAD = 6, 12


@dataclass(frozen=True, slots=True)
class Gauge:
    """What is owed and what covers it, in points and fen; `state` is "green", "amber", "red" or "unknown" (no price).

    `fen` is what a point costs: the price decided, or what rewards in the shop really cost when that is more.
    `per_month` is how many points are redeemed in a month, `months` how many such months the cover lasts (None: nobody
    redeems). `expiring` are (first of the month, points) of the coming year.
    """

    town_id: int
    outstanding: int
    held: int
    price: int
    shop_fen: int
    money: int
    stock: int
    per_month: int
    expiring: Sequence[tuple[dt.date, int]]

    @property
    def fen(self) -> int:
        return max(self.price, self.shop_fen)

    @property
    def liability(self) -> int:
        return self.outstanding * self.fen

    @property
    def cover(self) -> int:
        return self.money + self.stock

    @property
    def over(self) -> int:
        """What would be left, less than nothing when some points are not covered."""
        return self.cover - self.liability

    @property
    def percent(self) -> int | None:
        return self.cover * 100 // self.liability if self.liability else None

    @property
    def months(self) -> float | None:
        cost = self.per_month * self.fen
        return round(max(0, self.cover) / cost, 1) if cost else None

    @property
    def state(self) -> str:
        if not self.price:
            return "unknown"
        if self.over < 0:
            return "red"
        return "amber" if self.cover * 100 < self.liability * _THIN else "green"


def gauge(town_id: int) -> Gauge:
    """Return how the town stands today."""
    today = clock.today()
    posted, held = session().execute(
        select(func.coalesce(func.sum(_ACCOUNT.posted), 0), func.coalesce(func.sum(_ACCOUNT.held), 0)).where(
            *_residents(town_id)
        )
    ).one()  # fmt: skip
    price = budgets.price(town_id)
    bought, stock = _goods(town_id)
    return Gauge(
        town_id=town_id,
        outstanding=int(posted) - _dead(town_id, today),
        held=int(held),
        price=price,
        shop_fen=_shop_fen(town_id),
        money=budgets.funded(town_id) - bought - _left(town_id, ("donate",)) * price,
        stock=stock,
        per_month=-(-_left(town_id, ("redeem", "donate"), since=_ago(today)) // PACE),
        expiring=_expiring(town_id, today),
    )


def _residents(town_id: int) -> tuple[ColumnElement[bool], ...]:
    return _ACCOUNT.town_id == town_id, _ACCOUNT.asset == "points", _ACCOUNT.kind == "resident"


def _dead(town_id: int, today: dt.date) -> int:
    """What has expired and was not written down yet: nobody can spend it."""
    gone = (
        select(func.coalesce(func.sum(_LOT.remaining - _LOT.held), 0))
        .join(Account.__table__, _ACCOUNT.id == _LOT.account_id)
        .where(*_residents(town_id), _LOT.remaining > 0, _LOT.expires_on < today)
    )
    return int(session().scalar(gone) or 0)


def _goods(town_id: int) -> tuple[int, int]:
    """Return (what was spent on deliveries, what the stock is worth), in fen at today's prices of the rewards."""
    came = func.sum(_STOCK.delta * _ITEM.fen).filter(_STOCK.reason == "delivery")
    bought = session().scalar(
        select(came).join(RewardItem.__table__, _ITEM.id == _STOCK.item_id).where(_ITEM.town_id == town_id)
    )
    stock = session().scalar(select(func.sum(_ITEM.on_hand * _ITEM.fen)).where(_ITEM.town_id == town_id))
    return int(bought or 0), int(stock or 0)


def _shop_fen(town_id: int) -> int:
    """What a point costs by the rewards that are in the shop, rounded up; 0 without any."""
    wanted = select(func.sum(_ITEM.fen), func.sum(_ITEM.points)).where(
        _ITEM.town_id == town_id, _ITEM.state == "open", _ITEM.kind != "cause"
    )
    fen, points = session().execute(wanted).one()
    return -(-int(fen) // int(points)) if points else 0


def _left(town_id: int, kinds: tuple[str, ...], since: dt.datetime | None = None) -> int:
    """Return how many points left the accounts of residents by postings of these kinds."""
    wanted = (
        select(func.coalesce(func.sum(_TRANSFER.amount), 0))
        .join(Txn.__table__, _TXN.id == _TRANSFER.txn_id)
        .where(_TXN.town_id == town_id, _TRANSFER.asset == "points", _TXN.kind.in_(kinds))
    )
    if since is not None:
        wanted = wanted.where(_TXN.recorded_at >= since)
    return int(session().scalar(wanted) or 0)


def _ago(today: dt.date) -> dt.datetime:
    return clock.at_local(policies.add_months(today, -PACE), dt.time.min)


def _expiring(town_id: int, today: dt.date) -> list[tuple[dt.date, int]]:
    first = today.replace(day=1)
    last = policies.add_months(first, AHEAD)
    rows = session().execute(
        select(_LOT.expires_on, func.sum(_LOT.remaining - _LOT.held))
        .join(Account.__table__, _ACCOUNT.id == _LOT.account_id)
        .where(
            *_residents(town_id), _LOT.remaining > 0, _LOT.expires_on >= today, _LOT.expires_on < min(last, NEVER)
        )
        .group_by(_LOT.expires_on)
    )  # fmt: skip
    by_month: Counter[dt.date] = Counter()
    for row in rows:
        by_month[row[0].replace(day=1)] += int(row[1])
    return [(month, by_month[month]) for month in (policies.add_months(first, count) for count in range(AHEAD))]
