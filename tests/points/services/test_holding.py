"""Points held for an order: chosen at once, spent or given back once, never lost by a date that passed meanwhile."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Account, Entry, Hold, Lot, LotUse, Transfer, Txn
from community.points.queries import balance
from community.points.services import expiring, holding, spending
from community.points.services.posting import By
from tests.factories.ledger import end_order, give, make_item, make_order
from tests.factories.people import make_member
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


def order_of(member: Member, leader: Member, village: Area, points: int) -> uuid.UUID:
    with transaction():
        return make_order(member, make_item(village, leader), points)


def hold(village: Area, member: Member, points: int, order_id: uuid.UUID) -> int:
    with transaction():
        return holding.hold(
            village.town_id, member.id, points, order_id=order_id, expires_at=clock.now() + dt.timedelta(days=14)
        )


def post(order_id: uuid.UUID, by: Member) -> int:
    with transaction():
        txn_id = holding.post(
            order_id, kind="redeem", by=By(by.id), evidence_ref=f"order:{order_id}", explain={"what": "大米 5 斤"}
        )
        end_order(order_id, "collected", by, txn_id)
        return txn_id


def post_again(order_id: uuid.UUID, by: Member) -> int:
    with transaction():
        return holding.post(order_id, kind="redeem", by=By(by.id), evidence_ref=f"order:{order_id}", explain={})


def void(order_id: uuid.UUID, by: Member, outcome: str = "voided") -> None:
    with transaction():
        holding.void(order_id, outcome)
        end_order(order_id, "expired" if outcome == "expired" else "cancelled", by)


def void_again(order_id: uuid.UUID) -> None:
    with transaction():
        holding.void(order_id, "voided")


def lots() -> list[tuple[int, int, int]]:
    session().rollback()
    return [tuple(row) for row in session().execute(select(Lot.granted, Lot.remaining, Lot.held).order_by(Lot.id))]


def test_a_hold_takes_what_expires_first_and_leaves_the_balance_less_by_it(
    village: Area, member: Member, leader: Member
) -> None:
    with transaction():
        give(member, village, 20, days=300)
        give(member, village, 5, days=3)
    order_id = order_of(member, leader, village, 12)
    hold_id = hold(village, member, 12, order_id)
    assert lots() == [(20, 20, 7), (5, 5, 5)]
    assert (posted(member), balance(member.id).available) == (25, 13)
    assert hold(village, member, 12, order_id) == hold_id, "the same order once more holds nothing more"
    assert lots() == [(20, 20, 7), (5, 5, 5)]
    assert_sound()


def test_what_is_held_cannot_be_held_or_spent_again_and_the_refusal_says_how_many_are_missing(
    village: Area, member: Member, leader: Member
) -> None:
    with transaction():
        give(member, village, 12)
    hold(village, member, 10, order_of(member, leader, village, 10))
    with pytest.raises(spending.NotEnough) as refused:
        hold(village, member, 10, order_of(member, leader, village, 10))
    assert (refused.value.code, refused.value.missing) == ("not_enough", 8)
    with pytest.raises(spending.NotEnough) as none_at_all:
        hold(village, leader, 3, order_of(leader, member, village, 3))
    assert none_at_all.value.missing == 3
    assert lots() == [(12, 12, 10)]


def test_points_that_expired_yesterday_are_not_held_though_no_job_has_tidied_them(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 10, days=0)
    frozen_clock.move_to(clock.at_local(clock.today(), dt.time(23, 59)))
    first = order_of(member, leader, village, 4)
    hold(village, member, 4, first)
    frozen_clock.tick(minutes=2)
    with pytest.raises(spending.NotEnough) as refused:
        hold(village, member, 6, order_of(member, leader, village, 6))
    assert refused.value.missing == 6


def test_an_order_is_spent_once_even_when_what_it_holds_has_expired(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 10, days=2)
    order_id = order_of(member, leader, village, 6)
    hold(village, member, 6, order_id)
    frozen_clock.tick(days=5)
    with transaction():
        assert expiring.expire_town(village.town_id, clock.today()) == 1
    txn_id = post(order_id, leader)
    assert post_again(order_id, leader) == txn_id
    with pytest.raises(Conflict, match="hold_ended"):
        void_again(order_id)
    assert (posted(member), lots()) == (0, [(10, 0, 0)])
    used = (
        select(Txn.kind, LotUse.amount)
        .join(Transfer, Transfer.txn_id == Txn.id)
        .join(LotUse, LotUse.transfer_id == Transfer.id)
    )
    kinds = {row.kind: row.amount for row in session().execute(used)}
    assert kinds == {"expire": 4, "redeem": 6}
    assert_sound()


def test_a_cancelled_order_gives_back_what_it_held_and_ends_once(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        give(member, village, 10)
    order_id = order_of(member, leader, village, 6)
    hold(village, member, 6, order_id)
    void(order_id, leader)
    void_again(order_id)
    assert (lots(), balance(member.id).available) == ([(10, 10, 0)], 10)
    with pytest.raises(Conflict, match="hold_ended"):
        post_again(order_id, leader)
    assert_sound()


def test_points_whose_day_passed_while_they_were_held_are_valid_for_thirty_days_more(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 4, days=1)
        give(member, village, 10, days=300)
    order_id = order_of(member, leader, village, 6)
    hold(village, member, 6, order_id)
    frozen_clock.tick(days=14)
    void(order_id, leader, "expired")
    assert balance(member.id).available == 14
    newest = session().scalars(select(Lot).order_by(Lot.id.desc())).first()
    assert newest is not None
    assert (newest.granted, newest.expires_on) == (4, clock.today() + dt.timedelta(days=30))
    assert posted(member) == 14
    assert [row.delta for row in session().scalars(select(Entry).order_by(Entry.seq))] == [4, 10, -4, 4]
    assert_sound()


def test_days_of_grace_are_given_once_however_often_an_order_is_given_up(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(member, village, 4, days=0)
    for _round in range(2):
        order_id = order_of(member, leader, village, 4)
        hold(village, member, 4, order_id)
        frozen_clock.tick(days=1)
        void(order_id, leader)
        assert posted(member) == 4
        frozen_clock.tick(days=30)
    assert balance(member.id).available == 0
    jobs.expire_points()
    session().expire_all()
    assert posted(member) == 0
    assert_sound()


def test_two_people_pay_for_one_order_with_one_posting(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        give(member, village, 4)
        give(leader, village, 9)
        order_id = make_order(member, make_item(village, leader), 10)
        poster = make_member(village)
    hold(village, member, 4, order_id)
    hold(village, leader, 6, order_id)
    txn_id = post(order_id, poster)
    assert (posted(member), posted(leader)) == (0, 3)
    spent = select(Transfer.amount, Account.subject_id).join(Account, Account.id == Transfer.debit_account_id)
    rows = {row.subject_id: row.amount for row in session().execute(spent.where(Transfer.txn_id == txn_id))}
    assert rows == {member.id: 4, leader.id: 6}
    assert_sound()


def test_without_a_hold_there_is_nothing_to_spend(village: Area, member: Member, leader: Member) -> None:
    order_id = order_of(member, leader, village, 5)
    with pytest.raises(RuntimeError, match="nothing is held"):
        post(order_id, leader)
    assert session().scalars(select(Hold)).all() == []
