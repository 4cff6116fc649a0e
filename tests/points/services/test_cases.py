"""Manual awards by a named rule and reversals of wrong awards: one proposes, others decide, the ledger stays sound."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Busy, Conflict, DomainError, NotFound
from community.core.scheduler import ItemsFailed
from community.messages.models import Message
from community.people.events import MemberErased, MemberMerged
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Award, CaseVote, Entry, PointsCase, TownTerms, Transfer, Txn
from community.points.queries import cases as queries
from community.points.services import cases, spending
from community.points.services.posting import By
from community.points.views import case_pages
from tests.factories.access import actor_of
from tests.factories.deciding import earned, evidence, make_admin, manual_rule
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.points.invariants import assert_sound, posted

pytestmark = pytest.mark.engine


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        return make_admin(village)


@pytest.fixture
def other(village: Area) -> Member:
    with transaction():
        return make_admin(village, "章立群", "association_admin")


@pytest.fixture
def rule(village: Area) -> int:
    with transaction():
        return manual_rule(village)


def propose(by: Member, member: Member, village: Area, rule: int, **overrides: object) -> uuid.UUID:
    fields = {
        "rule_version_id": rule, "earned_on": clock.today(), "where": village.path, "reason": "腊八施粥帮了一天",
        "picture": evidence(),
    } | overrides  # fmt: skip
    with transaction():
        return cases.propose_award(actor_of(by), member.id, **fields)  # type: ignore[arg-type]


def reverse(by: Member, txn_id: int, amount: int = 5) -> uuid.UUID:
    with transaction():
        return cases.propose_reversal(actor_of(by), txn_id, amount=amount, reason="那天她不在岗")


def say(by: Member, case_id: uuid.UUID, *, accept: bool = True, words: str = "") -> bool:
    with transaction():
        return cases.vote(actor_of(by), case_id, accept=accept, words=words)


def run(clock_: FrozenClock) -> None:
    clock_.tick(seconds=10)
    jobs.post_decided()
    session().expire_all()


def row(case_id: uuid.UUID) -> PointsCase:
    session().expire_all()
    return session().get_one(PointsCase, case_id)


def test_a_manual_award_names_its_rule_its_proposer_and_who_decided(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    case = propose(admin, member, village, rule)
    assert say(other, case)
    run(frozen_clock)
    done = row(case)
    txn = session().get_one(Txn, done.done_txn_id)
    assert (txn.rule_version_id, txn.actor_id, txn.approver_id) == (rule, admin.id, other.id)
    assert (txn.evidence_ref, posted(member), done.outcome) == (f"case:{case}", 20, "posted")
    assert_sound()


def test_minutes_are_proposed_in_the_number_that_was_served(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        rule = manual_rule(village, code="M02", asset="minutes", amount=60, cap_day=480)
    case = propose(admin, member, village, rule, amount=300)
    assert row(case).needs == 2, "four hours and more are decided by two"
    say(other, case)
    with transaction():
        third = make_admin(village, "陆明")
    say(third, case)
    run(frozen_clock)
    assert (row(case).state, posted(member)) == ("posted", 0)
    assert posted(member, "minutes") == 300


def test_points_are_the_rules_and_nobody_types_another_number(
    village: Area, member: Member, admin: Member, rule: int
) -> None:
    with pytest.raises(Conflict, match="amount_by_rule"):
        propose(admin, member, village, rule, amount=500)


@pytest.mark.parametrize("days", [-1, 91])
def test_a_day_to_come_or_long_past_is_refused(
    village: Area, member: Member, admin: Member, rule: int, days: int
) -> None:
    with pytest.raises(DomainError, match="day"):
        propose(admin, member, village, rule, earned_on=clock.today() - dt.timedelta(days=days))


def test_nobody_proposes_for_herself_or_for_another_towns_people(village: Area, admin: Member, rule: int) -> None:
    with pytest.raises(DomainError, match="own_award"):
        propose(admin, admin, village, rule)
    with transaction():
        stranger = make_member(make_village())
    with pytest.raises(NotFound):
        propose(admin, stranger, village, rule)


def test_who_proposed_does_not_decide_nor_does_whom_it_is_about(
    village: Area, admin: Member, other: Member, rule: int
) -> None:
    case = propose(admin, other, village, rule)
    with pytest.raises(DomainError, match="own_proposal"):
        say(admin, case)
    with pytest.raises(DomainError, match="own_award"):
        say(other, case)
    for by in (admin, other):
        with pytest.raises(Exception, match="by_another"), transaction():
            session().add(
                CaseVote(case_id=case, seq=0, by_id=by.id, proposed_by=admin.id, subject_id=other.id, accepts=True,
                         at=clock.now())
            )  # fmt: skip


def test_a_no_ends_it_and_the_proposer_hears_of_it(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    case = propose(admin, member, village, rule)
    say(other, case, accept=False, words="照片看不出是那天")
    run(frozen_clock)
    assert (row(case).state, row(case).outcome, posted(member)) == ("refused", "refused", 0)
    told = session().query(Message).filter_by(member_id=admin.id, kind="points.case_failed").one()
    assert told.link == f"/desk/cases/{member.id}/{case}"


def test_a_decision_is_taken_back_within_ten_seconds(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    case = propose(admin, member, village, rule)
    say(other, case)
    with transaction():
        cases.undo(actor_of(other), case)
    run(frozen_clock)
    assert (row(case).state, posted(member)) == ("open", 0)
    say(other, case)
    run(frozen_clock)
    assert posted(member) == 20


def test_a_rule_whose_cap_is_full_ends_the_case_with_that_word(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        rule = manual_rule(village, once_per="day")
    for expected in ("posted", "day"):
        case = propose(admin, member, village, rule, reason=expected, again=True)
        say(other, case)
        run(frozen_clock)
        assert row(case).outcome == expected
    assert posted(member) == 20


# --- reversals ---


def test_a_reversal_after_spending_takes_what_is_left_and_writes_off_the_rest(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn = earned(member, village)
        spending.spend(
            village.town_id, member.id, 3, kind="donate", by=By(member.id), evidence_ref="test:1", explain={}
        )
    case = reverse(admin, txn)
    with pytest.raises(Conflict, match="proposed"):
        reverse(other, txn)
    say(other, case)
    run(frozen_clock)
    done = row(case)
    assert (done.outcome, done.written_off, posted(member)) == ("posted", 3, 0)
    told = session().query(Message).filter_by(member_id=member.id, kind="points.case_reversed").one()
    assert (told.params["taken"], told.params["gone"]) == (2, 3)
    assert_sound()


def test_what_is_spent_altogether_is_written_off_and_nothing_is_posted(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn = earned(member, village)
        spending.spend(
            village.town_id, member.id, 5, kind="donate", by=By(member.id), evidence_ref="test:1", explain={}
        )
    case = reverse(admin, txn)
    say(other, case)
    run(frozen_clock)
    assert (row(case).outcome, row(case).written_off, row(case).done_txn_id) == ("written_off", 5, None)


def test_no_more_is_reversed_than_was_given_and_ones_own_is_left_to_others(
    village: Area, member: Member, admin: Member, other: Member
) -> None:
    with transaction():
        txn, own = earned(member, village), earned(admin, village)
    with pytest.raises(DomainError, match="amount"):
        reverse(admin, txn, 6)
    with pytest.raises(DomainError, match="own_award"):
        reverse(admin, own)
    with transaction():
        stranger = make_admin(make_village(), "外人")
    with pytest.raises(NotFound):
        reverse(stranger, txn)


def test_much_is_reversed_by_two(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        session().add(TownTerms(town_id=village.town_id, four_eyes_from=5))
        txn = earned(member, village)
        third = make_admin(village, "陆明")
    case = reverse(admin, txn)
    assert not say(other, case)
    run(frozen_clock)
    assert posted(member) == 5
    assert say(third, case)
    run(frozen_clock)
    assert posted(member) == 0


def test_a_rule_of_another_town_awards_nobody_here(village: Area, member: Member, admin: Member) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        open_books(town_of(elsewhere))
        theirs = manual_rule(elsewhere)
    with pytest.raises(Conflict, match="other_town"):
        propose(admin, member, village, theirs)
    assert session().scalars(select(PointsCase.id)).all() == []


def test_a_lock_in_the_way_is_no_refusal_and_the_job_comes_again(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    case_id = propose(admin, member, village, rule)
    with transaction():
        cases.vote(actor_of(other), case_id, accept=True)
    frozen_clock.tick(seconds=11)

    def in_the_way(*_given: object, **_named: object) -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(cases.awarding, "award_manual", in_the_way)
        with pytest.raises(ItemsFailed):
            jobs.post_decided()
    assert session().get_one(PointsCase, case_id, populate_existing=True).state == "open"
    jobs.post_decided()
    assert posted(member) == 20


def test_minutes_that_waited_to_be_verified_are_as_many_as_were_decided_and_say_by_whom(
    village: Area, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        newcomer = make_member(village, verified=False)
        hours = manual_rule(village, code="M02", asset="minutes", amount=60, cap_day=480)
    case_id = propose(admin, newcomer, village, hours, amount=180)
    with transaction():
        cases.vote(actor_of(other), case_id, accept=True)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    with transaction():
        session().get_one(Member, newcomer.id).verified_at = clock.now()
    jobs.post_waiting()
    txn = session().scalars(select(Txn).where(Txn.subject_id == newcomer.id)).one()
    assert (txn.actor_id, txn.approver_id) == (admin.id, other.id)
    assert session().scalars(select(Entry.delta).join(Transfer).where(Transfer.txn_id == txn.id)).all() == [180]
    assert_sound()


def test_minutes_by_hand_keep_within_the_cap_of_the_month_too(village: Area, member: Member, admin: Member) -> None:
    with transaction():
        hours = manual_rule(village, code="M02", asset="minutes", amount=60, cap_day=480, cap_month=120)
    with pytest.raises(Conflict, match="amount_by_rule"):
        propose(admin, member, village, hours, amount=180)


def test_what_is_still_to_be_decided_about_somebody_ends_when_she_leaves_for_good(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    case_id = propose(admin, member, village, rule)
    with transaction():
        cases.vote(actor_of(other), case_id, accept=True)
    with transaction():
        subscribers.give_up_waiting(MemberErased(member_id=member.id, ids=(member.id,)))
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    ended = session().get_one(PointsCase, case_id, populate_existing=True)
    assert (ended.state, ended.outcome) == ("refused", "erased")
    assert posted(member) == 0


def test_what_was_written_off_once_is_never_asked_for_again(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn = earned(member, village)
    with transaction():
        spending.spend(
            village.town_id or 0, member.id, 5, kind="donate", by=By(member.id), evidence_ref="order:x", explain={}
        )
    case_id = reverse(admin, txn)
    with transaction():
        cases.vote(actor_of(other), case_id, accept=True)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    assert session().get_one(PointsCase, case_id, populate_existing=True).written_off == 5
    with pytest.raises(DomainError):
        reverse(admin, txn, amount=1)


def test_much_is_not_reversed_in_slices_by_one(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        session().add(TownTerms(town_id=village.town_id, four_eyes_from=5))
        txn = earned(member, village)
    first = reverse(admin, txn, amount=3)
    assert say(other, first)
    run(frozen_clock)
    second = reverse(admin, txn, amount=2)
    assert row(second).needs == 2, "five in all"
    assert not say(other, second)


def test_what_was_proposed_about_a_registration_ends_when_it_is_merged(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    with transaction():
        double = make_member(village, verified=False)
    case = propose(admin, double, village, rule)
    assert say(other, case)
    with transaction():
        subscribers.take_over_merged(MemberMerged(member_id=double.id, into_id=member.id, by_id=other.id))
    run(frozen_clock)
    assert (row(case).state, row(case).outcome) == ("refused", "merged")
    assert (posted(member), posted(double)) == (0, 0)


@pytest.mark.parametrize("who", ["proposed", "agreed"])
def test_nobody_gets_by_a_second_registration_what_she_proposed_or_decided_herself(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock, who: str
) -> None:
    with transaction():
        double = make_member(village, verified=False)
    case = propose(admin, double, village, rule)
    assert say(other, case)
    run(frozen_clock)
    herself = admin if who == "proposed" else other
    with transaction():
        subscribers.take_over_merged(MemberMerged(member_id=double.id, into_id=herself.id, by_id=member.id))
    award = session().scalars(select(Award).where(Award.subject_id == double.id)).one()
    assert (award.state, award.decision) == ("refused", "own")
    assert (posted(herself), posted(double)) == (0, 0)


def test_minutes_are_called_minutes_in_what_the_member_is_told(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        hours = manual_rule(village, code="M02", asset="minutes", amount=60, cap_day=480)
    case = propose(admin, member, village, hours)
    say(other, case)
    run(frozen_clock)
    case = reverse(admin, row(case).done_txn_id or 0, amount=60)
    found = queries.open_cases(actor_of(other))[0]
    assert case_pages.rows(actor_of(other), [found])[0].amount == "−60 分钟"
    say(other, case)
    run(frozen_clock)
    told = session().query(Message).filter_by(member_id=member.id, kind="points.case_reversed_minutes").one()
    assert (told.params["taken"], told.params["gone"]) == (60, 0)


def test_the_same_act_is_proposed_once_and_a_second_one_of_a_day_on_purpose(
    village: Area, member: Member, admin: Member, other: Member, rule: int, frozen_clock: FrozenClock
) -> None:
    first = propose(admin, member, village, rule)
    with pytest.raises(DomainError, match="same_words"):
        propose(other, member, village, rule, again=True)
    with pytest.raises(DomainError, match="same_day"):
        propose(other, member, village, rule, reason="又搬了一回桌椅")
    say(other, first)
    run(frozen_clock)
    with pytest.raises(DomainError, match="same_day"):
        propose(other, member, village, rule, reason="又搬了一回桌椅")
    propose(other, member, village, rule, reason="昨天的事", earned_on=clock.today() - dt.timedelta(days=1))
    second = propose(other, member, village, rule, reason="又搬了一回桌椅", again=True)
    shown = [(one.ref, one.amount) for one in queries.same_day(member.id, rule, clock.today(), besides=second)]
    assert shown == [(f"txn:{row(first).done_txn_id}", 20)]
