"""A member belongs to the areas of her teams, neither to more nor to fewer."""

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.people import areas
from community.people.models import MemberArea
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


def belongs_to(member_id: int) -> set[str]:
    return set(session().scalars(select(MemberArea.scope_path).where(MemberArea.member_id == member_id)))


def test_keeping_areas_replaces_what_was_there() -> None:
    with transaction():
        here, there = make_village(), make_town("桑埠镇")
        rider = make_member(here)
        areas.keep(rider, {there.id: there.path})
        assert belongs_to(rider.id) == {there.path}
        village = make_village(there)
        areas.keep(rider, {village.id: village.path})
        assert belongs_to(rider.id) == {village.path}
        areas.keep(rider, {})
    assert belongs_to(rider.id) == set()


def test_areas_around_her_home_are_hers_already() -> None:
    with transaction():
        town = make_town()
        home = make_village(town)
        building = make_area("building", "晚潮苑2幢", home)
        captain = make_member(home)
        areas.keep(captain, {town.id: town.path, building.id: building.path})
    assert belongs_to(captain.id) == {building.path}


def test_another_members_areas_stay() -> None:
    with transaction():
        home, there = make_village(), make_town("桑埠镇")
        first, second = make_member(home), make_member(home)
        areas.keep(first, {there.id: there.path})
        areas.keep(second, {})
    assert belongs_to(first.id) == {there.path}
