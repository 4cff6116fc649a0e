"""What follows for people from what happened to an area."""

import pytest

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.people.models import Member, MemberArea
from community.places import areas
from community.places.models import Area
from tests.factories.people import add_area, make_member
from tests.factories.places import make_area, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_homes_and_belongings_follow_a_village_into_another_town() -> None:
    with transaction():
        district = make_area("district", "沥江区")
        town, other = make_town("白塘街道", district), make_town("桑埠镇", district)
        village = make_village(town)
        lives, rides = make_member(village), make_member(town)
        add_area(rides, village)
    with transaction():
        seen = areas.mark(village)
        areas.move_area(system_actor("test"), village.id, parent_id=other.id, reason="", seen=seen)
    path = session().get_one(Area, village.id).path
    assert path.startswith(other.path)
    home = session().get_one(Member, lives.id)
    assert (home.home_path, home.town_id) == (path, other.id)
    assert session().get_one(MemberArea, (rides.id, village.id)).scope_path == path
    assert session().get_one(Member, rides.id).town_id == town.id
