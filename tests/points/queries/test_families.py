"""A pot as its members see it: names and consents, what was used, and free lots in the order of spending."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.queries import families
from community.points.services import families as services, pooling
from tests.factories.access import actor_of
from tests.factories.families import sit_together
from tests.factories.ledger import give, make_item
from tests.factories.people import make_member

pytestmark = pytest.mark.engine


def test_a_pot_tells_who_is_in_what_was_used_and_of_what(member: Member, leader: Member, village: Area) -> None:
    with transaction():
        give(leader, village, 7, days=90)
        give(leader, village, 9, days=30)
        pot = sit_together([member, leader], cap=12)
        rice = make_item(village, make_member(village))
    assert [(part.amount, part.expires_on) for part in families.free_parts(leader.id, pot.town_id)] == [
        (9, clock.today() + dt.timedelta(days=30)),
        (7, clock.today() + dt.timedelta(days=90)),
    ]
    roster = families.roster(pot.id)
    assert ([one.name for one in roster.seated], roster.roll) == (["王桂芬", "孙卫东"], 2)
    assert families.open_invite(pot.id) is None
    with transaction():
        order_id = pooling.reserve(actor_of(member), rice.id)
    assert [(one.payer_id, one.amount) for one in families.shares_of(order_id)] == [(leader.id, 10)]
    (use,) = families.uses_of(actor_of(leader), pot.town_id)
    assert (use.RewardOrder.id, use.PotShare.orderer_id) == (order_id, member.id)
    seat = families.seat_of(actor_of(leader))
    assert seat
    assert families.used(seat) == 10
    assert families.uses_of(actor_of(member), pot.town_id) == []


def test_a_pot_that_everybody_left_keeps_its_number(member: Member) -> None:
    with transaction():
        pot = sit_together([member], cap=5)
        services.leave(actor_of(member))
    assert families.roster(pot.id) == families.Roster(1, [])
    assert families.roster(1) == families.Roster(0, [])


def test_who_shares_a_pot_is_close_and_stays_so_for_a_month(
    member: Member, leader: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        other = make_member(village)
        sit_together([member, leader], cap=0)
    assert families.close_to([leader.id]) == {member.id}
    assert families.close_to([other.id]) == frozenset()
    with transaction():
        services.leave(actor_of(leader))
    assert families.close_to([member.id, 5]) == {leader.id}
    frozen_clock.tick(days=31)
    assert families.close_to([member.id]) == families.close_to([leader.id]) == frozenset()
