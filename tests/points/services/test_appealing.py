"""Objections: about one's own rows alone, once, answered by somebody new, and with what follows from them."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Appeal, Award, PointsCase, Txn
from community.points.services import appealing, cases, reviewing
from tests.factories.access import actor_of
from tests.factories.deciding import earned, held_award, make_admin, manual_rule, reviewed_rule
from tests.factories.points import flagged, settled
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        return make_admin(village)


@pytest.fixture
def other(village: Area) -> Member:
    with transaction():
        return make_admin(village, "方敏", "village_admin")


@pytest.fixture
def refused(village: Area, member: Member, admin: Member) -> int:
    """An award that was refused because `admin` found the check-in wrong."""
    with transaction():
        doubtful = flagged(member, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=admin, reason="在家误扫"))
    return session().scalars(select(Award.id).where(Award.subject_id == member.id)).one()


def ask(member: Member, ref: str, words: str = "我在岗，队友能证明") -> uuid.UUID:
    with transaction():
        return appealing.appeal(actor_of(member), ref, words)


def answer(by: Member, appeal_id: uuid.UUID, *, change: bool = True, rule: int | None = None) -> Appeal:
    with transaction():
        return appealing.decide(actor_of(by), appeal_id, change=change, answer="看过记录", rule_version_id=rule)


def row(appeal_id: uuid.UUID) -> Appeal:
    session().expire_all()
    return session().get_one(Appeal, appeal_id)


def test_a_granted_objection_to_a_refusal_posts_the_award_by_its_rule(
    refused: int, member: Member, other: Member
) -> None:
    appeal = ask(member, f"award:{refused}")
    assert row(appeal).due_on == clock.today() + dt.timedelta(days=7)
    done = answer(other, appeal)
    txn = session().scalars(select(Txn).where(Txn.subject_id == member.id)).one()
    assert (done.state, done.outcome_ref, txn.approver_id) == ("changed", f"txn:{txn.id}", other.id)
    assert posted(member) == 5
    told = session().scalars(select(Message).where(Message.kind == "points.appeal_answered")).one()
    assert (told.member_id, told.link) == (member.id, f"/points/appeals/{appeal}")
    assert_sound()


def test_who_decided_first_does_not_answer_the_objection(refused: int, member: Member, admin: Member) -> None:
    appeal = ask(member, f"award:{refused}")
    with pytest.raises(DomainError, match="decided_first"):
        answer(admin, appeal)
    assert row(appeal).state == "open"


def test_who_decided_between_objection_and_answer_does_not_answer_either(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village)
        award = held_award(member, village)
    appeal = ask(member, f"award:{award}", "等了三天了")
    with transaction():
        reviewing.review(actor_of(admin), award, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert session().get_one(Award, award, populate_existing=True).state == "posted"
    with pytest.raises(DomainError, match="decided_first"):
        answer(admin, appeal, change=False)
    answer(other, appeal, change=False)
    assert row(appeal).state == "upheld"


def test_an_objection_is_about_ones_own_row_and_made_once(refused: int, member: Member, leader: Member) -> None:
    for ref in (f"award:{refused}", "award:1", "txn:x", "order:nonsense", "", "checkin:1"):
        with pytest.raises(NotFound):
            ask(leader, ref)
    ask(member, f"award:{refused}")
    with pytest.raises(Conflict, match="appealed"):
        ask(member, f"award:{refused}")
    with pytest.raises(DomainError, match="words_missing"):
        ask(member, f"award:{refused}", "  ")


def test_what_was_taken_back_is_given_back_with_days_of_grace(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn, decider = earned(member, village), make_admin(village, "陆明")
        case = cases.propose_reversal(actor_of(admin), txn, amount=5, reason="弄错了人")
    with transaction():
        cases.vote(actor_of(decider), case, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert posted(member) == 0
    reversal = session().get_one(PointsCase, case, populate_existing=True).done_txn_id
    appeal = ask(member, f"txn:{reversal}")
    for had_a_say in (admin, decider):
        with pytest.raises(DomainError, match="decided_first"):
            answer(had_a_say, appeal)
    answer(other, appeal)
    assert posted(member) == 5
    assert_sound()


def test_something_missing_is_proposed_by_a_named_rule_and_decided_by_yet_another(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn, rule = earned(member, village), manual_rule(village)
    appeal = ask(member, f"txn:{txn}", "那天还搬了桌椅，没有记")
    with pytest.raises(DomainError, match="rule"):
        answer(other, appeal)
    done = answer(other, appeal, rule=rule)
    case_id = uuid.UUID(done.outcome_ref.removeprefix("case:"))
    with pytest.raises(DomainError, match="own_proposal"), transaction():
        cases.vote(actor_of(other), case_id, accept=True)
    with transaction():
        cases.vote(actor_of(admin), case_id, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert posted(member) == 25


def test_an_award_that_its_rule_still_forbids_stays_refused(
    village: Area, refused: int, member: Member, other: Member
) -> None:
    with transaction():
        earned(member, village)
    appeal = ask(member, f"award:{refused}")
    with pytest.raises(Conflict, match="still_full"):
        answer(other, appeal)
    assert row(appeal).state == "open"
    assert session().get_one(Award, refused, populate_existing=True).state == "refused"


def test_an_answered_or_withdrawn_objection_is_closed(
    refused: int, member: Member, admin: Member, other: Member
) -> None:
    appeal = ask(member, f"award:{refused}")
    with pytest.raises(NotFound), transaction():
        appealing.withdraw(actor_of(other), appeal)
    with transaction():
        appealing.withdraw(actor_of(member), appeal)
    with pytest.raises(Conflict, match="answered"):
        answer(other, appeal)


def test_members_answer_nobodys_objections(refused: int, member: Member, leader: Member) -> None:
    appeal = ask(member, f"award:{refused}")
    with pytest.raises(Forbidden):
        answer(leader, appeal)
