"""What the desk does to a building's units, on both engines."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor
from community.core.db import locking, session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.places import units
from community.places.models import Area, Unit
from community.places.policies import UnitDetails
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_unit, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@dataclass(frozen=True)
class Desk:
    """A building with its admin, a building elsewhere, and a member."""

    building: Area
    foreign: Area
    admin: Actor
    member: Actor


@pytest.fixture
def desk(engine_name: str) -> Desk:
    with transaction():
        village = make_village()
        building, foreign = make_area("building", "1幢", village), make_area("building", "2幢", make_village())
        admin, member = make_member(village), make_member(village)
        make_grant(admin, "village_admin", village)
    return Desk(building, foreign, actor_of(admin), actor_of(member))


def create(desk: Desk, actor: Actor | None = None, building: Area | None = None, **written: str) -> Unit:
    details = UnitDetails(**({"label": "2-301"} | written))
    with transaction():
        return units.create_unit(actor or desk.admin, building_id=(building or desk.building).id, details=details)


def edit(desk: Desk, unit: Unit, seen: str, **written: str) -> Unit:
    with transaction():
        return units.edit_unit(desk.admin, unit.id, details=UnitDetails(**({"label": "2-301"} | written)), seen=seen)


def test_a_unit_keeps_its_area_and_the_zeros_of_its_code(desk: Desk) -> None:
    unit = create(desk, label=" 2-301 ", area_m2="８９.5", address_code="0330109")
    assert (unit.label, str(unit.area_m2), unit.address_code) == ("2-301", "89.5", "0330109")
    assert (unit.town_id, unit.scope_path) == (desk.building.town_id, desk.building.path)
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.unit_create")).one()
    assert (entry.object_id, entry.scope_path) == (str(unit.id), desk.building.path)


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 41}, "label"),
        ({"area_m2": "-1"}, "area_m2"),
        ({"area_m2": "0.00"}, "area_m2"),
        ({"area_m2": "1e3"}, "area_m2"),
        ({"address_code": "33 0109"}, "address_code"),
    ],
)
def test_bad_details_are_refused_with_their_field(desk: Desk, written: dict[str, str], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        create(desk, **written)
    assert refused.value.field == field


def test_a_label_is_one_units_in_its_building_and_a_code_one_units_anywhere(desk: Desk) -> None:
    create(desk, address_code="A1")
    with transaction():
        make_unit(desk.foreign, "2-301", address_code="B1")
    for written, field in (({}, "label"), ({"label": "9", "address_code": "A1"}, "address_code"),
                           ({"label": "9", "address_code": "B1"}, "address_code")):  # fmt: skip
        with pytest.raises(DomainError) as refused:
            create(desk, **written)
        assert refused.value.field == field


def test_the_database_itself_refuses_a_second_unit_with_the_same_label(desk: Desk) -> None:
    with transaction():
        make_unit(desk.building, "7")
    with pytest.raises(DomainError) as refused, transaction():
        make_unit(desk.building, "7")
    assert refused.value.code == "label_taken"


def test_a_form_that_lay_open_does_not_undo_anothers_change(desk: Desk) -> None:
    unit = create(desk, area_m2="60")
    seen = units.mark(session().get_one(Unit, unit.id, populate_existing=True))
    changed = edit(desk, unit, seen, area_m2="61.25")
    assert str(changed.area_m2) == "61.25"
    with pytest.raises(Conflict):
        edit(desk, unit, seen, area_m2="62")


def test_a_unit_is_closed_once_and_opened_again(desk: Desk) -> None:
    unit = create(desk)
    for act, closed in ((units.close_unit, True), (units.reopen_unit, False)):
        with transaction():
            act(desk.admin, unit.id)
        assert (session().get_one(Unit, unit.id).closed_at is not None) == closed
        with pytest.raises(Conflict), transaction():
            act(desk.admin, unit.id)


@pytest.fixture
def next_door(desk: Desk) -> Area:
    """A second building of the same community."""
    with transaction():
        return make_area("building", "3幢", session().get_one(Area, desk.building.parent_id))


def move(desk: Desk, unit: Unit, to: Area, reason: str = "写错了楼幢", seen: str | None = None) -> Unit:
    shown = units.mark(session().get_one(Unit, unit.id, populate_existing=True)) if seen is None else seen
    with transaction():
        return units.move_unit(desk.admin, unit.id, building_id=to.id, reason=reason, seen=shown)


def test_a_unit_moves_to_another_building_for_a_reason_and_back_again(desk: Desk, next_door: Area) -> None:
    unit = create(desk, area_m2="60", address_code="0330109")
    moved = move(desk, unit, next_door)
    assert (moved.building_id, moved.scope_path) == (next_door.id, next_door.path)
    assert (moved.label, str(moved.area_m2), moved.address_code) == ("2-301", "60.00", "0330109")
    entry = session().scalars(select(AuditEntry).where(AuditEntry.act == "places.unit_move")).one()
    assert (entry.reason, entry.details) == ("写错了楼幢", {"from": desk.building.path, "to": next_door.path})
    assert move(desk, unit, desk.building).scope_path == desk.building.path


def test_a_unit_moves_nowhere_without_a_reason_or_where_its_label_is_taken(desk: Desk, next_door: Area) -> None:
    unit = create(desk)
    with transaction():
        make_unit(next_door, "2-301")
    for to, reason, field in (
        (next_door, "写错了楼幢", "building_id"),
        (next_door, " ", "reason"),
        (desk.building, "写错了楼幢", "building_id"),
        (desk.foreign, "写错了楼幢", "building_id"),
    ):
        with pytest.raises(DomainError) as refused:
            move(desk, unit, to, reason)
        assert refused.value.field == field
    assert session().get_one(Unit, unit.id, populate_existing=True).building_id == desk.building.id


def test_a_unit_moves_within_its_town_alone_and_only_into_a_building_in_use(desk: Desk, next_door: Area) -> None:
    unit = create(desk)
    with transaction() as current:
        town = current.get_one(Area, desk.foreign.town_id)
        both = make_member(town)
        make_grant(both, "village_admin", current.get_one(Area, desk.foreign.parent_id))
        make_grant(both, "village_admin", current.get_one(Area, desk.building.parent_id))
        next_door.closed_at = clock.now()
        current.merge(next_door)
    hers = actor_of(both)
    for to in (desk.foreign, next_door):
        with pytest.raises(DomainError) as refused, transaction():
            units.move_unit(hers, unit.id, building_id=to.id, reason="x", seen=units.mark(unit))
        assert refused.value.code == "other_town"


def test_a_unit_that_changed_or_was_closed_meanwhile_does_not_move(desk: Desk, next_door: Area) -> None:
    unit = create(desk)
    with pytest.raises(Conflict):
        move(desk, unit, next_door, seen="0" * 16)
    with transaction():
        units.close_unit(desk.admin, unit.id)
    with pytest.raises(Conflict):
        move(desk, unit, next_door)


def test_foreign_buildings_and_units_do_not_exist_and_members_may_nothing(desk: Desk) -> None:
    with transaction():
        foreign = make_unit(desk.foreign)
    with pytest.raises(NotFound):
        create(desk, building=desk.foreign)
    with pytest.raises(NotFound), transaction():
        units.close_unit(desk.admin, foreign.id)
    with pytest.raises(Forbidden):
        create(desk, actor=desk.member)


def test_only_a_building_in_use_gets_units(desk: Desk) -> None:
    village = session().get_one(Area, desk.building.parent_id)
    with pytest.raises(Conflict):
        create(desk, building=village)


@pytest.mark.parametrize("act", ["create", "move"])
def test_no_unit_is_put_into_a_building_that_closes_at_that_moment(
    race_database: str, make_app: Callable[..., Flask], act: str
) -> None:
    house, closing = make_app(database_url=race_database), Event()

    def prepare() -> tuple[Actor, Unit, Area]:
        with house.app_context(), transaction():
            village = make_village()
            admin = make_member(village)
            make_grant(admin, "village_admin", village)
            here, there = (make_area("building", f"{number}幢", village) for number in (1, 2))
            unit = make_unit(here, "2-301")
            session().flush()
            return actor_of(admin), unit, there

    def close(there: Area) -> None:
        with house.app_context(), transaction() as current:
            wanted = locking(select(Area).where(Area.id == there.id))
            current.scalars(wanted).one().closed_at = clock.now()
            current.flush()
            closing.set()
            time.sleep(0.5)

    def put(actor: Actor, unit: Unit, there: Area) -> str:
        closing.wait()
        try:
            with house.app_context(), transaction():
                if act == "create":
                    units.create_unit(actor, building_id=there.id, details=UnitDetails("3-101"))
                else:
                    units.move_unit(actor, unit.id, building_id=there.id, reason="写错了楼幢", seen=units.mark(unit))
        except DomainError as refused:
            return refused.code
        return "put there"

    with ThreadPoolExecutor(2) as pool:
        actor, unit, there = pool.submit(prepare).result()
        closed, answer = pool.submit(close, there), pool.submit(put, actor, unit, there)
        closed.result()
        assert answer.result() == {"create": "no_building", "move": "other_town"}[act]
