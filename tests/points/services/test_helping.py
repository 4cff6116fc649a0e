"""Points used and defended in somebody's place: labelled everywhere, told at once, and never beyond the mandate."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people import mandates, standing
from community.people.models import Mandate, MandateAct, Member
from community.places.models import Area
from community.points.models import Appeal, RewardItem, RewardOrder, Txn
from community.points.queries import appeals, balance
from community.points.services import appealing, handing, ordering, reviewing
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


@pytest.fixture
def helper(member: Member, village: Area) -> Member:
    """Who may do everything for the member, who has 100 points; she has none herself."""
    with transaction():
        helper = make_member(village, display_name="何敏")
        make_mandate(member, helper)
        give(member, village, 100)
    return helper


@pytest.fixture
def rice(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader)


def instead(helper: Member, member: Member) -> Actor:
    return standing.in_place_of(actor_of(helper), member.id, lock=True)


def redeem(helper: Member, member: Member, item: RewardItem) -> uuid.UUID:
    with transaction():
        return ordering.reserve(instead(helper, member), item.id)


def told(member: Member) -> list[str]:
    return list(session().scalars(select(Message.kind).where(Message.member_id == member.id).order_by(Message.id)))


def test_a_reward_is_hers_paid_by_hers_and_says_who_did_it(
    helper: Member, member: Member, rice: RewardItem, village: Area
) -> None:
    with transaction():
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
    order_id = redeem(helper, member, rice)
    order = session().get_one(RewardOrder, order_id)
    assert (order.member_id, order.by_id) == (member.id, helper.id)
    assert (balance(member.id).available, balance(helper.id).available) == (90, 0)
    with transaction():
        handing.hand_over(actor_of(keeper), order_id)
    txn = session().get_one(Txn, session().get_one(RewardOrder, order_id, populate_existing=True).txn_id)
    assert (txn.subject_id, txn.explain["helper"]) == (member.id, str(helper.id))
    assert told(member) == ["points.helped_redeem", "points.collected"]
    assert standing.helpers_of([f"order:{order_id}"], "redeem") == {f"order:{order_id}": helper.id}
    assert_sound()


def test_she_cancels_for_her_too_and_gives_nothing_away(
    helper: Member, member: Member, rice: RewardItem, village: Area
) -> None:
    order_id = redeem(helper, member, rice)
    with transaction():
        ordering.cancel(instead(helper, member), order_id)
    with transaction():
        cause = make_item(village, helper, kind="cause", on_hand=0, fen=0)
    with transaction(), pytest.raises(Forbidden) as refused:
        ordering.donate(instead(helper, member), cause.id)
    assert refused.value.code == "beyond_mandate", "it cannot be taken back, and nobody agreed to it"
    assert session().scalars(select(Txn).where(Txn.kind == "donate")).all() == []
    assert told(member) == ["points.helped_redeem", "points.helped_cancel"]
    acts = session().execute(select(MandateAct.act, MandateAct.about_ref).order_by(MandateAct.id)).all()
    assert [tuple(row) for row in acts] == [(act, f"order:{order_id}") for act in ("redeem", "cancel")]
    assert_sound()


def test_who_acts_for_herself_leaves_no_label(helper: Member, member: Member, rice: RewardItem) -> None:
    with transaction():
        ordering.reserve(actor_of(member), rice.id)
    assert session().scalars(select(MandateAct)).all() == []
    assert told(member) == []


def test_without_that_part_of_the_mandate_nothing_moves(member: Member, village: Area, rice: RewardItem) -> None:
    with transaction():
        looker = make_member(village)
        make_mandate(member, looker, may_redeem=False, may_appeal=False)
        award = give(member, village, 100)
    with transaction(), pytest.raises(Forbidden):
        ordering.reserve(instead(looker, member), rice.id)
    with transaction(), pytest.raises(Forbidden):
        appealing.appeal(instead(looker, member), f"txn:{award}", "不对")
    assert balance(member.id).available == 100


def test_late_or_ended_it_moves_nothing(
    helper: Member, member: Member, rice: RewardItem, frozen_clock: FrozenClock
) -> None:
    waits = redeem(helper, member, rice)
    mandate = session().scalars(select(Mandate)).one()
    with transaction():
        mandates.end(actor_of(member), mandate.mandate_id)
    with pytest.raises(NotFound):
        redeem(helper, member, rice)
    with transaction(), pytest.raises(NotFound):
        ordering.cancel(actor_of(helper), waits)
    with transaction():
        make_mandate(member, helper, until_on=dt.date(2026, 11, 24))
    frozen_clock.tick(days=2)
    with pytest.raises(NotFound):
        redeem(helper, member, rice)
    assert balance(member.id).available == 90


def test_a_helper_never_spends_by_naming_somebody(helper: Member, member: Member, rice: RewardItem) -> None:
    """The parameter of the service opens nothing: only the mandate's own Actor does."""
    with transaction(), pytest.raises(NotFound):
        ordering.reserve(actor_of(helper), rice.id, member_id=member.id)
    with transaction(), pytest.raises(NotFound):
        ordering.reserve(instead(helper, member), rice.id, member_id=helper.id)


