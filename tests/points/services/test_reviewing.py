"""Awards that a person has to look at: never one's own, two people for much, taken back for ten seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Award, AwardVote, BudgetSlot, TownTerms, Txn
from community.points.services import appealing, cases, families, reviewing
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import (
    earned,
    evidence,
    held_award,
    make_admin,
    manual_rule,
    reviewed_rule,
    yesterday,
)
from tests.factories.families import sit_together
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import add_rule, flagged, make_rule, open_books, settled, town_of
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
def award(frozen_clock: FrozenClock, admin: Member) -> int:
    """An award of five points that waits; P01 is not in its town, so that nothing else is earned."""
    with transaction():
        village = make_village()
        open_books(town_of(village), make_rule(review=True, once_per="", cap_day=None))
        make_grant(admin, "town_admin", town_of(village))
        return held_award(make_member(village), village)


def say(by: Member, award_id: int, *, accept: bool = True, words: str = "") -> bool:
    with transaction():
        return reviewing.review(actor_of(by), award_id, accept=accept, words=words)


def row(award_id: int) -> Award:
    session().expire_all()
    return session().get_one(Award, award_id)


def test_a_reviewed_award_is_posted_ten_seconds_later_with_the_reviewer_named(
    award: int, admin: Member, frozen_clock: FrozenClock
) -> None:
    assert say(admin, award)
    jobs.post_decided()
    assert row(award).state == "held"
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    done = row(award)
    assert (done.state, done.decided_by) == ("posted", admin.id)
    assert posted(session().get_one(Member, done.subject_id)) == 5
    assert_sound()


def test_a_no_needs_a_reason_that_the_member_reads(award: int, admin: Member, frozen_clock: FrozenClock) -> None:
    with pytest.raises(DomainError, match="reason_missing"):
        say(admin, award, accept=False, words="  ")
    say(admin, award, accept=False, words="那天没有活动")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert (row(award).state, row(award).decision) == ("refused", "reviewed:那天没有活动")


def test_what_was_said_is_taken_back_within_ten_seconds_and_may_be_said_anew(
    award: int, admin: Member, frozen_clock: FrozenClock
) -> None:
    say(admin, award)
    with transaction():
        reviewing.undo(actor_of(admin), award)
    frozen_clock.tick(seconds=20)
    jobs.post_decided()
    assert (row(award).state, row(award).decided_by) == ("held", None)
    say(admin, award)
    frozen_clock.tick(seconds=10)
    with pytest.raises(Conflict, match="undo_late"), transaction():
        reviewing.undo(actor_of(admin), award)


def test_much_needs_two_people_and_the_same_one_does_not_count_twice(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        session().add(TownTerms(town_id=village.town_id, four_eyes_from=30))
        reviewed_rule(village, amount=30)
        award = held_award(member, village)
    assert not say(admin, award), "one of two"
    with pytest.raises(Conflict, match="voted"):
        say(admin, award)
    frozen_clock.tick(minutes=1)
    jobs.post_decided()
    assert row(award).state == "held"
    assert say(other, award)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert row(award).state == "posted"


def test_nobody_reviews_her_own_award_or_one_from_elsewhere(
    award: int, village: Area, admin: Member, other: Member, member: Member
) -> None:
    with transaction():
        reviewed_rule(village)
        own = held_award(admin, village)
    with pytest.raises(DomainError, match="own_award"):
        say(admin, own)
    with pytest.raises(NotFound):
        say(other, award)
    with pytest.raises(Forbidden):
        say(member, own)


def test_who_shares_a_familys_pot_decides_nothing_about_its_points(
    village: Area, member: Member, admin: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village)
        award, given = held_award(member, village), earned(member, village)
        sit_together([member, admin], cap=0)
    with pytest.raises(DomainError, match="of_family"):
        say(admin, award)
    with transaction(), pytest.raises(DomainError, match="of_family"):
        cases.propose_award(
            actor_of(admin), member.id, rule_version_id=manual_rule(village), earned_on=yesterday(),
            where=village.path, reason="搬桌椅", picture=evidence(),
        )  # fmt: skip
    with transaction(), pytest.raises(DomainError, match="of_family"):
        cases.propose_reversal(actor_of(admin), given, amount=1, reason="记错了")
    assert list(reviewing.close_to(actor_of(admin))) == [member.id]
    with transaction():  # nobody leaves for the time of a decision
        families.leave(actor_of(admin))
    with pytest.raises(DomainError, match="of_family"):
        say(admin, award)
    frozen_clock.tick(days=31)
    assert say(admin, award)


def test_whose_family_objects_does_not_answer(village: Area, member: Member, admin: Member) -> None:
    with transaction():
        other = make_admin(village, "方敏", "village_admin")
        made = appealing.appeal(actor_of(member), f"txn:{earned(member, village)}", "少记了一次")
        sit_together([admin, member], cap=9)
    with transaction(), pytest.raises(DomainError, match="of_family"):
        appealing.decide(actor_of(admin), made, change=False, answer="维持")
    with transaction():
        assert appealing.decide(actor_of(other), made, change=False, answer="维持").state == "upheld"


def test_an_award_that_waits_for_something_else_is_not_reviewed(village: Area, member: Member, admin: Member) -> None:
    with transaction():
        reviewed_rule(village)
        award = held_award(member, village)
        session().get_one(Award, award).reason_code = "budget"
    with pytest.raises(Conflict, match="not_for_review"):
        say(admin, award)


def test_a_merged_registration_of_the_reviewer_counts_as_hers(award: int, admin: Member) -> None:
    subject = row(award).subject_id
    with transaction():
        actor = replace(actor_of(admin), merged=(subject,))
        with pytest.raises(DomainError, match="own_award"):
            reviewing.review(actor, award, accept=True)


def test_the_database_itself_refuses_a_word_on_ones_own_award(village: Area, member: Member) -> None:
    with transaction():
        reviewed_rule(village)
        award = held_award(member, village)
    with pytest.raises(Exception, match="by_another"), transaction():
        session().add(
            AwardVote(award_id=award, seq=0, by_id=member.id, subject_id=member.id, accepts=True,
                      at=session().scalar(select(Award.created_at).where(Award.id == award)))
        )  # fmt: skip


def test_taking_ones_own_yes_back_leaves_another_persons_no_standing(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village, amount=200)
        award = held_award(member, village)
    with transaction():
        assert not reviewing.review(actor_of(admin), award, accept=True)
    frozen_clock.tick(seconds=3)
    with transaction():
        assert reviewing.review(actor_of(other), award, accept=False, words="那天没有这项活动")
    with transaction():
        reviewing.undo(actor_of(admin), award)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    assert session().get_one(Award, award, populate_existing=True).state == "refused"


def test_a_large_flagged_award_that_one_person_settled_waits_for_a_second(
    village: Area, member: Member, admin: Member, other: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        add_rule(town_of(village), code="P04", once_per="", cap_day=None, amount=200)
        doubtful = flagged(member, village)
        subscribers.hold_flagged_checkin(doubtful)
    with transaction():
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=admin))
    assert posted(member) == 5, "the small one is posted"
    award = session().scalars(select(Award).where(Award.subject_id == member.id, Award.amount == 200)).one()
    assert (award.state, award.reason_code) == ("held", "review")
    with pytest.raises(Conflict, match="voted"):
        say(admin, award.id)
    assert say(other, award.id)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert posted(member) == 205
    assert row(award.id).decided_by == other.id
    assert_sound()


def test_who_reviewed_stays_written_on_what_then_waited_for_the_budget(
    village: Area, member: Member, admin: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village)
        award = held_award(member, village)
        session().execute(update(BudgetSlot).values(amount=BudgetSlot.used))
    assert say(admin, award)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert row(award).reason_code == "budget"
    with transaction():
        session().execute(update(BudgetSlot).values(amount=10_000))
    jobs.post_waiting()
    txn = session().scalars(select(Txn).where(Txn.id == row(award).txn_id)).one()
    assert (txn.actor_id, txn.approver_id) == (admin.id, admin.id)
