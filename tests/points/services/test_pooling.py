"""Orders that a family pays for: own points first, then what expires first, within cap and consent; nothing moves."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, Forbidden, NotFound
from community.messages.models import Message
from community.people import standing
from community.people.events import MemberErased
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import (
    Account,
    FamilyPot,
    LotUse,
    PotSeat,
    PotShare,
    RewardItem,
    RewardOrder,
    Transfer,
    Txn,
)
from community.points.queries import accounts, balance, families as queries
from community.points.services import appealing, families, handing, ordering, pooling
from community.points.services.journal import Part
from community.points.services.spending import NotEnough
from tests.factories.access import actor_of, make_grant
from tests.factories.families import all_agree, join, make_pot
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


@dataclass
class Family:
    """A grandmother with 30 points, her daughter with 12, a grandson with none; rice for 10 points."""

    pot: FamilyPot
    grandma: Member
    daughter: Member
    grandson: Member
    keeper: Member
    rice: RewardItem

    def free(self) -> tuple[int, int, int]:
        return tuple(balance(one.id).available for one in (self.grandma, self.daughter, self.grandson))  # type: ignore[return-value]


@pytest.fixture
def family(village: Area) -> Family:
    with transaction():
        people = [make_member(village, display_name=name) for name in ("何秀珍", "何敏", "小宇")]
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
        give(people[0], village, 20, days=300)
        give(people[0], village, 10, days=20)
        give(people[1], village, 12, days=100)
        pot = make_pot(people[0], cap=25)
        for one in people[1:]:
            join(people[0], one, cap=25)
    with transaction():
        all_agree(pot)
        return Family(pot, *people, keeper, make_item(village, keeper, on_hand=9))


def order(family: Family, who: Member, quantity: int = 1) -> uuid.UUID:
    with transaction():
        return pooling.reserve(actor_of(who), family.rice.id, quantity=quantity)


def shares(order_id: uuid.UUID) -> dict[int, int]:
    return {one.payer_id: one.amount for one in queries.shares_of(order_id)}


# --- whose points ---


def test_who_is_suspended_spends_nobody_elses_points(family: Family) -> None:
    with transaction():
        session().get_one(Member, family.grandson.id).status = "suspended"
    with pytest.raises(Forbidden) as refused:
        order(family, family.grandson)
    assert refused.value.code == "suspended"
    assert family.free() == (30, 12, 0)


def test_own_points_first_then_what_expires_first_among_the_others(family: Family) -> None:
    assert shares(order(family, family.daughter)) == {}, "her twelve are enough"
    assert family.free() == (30, 2, 0)
    second = order(family, family.grandson, 2)
    # Ten of grandma's expire in twenty days, then two of the daughter's, then grandma's later ones.
    assert shares(second) == {family.grandma.id: 18, family.daughter.id: 2}
    assert family.free() == (12, 0, 0)
    assert_sound()


def test_handed_over_each_account_is_debited_by_itself_and_nothing_changes_hands(family: Family) -> None:
    made = order(family, family.daughter, 3)
    assert shares(made) == {family.grandma.id: 18}
    with transaction():
        handing.hand_over(actor_of(family.keeper), made)
    moved = session().execute(
        select(Account.subject_id, Transfer.amount).join(Account, Account.id == Transfer.debit_account_id)
        .where(Account.kind == "resident")
    ).all()  # fmt: skip
    assert {tuple(row) for row in moved} == {(family.daughter.id, 12), (family.grandma.id, 18)}
    assert session().scalar(select(func.count()).select_from(Txn).where(Txn.kind == "redeem")) == 1
    debit, credit = Account.__table__.alias().c, Account.__table__.alias().c
    between = select(func.count()).where(
        Transfer.debit_account_id == debit.id, Transfer.credit_account_id == credit.id, debit.kind == "resident",
        credit.kind == "resident",
    )  # fmt: skip
    assert session().scalar(between) == 0
    txn = session().scalars(select(Txn).where(Txn.kind == "redeem")).one()
    assert txn.subject_id == family.daughter.id
    assert {"balance", "lots"}.isdisjoint(txn.explain), "nobody's balance is another's business"
    assert txn.explain["shares"] == [
        {"who": str(family.daughter.id), "amount": 12},
        {"who": str(family.grandma.id), "amount": 18},
    ]
    assert session().scalar(select(func.sum(LotUse.amount))) == 30
    assert_sound()


@pytest.mark.parametrize("how", ["cancel", "refuse", "stop"])
def test_given_up_the_very_lots_are_free_again(family: Family, how: str) -> None:
    made = order(family, family.grandson, 3)
    assert sum(family.free()) == 12
    with transaction():
        if how == "cancel":
            ordering.cancel(actor_of(family.grandson), made)
        elif how == "refuse":
            handing.refuse(actor_of(family.keeper), made, reason="不新鲜")
        else:  # one whose points are used says no
            pooling.stop(actor_of(family.grandma), made)
    assert family.free() == (30, 12, 0)
    assert queries.used(session().scalars(select(PotSeat).where(PotSeat.member_id == family.grandma.id)).one()) == 0
    assert_sound()


def test_those_whose_points_are_used_are_told(family: Family) -> None:
    order(family, family.grandson)
    told = session().execute(select(Message.member_id, Message.params).where(Message.kind == "points.family_used"))
    assert [(row.member_id, row.params["points"]) for row in told] == [(family.grandma.id, 10)]


# --- how far it goes ---


def test_a_month_takes_no_more_than_the_cap_and_the_next_begins_anew(
    family: Family, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        give(family.grandma, village, 500, days=200)
        families.leave(actor_of(family.daughter))
    order(family, family.grandson, 2)
    with pytest.raises(NotEnough) as error:
        order(family, family.grandson)
    assert error.value.missing == 5
    with transaction():
        families.set_cap(actor_of(family.grandma), 30)
    order(family, family.grandson)
    frozen_clock.tick(days=8)  # the first of December
    order(family, family.grandson, 3)
    with pytest.raises(NotEnough):
        order(family, family.grandson)
    assert_sound()


def test_nobody_pays_who_left_stopped_agreeing_or_is_suspended(family: Family) -> None:
    with transaction():
        session().get_one(Member, family.grandma.id).status = "suspended"
    with pytest.raises(NotEnough):
        order(family, family.grandson, 2)
    with transaction():
        session().get_one(Member, family.grandma.id).status = "active"
        families.leave(actor_of(family.grandma))
        families.set_cap(actor_of(family.daughter), 0)
    with pytest.raises(NotEnough) as error:
        order(family, family.grandson)
    assert error.value.missing == 10
    with transaction(), pytest.raises(Conflict) as refusal:
        pooling.reserve(actor_of(family.grandma), family.rice.id)
    assert refusal.value.code == "no_family"
    assert family.free() == (30, 12, 0)


def test_who_came_later_uses_nothing_before_a_yes(family: Family, village: Area) -> None:
    with transaction():
        late = make_member(village)
        join(family.grandma, late)
    with pytest.raises(NotEnough):
        order(family, late)
    with transaction():
        families.agree(actor_of(family.grandma), roll=queries.roster(family.pot.id).roll)
    assert shares(order(family, late)) == {family.grandma.id: 10}


def test_only_who_pays_stops_an_order_and_never_a_handed_one(family: Family, village: Area) -> None:
    made = order(family, family.grandson)
    with transaction():
        stranger = make_member(village)
    for other in (stranger, family.daughter):  # hers were not used
        with transaction(), pytest.raises(NotFound):
            pooling.stop(actor_of(other), made)
    with transaction():
        handing.hand_over(actor_of(family.keeper), made)
    with transaction(), pytest.raises(Conflict):
        pooling.stop(actor_of(family.grandma), made)


def test_who_pays_hands_nothing_over(family: Family, village: Area) -> None:
    made = order(family, family.grandson)
    with transaction():
        make_grant(family.grandma, "shop_keeper", town_of(village))
    with transaction(), pytest.raises(Conflict) as error:
        handing.hand_over(actor_of(family.grandma), made)
    assert error.value.code == "own_order"


def test_another_towns_reward_is_not_for_this_pot(family: Family) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        open_books(town_of(elsewhere))
        foreign = make_item(elsewhere, family.keeper)
    with transaction(), pytest.raises(Conflict) as error:
        pooling.reserve(actor_of(family.grandson), foreign.id)
    assert error.value.code == "other_town"


def test_a_mandate_opens_no_pot(family: Family) -> None:
    """No chain: who may act for the grandson does not reach his grandmother's points through him."""
    with transaction():
        helper = make_member()
        make_mandate(family.grandson, helper)
    acting = standing.in_place_of(actor_of(helper), family.grandson.id)
    with transaction(), pytest.raises(NotFound):
        pooling.reserve(acting, family.rice.id)
    with transaction(), pytest.raises(NotFound):
        pooling.stop(acting, order_id=uuid.UUID(int=7))


