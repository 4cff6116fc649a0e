"""The demo's shop: something of every kind, an order in every state, and books that are sound."""

from __future__ import annotations

from sqlalchemy import select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.demo import services
from community.points.models import RewardItem, RewardOrder, StockMove
from community.points.rewards import KINDS, ORDER_STATES, STATES
from tests.points.invariants import assert_sound


def test_the_shop_has_everything_in_every_state(app: object, frozen_clock: FrozenClock) -> None:
    with transaction():
        services.load_demo(system_actor("tests"), people=300, days=90)
    items = session().scalars(select(RewardItem)).all()
    assert {item.kind for item in items} == set(KINDS)
    assert {item.state for item in items} == set(STATES)
    assert all(item.name_en for item in items)
    assert {order.state for order in session().scalars(select(RewardOrder))} == set(ORDER_STATES)
    assert {move.reason for move in session().scalars(select(StockMove))} == {"delivery", "count", "collected"}
    # Somebody else has the last one: the shop shows what "sold out" looks like.
    assert any(item.state == "open" and item.kind != "cause" and item.on_hand == item.reserved for item in items)
    assert_sound()
