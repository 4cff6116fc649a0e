"""Awards that a person has to look at: never one's own, two people for much, taken back for ten seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import Award, AwardVote, TownTerms
from community.points.services import reviewing
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import held_award, make_admin, reviewed_rule
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import make_rule, open_books, town_of
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
