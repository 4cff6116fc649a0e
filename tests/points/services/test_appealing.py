"""Objections: about one's own rows alone, once, answered by somebody new, and with what follows from them."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select, update

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.policies import Evidence
from community.patrols.services import settle
from community.patrols.services.checkin import check_in
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Appeal, Award, PointsCase, Txn
from community.points.services import appealing, cases, handing, noting, ordering, reviewing
from tests.factories.access import actor_of
from tests.factories.deciding import earned, held_award, make_admin, manual_rule, reviewed_rule
from tests.factories.ledger import give, make_item
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import make_member
from tests.factories.points import flagged, open_books, settled, town_of
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


@pytest.fixture
def rejected(app: object, frozen_clock: FrozenClock) -> tuple[Scene, uuid.UUID]:
    """A check-in that the village's admin rejected, and what would have followed from it was carried out."""
    with transaction():
        scene = make_scene()
        open_books(town_of(scene.village))
    with transaction():
        made = check_in(actor_of(scene.member), scene.scanned, Evidence("poster", "far", 900), device=DEVICE)
    with transaction():
        settle.settle(actor_of(scene.admin), checkin_id=made.checkin_id, accept=False, reason="不在岗")  # type: ignore[arg-type]
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    return scene, made.checkin_id  # type: ignore[return-value]


def objected(scene: Scene) -> uuid.UUID:
    award = session().scalars(select(Award).where(Award.subject_id == scene.member.id)).one()
    assert (award.state, award.decision) == ("refused", "rejected:不在岗")
    return ask(scene.member, f"award:{award.id}")


def moves(checkin_id: uuid.UUID) -> list[tuple[str, str, int | None]]:
    events = session().scalars(
        select(CheckInEvent).where(CheckInEvent.checkin_id == checkin_id).order_by(CheckInEvent.seq)
    )
    return [(event.from_status, event.to_status, event.by_id) for event in events]


def test_a_granted_objection_sets_the_rejected_check_in_itself_right(rejected: tuple[Scene, uuid.UUID]) -> None:
    scene, checkin_id = rejected
    with transaction():
        judge = make_admin(scene.village)
    appeal = objected(scene)
    done = answer(judge, appeal)
    txn = session().scalars(select(Txn).where(Txn.subject_id == scene.member.id)).one()
    assert done.outcome_ref == f"txn:{txn.id}"
    assert session().get_one(CheckIn, checkin_id, populate_existing=True).status == "accepted"
    assert moves(checkin_id)[-1] == ("rejected", "accepted", judge.id)
    assert posted(scene.member) == 5
    assert_sound()


def test_where_the_cap_is_full_the_check_in_counts_all_the_same(rejected: tuple[Scene, uuid.UUID]) -> None:
    scene, checkin_id = rejected
    with transaction():
        judge = make_admin(scene.village)
        earned(scene.member, scene.village)
    done = answer(judge, objected(scene))
    assert (done.state, done.outcome_ref) == ("changed", f"checkin:{checkin_id}")
    assert session().get_one(CheckIn, checkin_id, populate_existing=True).status == "accepted"
    assert posted(scene.member) == 5, "the hour was counted once already"
    assert_sound()


def test_an_objection_that_is_not_granted_leaves_the_check_in_rejected(rejected: tuple[Scene, uuid.UUID]) -> None:
    scene, checkin_id = rejected
    with transaction():
        judge = make_admin(scene.village)
    answer(judge, objected(scene), change=False)
    assert moves(checkin_id)[-1][1] == "rejected"
    assert posted(scene.member) == 0


@pytest.mark.parametrize("ended", ["refused", "expired"])
def test_an_order_that_came_to_nothing_may_be_objected_to_once(
    village: Area, member: Member, leader: Member, other: Member, frozen_clock: FrozenClock, ended: str
) -> None:
    with transaction():
        give(member, village, 50)
        item, keeper = make_item(village, leader), make_admin(village, "沈阿姨", "shop_keeper")
    with transaction():
        order = ordering.reserve(actor_of(member), item.id)
    with pytest.raises(NotFound):
        ask(member, f"order:{order}")
    if ended == "refused":
        with transaction():
            handing.refuse(actor_of(keeper), order, reason="没带证件")
    else:
        frozen_clock.tick(days=15)
        jobs.expire_orders()
    done = answer(other, ask(member, f"order:{order}"))
    assert (done.state, done.outcome_ref) == ("changed", f"order:{order}")
    assert posted(member) == 50, "its points had come back when it ended"
    assert_sound()


