"""The demo shows points that expire soon and a board with groups and names; nobody is on it without choosing it."""

from __future__ import annotations

from sqlalchemy import select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.demo import services
from community.messages.models import Message
from community.points.models import BoardName, MonthGroup, PeriodClose
from community.points.queries import groups
from tests.points.invariants import assert_sound


def test_something_expires_soon_and_the_board_has_groups_and_names(app: object, frozen_clock: FrozenClock) -> None:
    with transaction():
        services.load_demo(system_actor("tests"), people=300, days=90)
    told = session().scalars(select(Message.kind).where(Message.kind.startswith("points.expiring"))).all()
    assert len(told) >= 4
    assert session().scalars(select(MonthGroup.people)).all()
    towns = session().scalars(select(BoardName.town_id).distinct()).all()
    (town_id,) = towns
    month = groups.latest(town_id)
    assert isinstance(month, PeriodClose)
    named = groups.named(month)
    assert len(named) >= groups.FEWEST
    assert {one.alias for one in named} > {None}
    assert_sound()
