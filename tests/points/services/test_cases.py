"""Manual awards by a named rule and reversals of wrong awards: one proposes, others decide, the ledger stays sound."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, NotFound
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import CaseVote, PointsCase, TownTerms, Txn
from community.points.services import cases, spending
from community.points.services.posting import By
from tests.factories.access import actor_of
from tests.factories.deciding import earned, evidence, make_admin, manual_rule
from tests.factories.people import make_member
from tests.factories.places import make_village
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
        case = propose(admin, member, village, rule)
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
