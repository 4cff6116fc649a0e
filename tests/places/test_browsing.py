"""The tree and its units, a page at a time, on both engines."""

import pytest

from community.core.authz import Actor
from community.core.db import transaction
from community.core.errors import NotFound
from community.places import browsing
from community.places.models import Area
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_unit, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def village(engine_name: str) -> Area:
    with transaction():
        return make_village()


@pytest.fixture
def admin(village: Area) -> Actor:
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    return actor_of(member)


def test_every_child_and_every_unit_is_met_once_page_by_page(
    village: Area, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 3)
    with transaction():
        made = [make_area("building", f"{n}幢", village, code=f"B{n}") for n in range(7)]
        for number in range(7):
            make_unit(made[0], f"1-{number}")
    codes, after = [], ""
    while after is not None:
        page = browsing.children(admin, village, after)
        codes += [area.code for area in page.areas]
        after = page.next_code
    assert codes == [f"B{n}" for n in range(7)]
    labels, label = [], ""
    while label is not None:
        units = browsing.units(admin, made[0], after=label)
        labels += [unit.label for unit in units.units]
        label = units.next_label
    assert labels == [f"1-{n}" for n in range(7)]
    assert [unit.label for unit in browsing.units(admin, made[0], search="1-6").units] == ["1-6"]


def test_counts_leave_out_what_is_closed(village: Area, admin: Actor) -> None:
    with transaction():
        grid = make_area("grid", "第一网格", village)
        building = make_area("building", "1幢", grid)
        make_area("building", "拆了的", grid, closed_at=make_member(village).created_at)
        make_unit(building, "1")
        make_unit(building, "2", closed_at=grid.closed_at or make_member(village).created_at)
    assert browsing.child_counts([village, grid, building]) == {village.id: 1, grid.id: 1}
    assert browsing.unit_counts([village, building]) == {building.id: 1}


def test_an_address_code_leads_to_its_building_within_ones_reach(village: Area, admin: Actor) -> None:
    with transaction():
        here, there = make_area("building", "1幢", village), make_area("building", "2幢", make_village())
        make_unit(here, address_code="A1")
        make_unit(there, address_code="B1")
    found = browsing.building_of(admin, "A1")
    assert found
    assert found.id == here.id
    assert browsing.building_of(admin, "B1") is None
    assert browsing.building_of(admin, "C1") is None


def test_foreign_areas_and_units_do_not_exist(village: Area, admin: Actor) -> None:
    with transaction():
        there = make_area("building", "2幢", make_village())
        unit = make_unit(there)
    for ask in (
        lambda: browsing.children(admin, there),
        lambda: browsing.units(admin, there),
        lambda: browsing.kept_area(admin, there.id),
        lambda: browsing.read_area(admin, there.id),
        lambda: browsing.unit_for(admin, unit.id),
        lambda: browsing.unit_for(admin, 7),
    ):
        with pytest.raises(NotFound):
            ask()


def test_an_area_may_be_moved_under_open_areas_of_the_right_kind_that_one_keeps(village: Area, admin: Actor) -> None:
    with transaction():
        grid = make_area("grid", "第一网格", village)
        make_area("grid", "停用的", village, closed_at=make_member(village).created_at)
        building = make_area("building", "1幢", grid)
        make_area("grid", "外面的", make_village())
    assert [area.id for area in browsing.parents_for(admin, building)] == [village.id, grid.id]