def test_who_paid_for_another_objects_to_her_own_line_and_gets_her_own_part_back(family: Family, village: Area) -> None:
    made = order(family, family.daughter, 3)
    with transaction():
        handing.hand_over(actor_of(family.keeper), made)
        admin = make_member(village)
        make_grant(admin, "town_admin", town_of(village))
    txn = session().scalars(select(Txn.id).where(Txn.kind == "redeem")).one()
    before = family.free()
    with transaction():
        appeal = appealing.appeal(actor_of(family.grandma), f"txn:{txn}", "我没有同意")
    with transaction(), pytest.raises(NotFound):
        appealing.appeal(actor_of(family.grandson), f"txn:{txn}", "不是我的")
    with transaction():
        appealing.decide(actor_of(admin), appeal, change=True, answer="退还您出的部分")
    assert family.free() == (before[0] + 18, before[1], before[2])
    assert_sound()


# --- what the database itself keeps out ---


def row(family: Family, made: uuid.UUID, **changed: object) -> dict[str, object]:
    """The share that a family's order may have, as one may try to forge it."""
    seats = {one.member_id: one for one in session().scalars(select(PotSeat))}
    payer, orderer = seats[family.daughter.id], seats[family.grandson.id]
    return {
        "order_id": made, "seat_id": payer.seat_id, "town_id": payer.town_id, "pot_id": payer.pot_id,
        "payer_id": payer.member_id, "payer_roll": payer.joined_roll, "orderer_seat_id": orderer.seat_id,
        "orderer_id": orderer.member_id, "joined_roll": orderer.joined_roll, "agreed_roll": payer.agreed_roll,
        "amount": 5, "cap": 25, "used_before": 0, "at": clock.now(), **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 26}, {"amount": 0}, {"used_before": 21}, {"agreed_roll": 2}, {"town_id": 7}, {"orderer_id": 7},
        {"payer_id": 7}, {"joined_roll": 1, "agreed_roll": 1}, {"pot_id": 7},
    ],
)  # fmt: skip
def test_no_share_is_stored_beyond_cap_consent_pot_or_town(family: Family, changed: dict[str, object]) -> None:
    made = order(family, family.grandson)
    with pytest.raises(DBAPIError), transaction():
        session().execute(insert(PotShare).values(row(family, made, **changed)))


