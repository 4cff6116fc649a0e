"""What stands of votes, and what waits for one."""

from __future__ import annotations

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import reviews
from community.points.services import reviewing
from tests.factories.access import actor_of
from tests.factories.deciding import held_award, make_admin, reviewed_rule


def test_the_oldest_waits_on_top_and_a_word_taken_back_does_not_stand(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        admin = make_admin(village)
        reviewed_rule(village)
        first = held_award(member, village)
    frozen_clock.tick(hours=2)
    with transaction():
        second = held_award(member, village)
    actor = actor_of(admin)
    assert [row.Award.id for row in reviews.waiting(actor)] == [first, second]
    with transaction():
        reviewing.review(actor, first, accept=True)
    assert [vote.by_id for vote in reviews.votes(first)] == [admin.id]
    assert reviews.waiting_count(actor) == 1, "what is decided waits for nobody"
    with transaction():
        reviewing.undo(actor, first)
    assert (reviews.votes(first), reviews.votes_of([first]), reviews.said(first)) == ([], {first: []}, 2)
    assert reviews.waiting_count(actor) == 2
