"""What was decided about a waiting award is carried out when it can no longer be undone: once, as it was decided."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict
from community.people.models import Member
from community.points import jobs, subscribers
from community.points.models import Award
from community.points.queries.invariants import NOTED, broken
from community.points.services import awarding, deciding, waiting as held
from community.points.services.posting import By
from tests.factories.deciding import held_award, reviewed_rule
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_what_became_unverified_meanwhile_waits_for_that(frozen_clock: FrozenClock) -> None:
    member, by = acting()
    decide(member, by, deciding.CONFIRMED)
    with transaction():
        session().get_one(Member, member.id).verified_at = None
    frozen_clock.tick(seconds=10)
    with transaction():
        assert deciding.carry_out(member.id) == 0
    assert waiting(member) == [("held", "unverified", None)]
    assert session().query(Award.not_before).scalar() is None


def test_before_its_time_nothing_is_carried_out(frozen_clock: FrozenClock) -> None:
    member, by = acting()
    decide(member, by, deciding.CONFIRMED)
    frozen_clock.tick(seconds=9)
    with transaction():
        assert deciding.carry_out(member.id) == 0
        assert awarding.release(member.id, "flagged") == 0
    frozen_clock.tick(seconds=1)
    with transaction():
        assert deciding.carry_out(member.id) == 1
        assert deciding.carry_out(member.id) == 0
    assert posted(member) == 5
    assert_sound()


def test_who_decided_stands_in_the_posting(frozen_clock: FrozenClock) -> None:
    member, by = acting()
    decide(member, by, deciding.CONFIRMED)
    frozen_clock.tick(seconds=10)
    with transaction():
        deciding.carry_out(member.id)
    award = session().query(Award).one()
    assert (award.decided_by, award.decision, award.not_before) == (by.id, "confirmed:看过", None)


def test_nobody_decides_about_her_own_award_even_later(frozen_clock: FrozenClock) -> None:
    member, _by = acting()
    with pytest.raises(Exception, match="decided_by_another"):
        decide(member, member, deciding.CONFIRMED)


def test_a_verification_that_released_something_is_not_taken_back(frozen_clock: FrozenClock) -> None:
    with transaction():
        village = make_village()
        open_books(town_of(village))
        member, by = make_member(village, verified=False), make_member(village)
        subscribers.award_checkin(accepted(member, village, verified=False))
    since = clock.now()
    with transaction():
        session().get_one(Member, member.id).verified_at = since
        awarding.release_later(member.id, by_id=by.id, not_before=since + dt.timedelta(seconds=10))
    frozen_clock.tick(seconds=10)
    with transaction():
        deciding.carry_out(member.id)
    with pytest.raises(Conflict, match="undo_late"), transaction():
        deciding.undecide_member(member.id, since)
    assert posted(member) == 5


@pytest.mark.parametrize("code", ["review", "flagged"])
def test_a_decision_that_somebody_wrote_by_hand_is_not_carried_out(frozen_clock: FrozenClock, code: str) -> None:
    member, by = acting(code)
    town, before = session().query(Award).one().town_id, posted(member)
    said = "UPDATE award SET decision = 'confirmed', decided_by = :by, not_before = :at"
    with transaction():
        session().execute(text(said), {"by": by.id, "at": clock.now() - dt.timedelta(days=1)})
    assert NOTED in broken(town)
    jobs.post_decided()
    assert [one[:2] for one in waiting(member)] == [("held", code)]
    assert posted(member) == before
    assert NOTED in broken(town)


def test_a_posting_says_nobody_approved_it_who_did_not(frozen_clock: FrozenClock) -> None:
    member, by = acting("review")
    town = session().query(Award).one().town_id
    with transaction():
        waiting_now = held.all_waiting_of(member.id)
        held.post_waiting(waiting_now, By(by.id, by.id))
    assert {name.split()[0] for name in broken(town)} == {"D1"}


def acting(code: str = "flagged") -> tuple[Member, Member]:
    """A member whose flagged act waits, and somebody else."""
    with transaction():
        village = make_village()
        open_books(town_of(village))
        member, by = make_member(village), make_member(village)
        if code == "review":
            reviewed_rule(village)
            held_award(member, village)
        else:
            subscribers.hold_flagged_checkin(flagged(member, village))
    return member, by


def decide(member: Member, by: Member, code: str) -> None:
    with transaction():
        rows = held.all_waiting_of(member.id)
        later = clock.now() + dt.timedelta(seconds=10)
        deciding.decide_later(rows, code, by_id=by.id, words="看过", not_before=later)