def test_no_share_is_stored_for_who_left_nor_changed_afterwards(family: Family) -> None:
    made = order(family, family.grandson)
    with transaction():
        families.leave(actor_of(family.daughter))
    with pytest.raises(DBAPIError), transaction():
        session().execute(insert(PotShare).values(row(family, made)))
    kept = queries.shares_of(made)[0]
    with pytest.raises(DBAPIError), transaction():
        session().delete(kept)
    session().rollback()
    with pytest.raises(DBAPIError), transaction():
        session().get_one(PotShare, (made, kept.seat_id)).amount = 1


# --- the sum ---


def lot(day: int, number: int, amount: int) -> Part:
    return Part(number, amount, dt.date(2027, 1, day))


def payer(cap: int, used: int, *parts: Part) -> pooling.Payer:
    return pooling.Payer(PotSeat(cap=cap), used, parts)


@pytest.mark.usefixtures("app")
def test_the_parts_make_up_the_sum_within_every_cap() -> None:
    payers = {1: payer(10, 4, lot(1, 1, 9), lot(9, 2, 9)), 2: payer(50, 0, lot(5, 3, 20))}
    assert pooling.divide(20, [lot(3, 9, 3)], payers) == (3, {1: 6, 2: 11})
    assert pooling.divide(3, [lot(3, 9, 3)], payers) == (3, {})
    with pytest.raises(NotEnough) as error:
        pooling.divide(30, [lot(3, 9, 3)], payers)
    assert error.value.missing == 1


