"""Reserving a reward, picking it up, giving to a cause: one winner for the last piece, no point lost."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import func, select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import plain
from community.messages.models import Message
from community.people.events import MemberErased
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import RewardItem, RewardOrder, StockMove, Txn
from community.points.queries import balance
from community.points.services import checking, handing, ordering
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


@pytest.fixture
def keeper(village: Area) -> Member:
    """Somebody who hands rewards over in the whole town."""
    with transaction():
        keeper = make_member(village, display_name="沈阿姨")
        make_grant(keeper, "shop_keeper", town_of(village))
    return keeper


@pytest.fixture
def rice(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader)


def rich(member: Member, village: Area, points: int = 100, days: int = 365) -> None:
    with transaction():
        give(member, village, points, days=days)


def reserve(member: Member, item: RewardItem, quantity: int = 1) -> uuid.UUID:
    with transaction():
        return ordering.reserve(actor_of(member), item.id, quantity=quantity)


def hand_over(keeper: Member, order_id: uuid.UUID) -> None:
    with transaction():
        handing.hand_over(actor_of(keeper), order_id)


def order_of(order_id: uuid.UUID) -> RewardOrder:
    found = session().get(RewardOrder, order_id)
    assert found
    session().refresh(found)
    return found


def stock(item: RewardItem) -> tuple[int, int]:
    session().refresh(item)
    return item.on_hand, item.reserved


def red(town_id: int) -> None:
    with transaction():
        checking.keep(town_id, {"I1 x": [(1,)]})


def test_a_reserved_reward_is_handed_over_and_paid_for(
    member: Member, keeper: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village)
    order_id = reserve(member, rice, 2)
    assert stock(rice) == (5, 2)
    assert balance(member.id).available == 80
    order = order_of(order_id)
    assert len(order.code) == 6
    assert order.code.isdigit()
    hand_over(keeper, order_id)
    order = order_of(order_id)
    assert (order.state, order.done_by) == ("collected", keeper.id)
    txn = session().get_one(Txn, order.txn_id)
    assert (txn.kind, txn.evidence_ref, txn.actor_id) == ("redeem", f"order:{order_id}", keeper.id)
    assert txn.explain["what"] == "大米 5 斤 × 2"
    assert stock(rice) == (3, 0)
    move = session().scalars(select(StockMove).where(StockMove.seq > 0)).one()
    assert (move.delta, move.on_hand_after, move.order_id, move.seq) == (-2, 3, order_id, 1)
    assert balance(member.id).available == 80
    assert_sound()


def test_it_is_handed_over_once_and_the_second_try_hears_when(
    member: Member, keeper: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    hand_over(keeper, order_id)
    with pytest.raises(Conflict) as refused:
        hand_over(keeper, order_id)
    assert refused.value.code == "already_collected"
    assert "2026-11-23 21:07" in plain(refused.value.message)
    assert stock(rice) == (4, 0)
    assert_sound()


def test_who_has_too_little_hears_how_much_is_missing_and_nothing_is_reserved(
    member: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village, 7)
    with pytest.raises(Conflict) as refused:
        reserve(member, rice)
    assert refused.value.code == "not_enough"
    assert "还差 3 分" in plain(refused.value.message)
    assert stock(rice) == (5, 0)
    assert session().scalar(select(func.count()).select_from(RewardOrder)) == 0


def test_the_last_piece_goes_to_the_first(member: Member, leader: Member, village: Area) -> None:
    rich(member, village)
    rich(leader, village)
    with transaction():
        last = make_item(village, leader, on_hand=1)
    reserve(member, last)
    with pytest.raises(Conflict) as refused:
        reserve(leader, last)
    assert refused.value.code == "sold_out"
    assert balance(leader.id).available == 100
    assert_sound()


def test_somebody_elses_town_says_so(member: Member, village: Area) -> None:
    with transaction():
        there = make_village()
        open_books(town_of(there))
        item = make_item(there, make_member(there))
    rich(member, village)
    with pytest.raises(Conflict) as refused:
        reserve(member, item)
    assert refused.value.code == "other_town"


@pytest.mark.parametrize(
    ("overrides", "code"),
    [({"state": "closed"}, "not_offered"), ({"until_on": dt.date(2026, 11, 22)}, "offer_ended")],
)
def test_what_is_no_longer_offered_is_refused(
    member: Member, leader: Member, village: Area, overrides: dict[str, object], code: str
) -> None:
    rich(member, village)
    with transaction():
        item = make_item(village, leader, **overrides)
    with pytest.raises(Conflict) as refused:
        reserve(member, item)
    assert refused.value.code == code


def test_a_draft_is_nothing_that_a_member_can_ask_for(member: Member, leader: Member, village: Area) -> None:
    rich(member, village)
    with transaction():
        item = make_item(village, leader, state="draft")
    with pytest.raises(NotFound):
        reserve(member, item)


def test_the_months_limit_counts_what_was_reserved_and_not_what_was_given_back(
    member: Member, leader: Member, village: Area
) -> None:
    rich(member, village)
    with transaction():
        item = make_item(village, leader, per_month=2)
    first = reserve(member, item, 2)
    with pytest.raises(Conflict) as refused:
        reserve(member, item)
    assert refused.value.code == "month_limit"
    with transaction():
        ordering.cancel(actor_of(member), first)
    reserve(member, item)
    assert_sound()


def test_cancelling_gives_points_and_piece_back(member: Member, rice: RewardItem, village: Area) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    with transaction():
        ordering.cancel(actor_of(member), order_id)
    assert order_of(order_id).state == "cancelled"
    assert stock(rice) == (5, 0)
    assert balance(member.id).available == 100
    assert_sound()


def test_nobody_cancels_somebody_elses_order(member: Member, leader: Member, rice: RewardItem, village: Area) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    with pytest.raises(NotFound), transaction():
        ordering.cancel(actor_of(leader), order_id)


def test_nobody_hands_over_to_herself(keeper: Member, rice: RewardItem, village: Area) -> None:
    rich(keeper, village)
    order_id = reserve(keeper, rice)
    with pytest.raises(Conflict) as refused:
        hand_over(keeper, order_id)
    assert refused.value.code == "own_order"
    assert order_of(order_id).state == "reserved"


def test_a_keeper_of_another_town_does_not_see_the_order(member: Member, rice: RewardItem, village: Area) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    with transaction():
        there = make_village()
        stranger = make_member(there)
        make_grant(stranger, "shop_keeper", town_of(there))
    with pytest.raises(NotFound):
        hand_over(stranger, order_id)


def test_a_refusal_needs_a_reason_and_gives_everything_back(
    member: Member, keeper: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    with pytest.raises(DomainError) as refused, transaction():
        handing.refuse(actor_of(keeper), order_id, reason=" ")
    assert refused.value.field == "reason"
    with transaction():
        handing.refuse(actor_of(keeper), order_id, reason="米袋破了，明天补货")
    order = order_of(order_id)
    assert (order.state, order.words) == ("refused", "米袋破了，明天补货")
    assert balance(member.id).available == 100
    assert stock(rice) == (5, 0)
    assert_sound()


def test_what_nobody_fetches_goes_back_and_dead_points_live_thirty_days_more(
    member: Member, keeper: Member, rice: RewardItem, village: Area, frozen_clock: FrozenClock
) -> None:
    rich(member, village, 10, days=3)
    order_id = reserve(member, rice)
    frozen_clock.tick(days=14)
    jobs.expire_orders()
    assert order_of(order_id).state == "reserved"  # its last day is not over
    frozen_clock.tick(days=1)
    with pytest.raises(Conflict) as refused:
        hand_over(keeper, order_id)
    assert refused.value.code == "code_expired"
    jobs.expire_orders()
    jobs.expire_orders()
    assert order_of(order_id).state == "expired"
    assert stock(rice) == (5, 0)
    assert balance(member.id).available == 10
    assert_sound()


def test_while_the_books_are_red_nothing_is_redeemed_and_nothing_expires(
    member: Member, keeper: Member, rice: RewardItem, village: Area, frozen_clock: FrozenClock
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    red(rice.town_id)
    for act in (lambda: reserve(member, rice), lambda: hand_over(keeper, order_id)):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "ledger_red"
    frozen_clock.tick(days=20)
    with transaction():
        assert not handing.expire(system_actor("tests"), order_id)
    assert order_of(order_id).state == "reserved"
    with transaction():
        ordering.cancel(actor_of(member), order_id)
    assert_sound()


def test_a_gift_to_a_cause_is_posted_at_once(member: Member, leader: Member, village: Area) -> None:
    rich(member, village)
    with transaction():
        cause = make_item(village, leader, kind="cause", name_zh="楼道灯公益金", on_hand=0)
    with transaction():
        order_id = ordering.donate(actor_of(member), cause.id, quantity=3)
    order = order_of(order_id)
    assert (order.state, order.points) == ("donated", 30)
    assert session().get_one(Txn, order.txn_id).kind == "donate"
    assert balance(member.id).available == 70
    with pytest.raises(Conflict), transaction():
        ordering.cancel(actor_of(member), order_id)
    assert_sound()


def test_a_cause_is_not_redeemed_and_goods_are_not_donated(
    member: Member, leader: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village)
    with transaction():
        cause = make_item(village, leader, kind="cause", on_hand=0)
    with pytest.raises(DomainError, match="cause"):
        reserve(member, cause)
    with pytest.raises(DomainError, match="no_cause"), transaction():
        ordering.donate(actor_of(member), rice.id)


def test_nobody_spends_somebody_elses_points(member: Member, leader: Member, rice: RewardItem, village: Area) -> None:
    rich(member, village)
    with pytest.raises(NotFound), transaction():
        ordering.reserve(actor_of(leader), rice.id, member_id=member.id)


def test_what_waits_for_somebody_who_is_erased_goes_back_to_the_shelf(
    member: Member, rice: RewardItem, village: Area
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    with transaction():
        subscribers.give_up_waiting(MemberErased(member.id, (member.id,)))
    assert order_of(order_id).state == "cancelled"
    assert stock(rice) == (5, 0)
    assert_sound()


def test_who_forgot_to_fetch_is_reminded_once_on_the_day_before_the_last(
    village: Area, member: Member, rice: RewardItem, frozen_clock: FrozenClock
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    jobs.remind_orders()
    frozen_clock.tick(days=12)
    jobs.remind_orders()
    assert order_of(order_id).reminded_at is None, "there are days left"
    frozen_clock.tick(days=1)
    jobs.remind_orders()
    frozen_clock.tick(days=1)
    jobs.remind_orders()
    told = session().scalars(select(Message).where(Message.kind == "points.order_reminder")).one()
    assert (told.member_id, told.link) == (member.id, f"/shop/orders/{order_id}")
    assert "2026-12-07" in str(told.params["day"])


def test_nobody_is_reminded_of_what_ended_or_cannot_be_fetched(
    village: Area, member: Member, rice: RewardItem, frozen_clock: FrozenClock
) -> None:
    rich(member, village)
    gone, waits = reserve(member, rice), reserve(member, rice)
    with transaction():
        ordering.cancel(actor_of(member), gone)
    red(village.town_id or 0)
    frozen_clock.tick(days=13)
    jobs.remind_orders()
    assert session().scalars(select(Message.id).where(Message.kind == "points.order_reminder")).all() == []
    assert (order_of(gone).reminded_at, order_of(waits).reminded_at) == (None, None)


def test_who_could_not_fetch_because_the_books_were_red_has_days_left_afterwards(
    village: Area, member: Member, keeper: Member, rice: RewardItem, frozen_clock: FrozenClock
) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    frozen_clock.tick(days=14)
    red(village.town_id or 0)
    frozen_clock.tick(days=2)
    jobs.expire_orders()
    with transaction():
        checking.keep(village.town_id or 0, {})
    jobs.expire_orders()
    assert order_of(order_id).state == "reserved"
    frozen_clock.tick(days=3)
    hand_over(keeper, order_id)
    assert order_of(order_id).state == "collected"
    assert_sound()


def test_those_days_end_too(village: Area, member: Member, rice: RewardItem, frozen_clock: FrozenClock) -> None:
    rich(member, village)
    order_id = reserve(member, rice)
    frozen_clock.tick(days=14)
    red(village.town_id or 0)
    frozen_clock.tick(days=1)
    with transaction():
        checking.keep(village.town_id or 0, {})
    frozen_clock.tick(days=5)
    jobs.expire_orders()
    assert order_of(order_id).state == "expired"


def test_nothing_is_reserved_or_given_at_another_price_than_she_was_told(
    village: Area, member: Member, rice: RewardItem
) -> None:
    rich(member, village)
    with pytest.raises(Conflict, match="price_changed"), transaction():
        ordering.reserve(actor_of(member), rice.id, quantity=2, expected=18)
    with transaction():
        ordering.reserve(actor_of(member), rice.id, quantity=2, expected=20)
    assert stock(rice) == (5, 2)
