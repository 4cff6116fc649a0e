"""The job may run twice, and one member's trouble is not another's."""

from __future__ import annotations

import pytest

from community.core.authz import system_actor
from community.core.db import transaction
from community.points import jobs, subscribers
from community.points.services import budget
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, open_books, town_of
from tests.points.invariants import assert_sound, posted


@pytest.mark.engine
@pytest.mark.usefixtures("app", "frozen_clock")
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