def test_a_row_is_objected_to_once_however_it_is_called(village: Area, member: Member) -> None:
    with transaction():
        txn = earned(member, village)
    appeal = ask(member, f"txn:0{txn}")
    assert row(appeal).subject_ref == f"txn:{txn}"
    with pytest.raises(Conflict, match="appealed"):
        ask(member, f"txn:{txn}")


def test_what_takes_two_people_to_decide_takes_two_to_change(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village, amount=200)
        award, third = held_award(member, village), make_admin(village, "陆明")
    with transaction():
        reviewing.review(actor_of(admin), award, accept=False, words="名单里没有")
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    appeal, before = ask(member, f"award:{award}"), posted(member)
    assert answer(other, appeal).state == "open"
    assert posted(member) == before
    with pytest.raises(Conflict, match="voted"):
        answer(other, appeal)
    done = answer(third, appeal)
    assert (done.state, done.decided_by) == ("changed", third.id)
    txn = session().get_one(Txn, int(done.outcome_ref.removeprefix("txn:")))
    assert (txn.actor_id, txn.approver_id) == (other.id, third.id)
    assert posted(member) == before + 200
    assert_sound()


def test_an_objection_of_somebody_who_left_for_good_is_over(refused: int, member: Member) -> None:
    appeal = ask(member, f"award:{refused}")
    with transaction():
        appealing.give_up([member.id])
    assert row(appeal).state == "withdrawn"


def test_a_promise_that_came_to_nothing_is_told_and_may_be_objected_to_again(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn, rule, third = earned(member, village), manual_rule(village), make_admin(village, "陆明")
    first = ask(member, f"txn:{txn}", "那天还搬了桌椅，没有记")
    case = uuid.UUID(answer(other, first, rule=rule).outcome_ref.removeprefix("case:"))
    with pytest.raises(NotFound):
        ask(member, f"case:{case}")
    with transaction():
        cases.vote(actor_of(admin), case, accept=False, words="名单里没有")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    told = session().scalars(select(Message).where(Message.kind == "points.appeal_unkept")).one()
    assert (told.member_id, told.params["reason"], told.link) == (member.id, "名单里没有", f"/points/appeals/{first}")
    again = ask(member, f"case:{case}", "名单漏了我")
    for by in (other, admin):
        with pytest.raises(DomainError, match="decided_first"):
            answer(by, again, rule=rule)
    anew = uuid.UUID(answer(third, again, rule=rule).outcome_ref.removeprefix("case:"))
    with transaction():
        cases.vote(actor_of(other), anew, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert posted(member) == 25
    assert_sound()


def test_a_case_that_staff_proposed_by_themselves_is_nothing_to_object_to(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn = earned(member, village)
        case = cases.propose_reversal(actor_of(admin), txn, amount=5, reason="重复")
    with transaction():
        cases.vote(actor_of(other), case, accept=False, words="没有重复")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    with pytest.raises(NotFound):
        ask(member, f"case:{case}")


@pytest.mark.parametrize("code", ["cap", "rejected"])
def test_what_a_merged_registration_was_refused_is_posted_to_whose_it_is(
    village: Area, member: Member, admin: Member, other: Member, code: str
) -> None:
    with transaction():
        double = make_member(village, verified=False)
        doubtful = flagged(double, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=admin))
        if code == "cap":
            session().execute(update(Award).values(decision="cap"))
            noting.awards(session().scalars(select(Award.id)).all())
    with transaction():
        double.status, double.merged_into = "merged", member.id
    award = session().scalars(select(Award.id)).one()
    made = ask(member, f"award:{award}")
    with transaction():
        answered = appealing.decide(actor_of(other), made, change=True, answer="核实过了")
    session().expire_all()
    assert session().scalars(select(Txn.subject_id)).all() == [member.id]
    assert answered.outcome_ref == f"txn:{session().scalars(select(Txn.id)).one()}"
    assert (posted(member), posted(double)) == (5, 0)
    assert_sound()
