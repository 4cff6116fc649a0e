"""The board says who earned what by which rule, page by page, in no order of merit."""

from __future__ import annotations

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import boards
from tests.factories.points import accepted
from tests.points.months import close_november

pytestmark = pytest.mark.engine


def test_members_come_page_by_page_with_their_rules(
    village: Area, member: Member, leader: Member, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        subscribers.award_checkin(accepted(leader, village))
    month = close_november(village, member, frozen_clock)
    monkeypatch.setattr(boards, "PAGE", 1)
    first, more = boards.earned(month)
    assert more == 1
    second, end = boards.earned(month, more)
    assert end is None
    found = {one.member_id: (one.total, one.rules) for one in [*first, *second]}
    assert found == {member.id: (10, [("P01", 10, 2)]), leader.id: (5, [("P01", 5, 1)])}


def test_names_are_shown_for_ninety_days(village: Area, member: Member, frozen_clock: FrozenClock) -> None:
    month = close_november(village, member, frozen_clock)
    assert boards.is_shown(month)
    frozen_clock.tick(days=90)
    assert not boards.is_shown(month)
