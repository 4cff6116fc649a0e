"""The job may run twice, and one member's trouble is not another's."""

from __future__ import annotations

import pytest

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.scheduler import ItemsFailed
from community.people.models import Member
from community.points import jobs, subscribers
from community.points.services import awarding, budget
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, open_books, town_of
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_running_it_twice_pays_once() -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=0)
        member = make_member(village)
        subscribers.award_checkin(accepted(member, village))
        budget.fund(system_actor("tests"), town_of(village).id, 2026, 50)
    jobs.post_waiting()
    jobs.post_waiting()
    assert posted(member) == 5
    assert_sound()


def test_an_award_that_began_to_wait_while_its_member_was_being_verified_is_posted_in_the_end() -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village))
        newcomer, stranger = (make_member(village, verified=False) for _person in range(2))
        for member in (newcomer, stranger):
            subscribers.award_checkin(accepted(member, village))
    with transaction():  # somebody verified her, and nobody heard
        session().get_one(Member, newcomer.id).verified_at = newcomer.created_at
    jobs.post_waiting()
    assert waiting(newcomer) == [("posted", "unverified", "confirmed")]
    assert waiting(stranger) == [("held", "unverified", None)]
    assert (posted(newcomer), posted(stranger)) == (5, 0)
    assert_sound()


def test_one_members_trouble_is_not_anothers_and_the_job_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village), budget=0)
        members = [make_member(village) for _person in range(3)]
        for member in members:
            subscribers.award_checkin(accepted(member, village))
        budget.fund(system_actor("tests"), town_of(village).id, 2026, 50)
    release = awarding.release

    def fail_for_the_first(member_id: int, reason: str) -> int:
        made = release(member_id, reason)
        if member_id == members[0].id:
            raise ZeroDivisionError
        return made

    monkeypatch.setattr(awarding, "release", fail_for_the_first)
    with pytest.raises(ItemsFailed, match=r"1 of 4 items failed.*ZeroDivisionError"):  # the town is one too
        jobs.post_waiting()
    assert [posted(member) for member in members] == [0, 5, 5]
    monkeypatch.undo()
    jobs.post_waiting()
    assert [posted(member) for member in members] == [5, 5, 5]
    assert_sound()