def test_nobody_of_the_family_hands_it_over(family: Family) -> None:
    made = order(family, family.daughter)
    assert shares(made) == {}, "her own points are enough"
    with transaction():
        make_grant(family.grandson, "shop_keeper", session().get_one(Area, family.pot.town_id))
    with transaction(), pytest.raises(Conflict, match="own_order"):
        handing.hand_over(actor_of(family.grandson), made)
    with transaction():
        handing.hand_over(actor_of(family.keeper), made)


def test_what_others_pay_altogether_is_still_her_line_and_tells_nobodys_balance(family: Family) -> None:
    made = order(family, family.grandson)
    assert shares(made) == {family.grandma.id: 10}
    with transaction():
        handing.hand_over(actor_of(family.keeper), made)
    txn = session().scalars(select(Txn).where(Txn.kind == "redeem")).one()
    assert txn.subject_id == family.grandson.id
    assert txn.explain["shares"] == [{"who": str(family.grandma.id), "amount": 10}]
    assert {"balance", "lots"}.isdisjoint(txn.explain)
    assert accounts.proof(actor_of(family.grandma), txn.id).row.delta == -10
    with pytest.raises(NotFound):
        accounts.proof(actor_of(family.grandson), txn.id)
    assert_sound()


# --- how it ends ---


def told(who: Member, kind: str) -> list[str]:
    """The links of what she was told."""
    found = select(Message.link).where(Message.member_id == who.id, Message.kind == kind)
    return [link or "" for link in session().scalars(found)]


@pytest.mark.parametrize("leaves", ["payer", "orderer"])
def test_what_somebody_erased_pays_or_ordered_is_given_up_and_the_others_are_told(family: Family, leaves: str) -> None:
    made = order(family, family.grandson, 2)
    assert set(shares(made)) == {family.grandma.id, family.daughter.id}
    gone = family.grandma if leaves == "payer" else family.grandson
    with transaction():
        subscribers.give_up_waiting(MemberErased(gone.id, (gone.id,)))
    session().expire_all()
    assert session().get_one(RewardOrder, made).state == "cancelled"
    assert family.free() == (30, 12, 0)
    hers, his = told(family.daughter, "points.family_stopped"), told(family.grandson, "points.family_stopped")
    assert (hers, his) == (["/family"], [f"/shop/orders/{made}"] if leaves == "payer" else [])
    assert told(gone, "points.family_stopped") == [], "nobody is left to read it"
    assert_sound()


def test_who_orders_and_cancels_tells_those_who_paid(family: Family) -> None:
    made = order(family, family.grandson)
    with transaction():
        ordering.cancel(actor_of(family.grandson), made)
    assert told(family.grandma, "points.family_stopped") == ["/family"]
    assert told(family.daughter, "points.family_stopped") == []


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_who_paid_hears_that_it_came_to_nothing(family: Family, how: str, frozen_clock: FrozenClock) -> None:
    made = order(family, family.grandson)
    if how == "expired":
        frozen_clock.tick(days=40)
    with transaction():
        if how == "refused":
            handing.refuse(actor_of(family.keeper), made, reason="坏了")
        else:
            assert handing.expire(system_actor("expire_orders"), made)
    kind = f"points.order_{how}_family"
    assert told(family.grandma, kind) == ["/family"]
    assert told(family.grandson, kind) == [f"/shop/orders/{made}"]


def test_in_her_place_nobody_cancels_what_the_family_pays(family: Family) -> None:
    made = order(family, family.grandson)
    with transaction():
        helper = make_member()
        make_mandate(family.grandson, helper)
    with transaction(), pytest.raises(Forbidden, match="beyond_mandate"):
        ordering.cancel(standing.in_place_of(actor_of(helper), family.grandson.id, lock=True), made)
    assert session().get_one(RewardOrder, made, populate_existing=True).state == "reserved"
