"""Points in people's accounts, and orders that hold them. Call inside `with transaction():`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import func, select

from community.core import clock
from community.core.db import session
from community.core.ids import new_uuid
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem, RewardOrder, StockMove, Supplier
from community.points.services import noting
from community.points.services.adjusting import adjust
from community.points.services.posting import By


def give(member: Member, area: Area, amount: int, *, days: int | None = 365, asset: str = "points") -> int:
    """A lot of `amount` that is valid for `days` more days (None: for good); returns its posting."""
    until = clock.today() + dt.timedelta(days=days) if days is not None else None
    return adjust(
        area.town_id, member.id, asset, amount, expires_on=until, by=By(0), evidence_ref=f"test:{new_uuid()}",
        reason_code="opening", explain={},
    )  # fmt: skip


def make_item(area: Area, by: Member, **overrides: Any) -> RewardItem:
    """An open reward: rice for 10 points, 5 pieces in stock."""
    fields: dict[str, Any] = {
        "town_id": area.town_id,
        "scope_path": area.path,
        "kind": "goods",
        "name_zh": "大米 5 斤",
        "points": 10,
        "fen": 1500,
        "on_hand": 5,
        "state": "open",
        "created_by": by.id,
        "created_at": clock.now(),
    }
    item = RewardItem(**(fields | overrides))
    session().add(item)
    session().flush()
    noting.reward(item, by.id)
    if item.on_hand:
        # The first one, whatever is written down from 1 on.
        session().add(
            StockMove(
                item_id=item.id, seq=0, delta=item.on_hand, on_hand_after=item.on_hand, reason="delivery", by_id=by.id,
                at=clock.now(),
            )
        )  # fmt: skip
        session().flush()
    return item


def make_supplier(town: Area, name: str = "利民粮油店") -> Supplier:
    """Who provides rewards of the town."""
    made = Supplier(town_id=town.id, name=name, contact="王老板", created_at=clock.now())
    session().add(made)
    session().flush()
    return made


def make_order(member: Member, item: RewardItem, points: int, **overrides: Any) -> uuid.UUID:
    """A reserved order of one `item` for `points`, the piece put aside; no points are held for it yet."""
    fields: dict[str, Any] = {
        "town_id": item.town_id,
        "scope_path": item.scope_path,
        "item_id": item.id,
        "member_id": member.id,
        "by_id": member.id,
        "quantity": 1,
        "points": points,
        "code": f"{new_uuid().int % 1_000_000:06}",
        "state": "reserved",
        "created_at": clock.now(),
        "expires_at": clock.now() + dt.timedelta(days=14),
    }
    order = RewardOrder(**(fields | overrides))
    item.reserved += order.quantity
    session().add(order)
    session().flush()
    return order.id


def end_order(order_id: uuid.UUID, state: str, by: Member, txn_id: int | None = None) -> None:
    """Let a reserved order end in `state`, its piece handed over or given back to the stock."""
    order = session().get(RewardOrder, order_id)
    item = session().get(RewardItem, order.item_id) if order else None
    assert order
    assert item
    order.state, order.done_at, order.done_by, order.txn_id, order.words = state, clock.now(), by.id, txn_id, "测试"
    item.reserved -= order.quantity
    if state == "collected":
        last = select(func.coalesce(func.max(StockMove.seq), 0)).where(StockMove.item_id == item.id)
        item.on_hand -= order.quantity
        session().add(
            StockMove(
                item_id=item.id, seq=(session().scalar(last) or 0) + 1, delta=-order.quantity,
                on_hand_after=item.on_hand, reason="collected", order_id=order.id, by_id=by.id, at=clock.now(),
            )
        )  # fmt: skip
    session().flush()