def test_an_objection_names_who_wrote_it_and_she_does_not_answer_it(
    helper: Member, member: Member, village: Area
) -> None:
    with transaction():
        award = give(member, village, 5)
        for one in (helper, make_member(village)):
            make_grant(one, "town_admin", town_of(village))
    with transaction():
        made = appealing.appeal(instead(helper, member), f"txn:{award}", "少记了一次")
    found = session().get_one(Appeal, made)
    assert (found.member_id, appealing.written_by(found)) == (member.id, {helper.id})
    for _either in range(2):
        with transaction(), pytest.raises(DomainError) as error:
            appealing.decide(actor_of(helper), made, change=False, answer="维持")
        assert error.value.status == 403
        mandate = session().scalars(select(Mandate)).one()
        with transaction():  # ended, she still wrote it
            mandates.end(actor_of(member), mandate.mandate_id)
    assert told(member)[:1] == ["points.helped_appeal"]


def test_who_may_act_for_her_hands_nothing_over_and_decides_nothing_about_her(
    helper: Member, member: Member, rice: RewardItem, village: Area
) -> None:
    with transaction():
        make_grant(helper, "shop_keeper", town_of(village))
        order_id = ordering.reserve(actor_of(member), rice.id)
    with transaction(), pytest.raises(Conflict) as error:
        handing.hand_over(actor_of(helper), order_id)
    assert error.value.code == "own_order"
    with pytest.raises(DomainError) as refusal:
        reviewing.must_be_anothers(actor_of(helper), member.id)
    assert refusal.value.code == "helped"


@pytest.fixture
def award(member: Member, village: Area) -> str:
    with transaction():
        return f"txn:{give(member, village, 5)}"


def test_a_helper_withdraws_nothing_that_the_person_wrote_herself(helper: Member, member: Member, award: str) -> None:
    with transaction():
        made = appealing.appeal(actor_of(member), award, "少记了一次")
    with transaction(), pytest.raises(Forbidden) as refused:
        appealing.withdraw(instead(helper, member), made)
    assert refused.value.code == "beyond_mandate"
    assert session().get_one(Appeal, made, populate_existing=True).state == "open"


def test_what_was_withdrawn_for_her_she_goes_on_with_and_once(
    helper: Member, member: Member, award: str, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        make_grant(helper, "town_admin", town_of(village))
        made = appealing.appeal(instead(helper, member), award, "少记了一次")
    with transaction():
        appealing.withdraw(instead(helper, member), made)
    with transaction(), pytest.raises(Conflict, match="not_to_take_up"):
        appealing.take_up(instead(helper, member), made)
    frozen_clock.tick(days=9)
    with transaction():
        again = appealing.take_up(actor_of(member), made)
    found = session().get_one(Appeal, again)
    assert (found.state, found.words, found.due_on) == ("open", "少记了一次", dt.date(2026, 12, 9))
    assert appealing.writer_of(found) is None, "it is hers now"
    with transaction(), pytest.raises(Forbidden):
        appealing.withdraw(instead(helper, member), again)
    with transaction(), pytest.raises(Conflict, match="not_to_take_up"):
        appealing.take_up(actor_of(member), made)
    with transaction(), pytest.raises(Conflict, match="appealed"):
        appealing.appeal(actor_of(member), award, "再说一遍")
    found_now = appeals.about((member.id,), award)
    assert found_now
    assert found_now.id == again
    assert appealing.written_by(found) == {helper.id}, "she wrote what it goes on with, so she does not answer it"
    with transaction():
        mandates.end(actor_of(member), session().scalars(select(Mandate)).one().mandate_id)
    with transaction(), pytest.raises(DomainError) as refused:
        appealing.decide(actor_of(helper), again, change=False, answer="维持")
    assert refused.value.status == 403


def test_what_she_withdrew_herself_stays_withdrawn(helper: Member, member: Member, award: str) -> None:
    with transaction():
        made = appealing.appeal(instead(helper, member), award, "少记了一次")
        appealing.withdraw(actor_of(member), made)
    with transaction(), pytest.raises(Conflict, match="not_to_take_up"):
        appealing.take_up(actor_of(member), made)
    with transaction(), pytest.raises(NotFound):
        appealing.take_up(actor_of(helper), made)
