"""Wrong awards are taken back out of their own lot as far as it goes; the rest is written off, and nothing twice."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, NotFound
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Txn
from community.points.queries import balance
from community.points.services import holding, reversing, spending
from community.points.services.posting import By
from community.points.services.reversing import Reversed
from tests.factories.ledger import give, make_item, make_order
from tests.factories.points import accepted
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


@pytest.fixture
def award(village: Area, member: Member) -> int:
    """The posting of five points for a check-in."""
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    return session().scalars(select(Txn.id).where(Txn.subject_id == member.id)).one()


def reverse(txn_id: int, amount: int, by: Member, case: str = "case:1") -> Reversed:
    with transaction():
        return reversing.reverse(
            txn_id, amount, by=By(0, by.id), evidence_ref=case, reason_code="wrong", explain={"words": "不在岗"}
        )


def test_a_wrong_award_is_taken_back_whole_and_the_same_decision_takes_nothing_more(
    award: int, member: Member, leader: Member
) -> None:
    done = reverse(award, 5, leader)
    assert (done.taken, done.written_off, posted(member)) == (5, 0, 0)
    assert reverse(award, 5, leader) == done
    with pytest.raises(Conflict, match="reversed_already"):
        reverse(award, 1, leader, "case:2")
    row = session().get(Txn, done.txn_id)
    assert row is not None
    assert (row.reverses_txn_id, row.approver_id, row.explain["place"]) == (award, leader.id, "晚潮苑南门岗")
    assert_sound()


def test_what_was_spent_is_written_off_and_later_awards_do_not_pay_for_it(
    award: int, village: Area, member: Member, leader: Member
) -> None:
    with transaction():
        spending.spend(
            village.town_id, member.id, 3, kind="donate", by=By(member.id), evidence_ref="order:1", explain={}
        )
        give(member, village, 100)
    assert reversing.left_of(award) == 2
    done = reverse(award, 5, leader)
    assert (done.taken, done.written_off, posted(member)) == (2, 3, 100)
    assert_sound()


def test_what_is_held_for_an_order_or_has_expired_is_left_alone(
    award: int, village: Area, member: Member, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        order_id = make_order(member, make_item(village, leader), 4)
        holding.hold(village.town_id, member.id, 4, order_id=order_id, expires_at=clock.now() + dt.timedelta(days=1))
    assert reverse(award, 5, leader).taken == 1
    frozen_clock.tick(days=800)
    assert reverse(award, 4, leader, "case:2") == Reversed(None, 0, 4)
    assert balance(member.id).available == 0
    assert_sound()


def test_parts_of_an_award_are_taken_back_by_several_decisions_but_never_more_than_it_was(
    award: int, member: Member, leader: Member
) -> None:
    reverse(award, 2, leader)
    with pytest.raises(Conflict, match="reversed_already"):
        reverse(award, 4, leader, "case:2")
    assert reverse(award, 3, leader, "case:3").taken == 3
    assert posted(member) == 0


def test_only_what_was_given_can_be_taken_back(award: int, member: Member, leader: Member) -> None:
    made = reverse(award, 2, leader).txn_id
    assert made
    with pytest.raises(Conflict, match="not_reversible"):
        reverse(made, 2, leader, "case:2")
    with pytest.raises(NotFound):
        reverse(4711, 2, leader)
    with pytest.raises(ValueError, match="takes back something"):
        reverse(award, 0, leader, "case:3")


def test_minutes_are_taken_back_as_minutes(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        txn_id = give(member, village, 90, days=None, asset="minutes")
    assert reverse(txn_id, 30, leader).taken == 30
    assert balance(member.id).available == 0
    assert_sound()
