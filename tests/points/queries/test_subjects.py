"""What a member may object to, and who had a say in it."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.queries import subjects
from community.points.services import reviewing
from tests.factories.access import actor_of
from tests.factories.deciding import earned, held_award, make_admin, reviewed_rule


def test_a_posting_by_rule_was_decided_by_nobody(village: Area, member: Member) -> None:
    with transaction():
        txn = earned(member, village)
    found = subjects.find(f"txn:{txn}")
    assert found
    assert (found.owner_id, found.state, found.amount, found.deciders) == (member.id, "award", 5, frozenset())


def test_a_reviewed_award_is_its_posting_and_names_its_reviewer(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        admin = make_admin(village)
        reviewed_rule(village)
        award = held_award(member, village)
    waiting = subjects.find(f"award:{award}")
    assert waiting
    assert (waiting.state, waiting.reason_code) == ("held", "review")
    with transaction():
        reviewing.review(actor_of(admin), award, accept=True)
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    found = subjects.find(f"award:{award}")
    assert found
    assert (found.state, found.deciders, found.first_by) == ("award", {admin.id}, admin.id)


@pytest.mark.parametrize("ref", ["", "txn:", "txn:x", "txn:7", "award:7", "order:7", "checkin:7", "txn:" + "9" * 40])
def test_nonsense_names_nothing(village: Area, ref: str) -> None:
    assert subjects.find(ref) is None
