"""Rewards, prices and stock: what is written down by whom, and what is refused."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.people.models import Member
from community.places.models import Area
from community.points.models import BudgetMove, RewardItem, StockMove
from community.points.rewards import Details
from community.points.services import ordering, stocking
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item, make_supplier
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine

RICE = Details(name_zh="大米 5 斤", points=80, fen=2_500, pick_up="社区服务台")


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
    return admin


def create(admin: Member, area: Area, details: Details = RICE, kind: str = "goods") -> uuid.UUID:
    with transaction():
        return stocking.create(actor_of(admin), area.id, kind, details)


def item_of(item_id: uuid.UUID) -> RewardItem:
    found = session().get_one(RewardItem, item_id)
    session().refresh(found)
    return found


def test_a_reward_is_written_down_filled_and_opened(admin: Member, village: Area) -> None:
    made = create(admin, village)
    assert (item_of(made).state, item_of(made).on_hand) == ("draft", 0)
    with pytest.raises(Conflict, match="no_stock"), transaction():
        stocking.open_(actor_of(admin), made)
    with transaction():
        stocking.deliver(actor_of(admin), made, 20, "第一批")
        stocking.open_(actor_of(admin), made)
    assert (item_of(made).state, item_of(made).on_hand) == ("open", 20)
    acts = session().scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()
    assert [act for act in acts if act.startswith("points.")] == [
        "points.reward_create", "points.stock", "points.reward_open",
    ]  # fmt: skip


def test_a_reward_that_gates_a_right_is_neither_written_nor_changed_into(admin: Member, village: Area) -> None:
    with pytest.raises(DomainError, match="denied_school"):
        create(admin, village, dataclasses.replace(RICE, name_zh="优先入学名额"))
    made = create(admin, village)
    with pytest.raises(DomainError, match="denied_subsidy"), transaction():
        stocking.change(actor_of(admin), made, dataclasses.replace(RICE, about_zh="凭此申请低保"))
    assert item_of(made).about_zh == ""


def test_a_new_price_leaves_what_was_ordered_at_the_old_one(admin: Member, member: Member, village: Area) -> None:
    with transaction():
        item = make_item(village, admin)
        give(member, village, 50)
    with transaction():
        ordering.reserve(actor_of(member), item.id)
    with transaction():
        stocking.change(actor_of(admin), item.id, RICE)
    assert item_of(item.id).points == 80
    assert_sound()


def test_a_count_that_differs_needs_a_reason_and_never_goes_below_what_is_reserved(
    admin: Member, member: Member, village: Area
) -> None:
    with transaction():
        item = make_item(village, admin)
        give(member, village, 50)
    with transaction():
        ordering.reserve(actor_of(member), item.id, quantity=2)
    with pytest.raises(DomainError) as refused, transaction():
        stocking.count(actor_of(admin), item.id, 4, " ")
    assert refused.value.field == "words"
    with pytest.raises(DomainError) as refused, transaction():
        stocking.count(actor_of(admin), item.id, 1, "少了")
    assert refused.value.field == "pieces"
    with transaction():
        stocking.count(actor_of(admin), item.id, 4, "一袋受潮")
        stocking.count(actor_of(admin), item.id, 4, "")
    move = session().scalars(select(StockMove).where(StockMove.seq > 0)).one()
    assert (move.delta, move.on_hand_after, move.reason, move.words) == (-1, 4, "count", "一袋受潮")
    assert_sound()


def test_a_cause_has_no_stock(admin: Member, village: Area) -> None:
    made = create(admin, village, dataclasses.replace(RICE, pick_up=""), "cause")
    with pytest.raises(Conflict, match="cause_without_stock"), transaction():
        stocking.deliver(actor_of(admin), made, 5)
    with transaction():
        stocking.open_(actor_of(admin), made)
    assert item_of(made).state == "open"


def test_what_was_reserved_is_still_there_when_the_reward_is_closed(
    admin: Member, member: Member, village: Area
) -> None:
    with transaction():
        item = make_item(village, admin)
        give(member, village, 50)
    with transaction():
        ordering.reserve(actor_of(member), item.id)
    with transaction():
        stocking.close(actor_of(admin), item.id)
    assert (item_of(item.id).state, item_of(item.id).reserved) == ("closed", 1)


def test_rewards_belong_to_their_town(admin: Member, member: Member, village: Area) -> None:
    with transaction():
        there = make_village()
        item = make_item(there, make_member(there))
        supplier = make_supplier(town_of(there))
    with pytest.raises(NotFound):
        create(admin, there)
    with pytest.raises(NotFound), transaction():
        stocking.deliver(actor_of(admin), item.id, 5)
    with pytest.raises(NotFound), transaction():
        stocking.close_supplier(actor_of(admin), supplier.id)
    with pytest.raises(Forbidden), transaction():
        stocking.close(actor_of(member), item.id)
    with pytest.raises(DomainError) as refused:
        create(admin, village, dataclasses.replace(RICE, supplier_id=supplier.id))
    assert refused.value.field == "supplier_id"


def test_a_supplier_is_written_once_and_kept_while_their_rewards_are_offered(admin: Member, village: Area) -> None:
    town = town_of(village)
    with transaction():
        made = stocking.add_supplier(actor_of(admin), town.id, " 利民粮油店 ", "王老板")
    with pytest.raises(DomainError) as refused, transaction():
        stocking.add_supplier(actor_of(admin), town.id, "利民粮油店", "")
    assert refused.value.field == "name"
    with transaction():
        item = make_item(village, admin, supplier_id=made)
    with pytest.raises(Conflict, match="supplier_used"), transaction():
        stocking.close_supplier(actor_of(admin), made)
    with transaction():
        stocking.close(actor_of(admin), item.id)
        stocking.close_supplier(actor_of(admin), made)
    with pytest.raises(DomainError) as refused:
        create(admin, village, dataclasses.replace(RICE, supplier_id=made))
    assert refused.value.field == "supplier_id"


def test_a_town_whose_points_are_not_covered_opens_no_reward(admin: Member, member: Member, village: Area) -> None:
    made = create(admin, village)
    with transaction():
        stocking.deliver(actor_of(admin), made, 5)
        give(member, village, 1_000)
        session().add(
            BudgetMove(
                town_id=village.town_id, year=2026, amount=1, fen_per_point=100, resolution="第1号", by_id=0,
                at=clock.now(),
            )
        )  # fmt: skip
    with pytest.raises(Conflict, match="insolvent"), transaction():
        stocking.open_(actor_of(admin), made)
    assert item_of(made).state == "draft"
