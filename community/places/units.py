"""Changes to the units of a building: flats and shops. Each is one act in the audit log."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, can, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _
from community.places import policies
from community.places.models import Area, Unit
from community.places.policies import UnitDetails


def _label_taken(field: str = "label") -> DomainError:
    return DomainError("label_taken", _("这幢楼里已经有这个房号"), field=field)


def _address_taken() -> DomainError:
    return DomainError("address_taken", _("这个地址编码已经给了别的户"), field="address_code")


on_constraint("uq_unit_label", _label_taken)
on_constraint("uq_unit_address_code", _address_taken)


def create_unit(actor: Actor, *, building_id: int | None, details: UnitDetails) -> Unit:
    """Add a unit to a building and return it.

    Raises DomainError of a field: an unknown building, one outside the actor's, a label or address code that is taken.
    """
    must(actor, Perm.AREA_MANAGE)
    building = _building(building_id)
    if building is None or building.town_id is None or not can(actor, Perm.AREA_MANAGE, building):
        raise NotFound
    if building.kind != "building" or building.closed_at is not None:
        raise Conflict("no_building", _("只能给在用的楼幢添加住户单元"), next_step=_("请从楼幢的页面添加。"))
    checked = policies.check_unit(details)
    unit = Unit(
        building_id=building.id,
        town_id=building.town_id,
        scope_path=building.path,
        label=checked.label,
        area_m2=checked.area_m2,
        address_code=checked.address_code,
    )
    _must_be_free(unit)
    session().add(unit)
    session().flush()
    _record(actor, "unit_create", unit)
    return unit


def edit_unit(actor: Actor, unit_id: int, *, details: UnitDetails, seen: str) -> Unit:
    """Change a unit. `seen` is the `mark` of what the form showed; raises Conflict when it changed since."""
    unit = _locked(actor, unit_id)
    _must_be_unchanged(unit, seen)
    checked, before = policies.check_unit(details), _fields(unit)
    wanted = Unit(id=unit.id, building_id=unit.building_id, label=checked.label, address_code=checked.address_code)
    _must_be_free(wanted)
    unit.label, unit.area_m2, unit.address_code = checked.label, checked.area_m2, checked.address_code
    session().flush()
    _record(actor, "unit_edit", unit, before)
    return unit


def move_unit(actor: Actor, unit_id: int, *, building_id: int | None, reason: str, seen: str) -> Unit:
    """Put a unit in use into another building of the same town, for a reason; it keeps its label and address code.

    `seen` is the `mark` of what the form showed; raises Conflict when it changed since, or when the unit is closed.
    Raises DomainError of the field `building_id`: where it is already, no building in use of the actor's, another town
    (whose votes count their own units), or one where the label is taken. Moving it back undoes it.
    """
    must(actor, Perm.AREA_MANAGE)
    # Before the unit, in the order in which an area that moves takes what is below it.
    building = _building(building_id)
    unit = _locked(actor, unit_id)
    _must_be_unchanged(unit, seen)
    _must(unit, closed=False)
    if building is None or building.kind != "building" or not can(actor, Perm.AREA_MANAGE, building):
        raise DomainError("no_building", _("请选择楼幢"), field="building_id")
    if building.id == unit.building_id:
        raise DomainError("not_moved", _("它本来就在这里"), field="building_id")
    if building.closed_at is not None or building.town_id != unit.town_id:
        raise DomainError("other_town", _("只能移到同一镇街里在用的楼幢"), field="building_id")
    why, before, left = policies.check_why(reason), _fields(unit), unit.scope_path
    _must_be_free(
        Unit(id=unit.id, building_id=building.id, label=unit.label, address_code=None), label_field="building_id"
    )
    unit.building_id, unit.scope_path = building.id, building.path
    session().flush()
    _record(actor, "unit_move", unit, before, reason=why, details={"from": left, "to": unit.scope_path})
    return unit


def close_unit(actor: Actor, unit_id: int) -> Unit:
    """Close a unit: pulled down, or joined to another. Raises Conflict when it is closed already."""
    unit = _locked(actor, unit_id)
    _must(unit, closed=False)
    before = _fields(unit)
    unit.closed_at = clock.now()
    session().flush()
    _record(actor, "unit_close", unit, before)
    return unit


def reopen_unit(actor: Actor, unit_id: int) -> Unit:
    """Open a closed unit again. Raises Conflict when it is not closed."""
    unit = _locked(actor, unit_id)
    _must(unit, closed=True)
    before = _fields(unit)
    unit.closed_at = None
    session().flush()
    _record(actor, "unit_reopen", unit, before)
    return unit


def mark(unit: Unit) -> str:
    """Return a short mark of what a form shows of the unit: it changes when anything of it does."""
    return hashlib.sha256(repr(sorted(_fields(unit).items())).encode()).hexdigest()[:16]


def _building(building_id: int | None) -> Area | None:
    """Return a building, locked: nobody closes or moves it while a unit is put there."""
    wanted = locking(select(Area).where(Area.id == building_id)).execution_options(populate_existing=True)
    return session().scalar(wanted) if building_id else None


def _locked(actor: Actor, unit_id: int) -> Unit:
    must(actor, Perm.AREA_MANAGE)
    wanted = locking(select(Unit).where(Unit.id == unit_id)).execution_options(populate_existing=True)
    unit = session().scalar(wanted)
    if unit is None:
        raise NotFound
    must(actor, Perm.AREA_MANAGE, unit)
    return unit


def _must(unit: Unit, *, closed: bool) -> None:
    if (unit.closed_at is not None) != closed:
        raise Conflict("unit_state", _("它的状态刚才变了"), next_step=_("请刷新页面看现在的状态。"))


def _must_be_unchanged(unit: Unit, seen: str) -> None:
    if seen != mark(unit):
        raise Conflict("unit_changed", _("您打开这一页之后，它被别人改过了"), next_step=_("请重新打开再改。"))


def _must_be_free(unit: Unit, *, label_field: str = "label") -> None:
    others = select(Unit.id).where(Unit.id != (unit.id or 0))
    if session().scalar(others.where(Unit.building_id == unit.building_id, Unit.label == unit.label).limit(1)):
        raise _label_taken(label_field)
    if unit.address_code and session().scalar(others.where(Unit.address_code == unit.address_code).limit(1)):
        raise _address_taken()


def _fields(unit: Unit) -> dict[str, Any]:
    # Two decimals whatever the engine keeps: SQLite gives 89.5 where PostgreSQL gives 89.50.
    area = None if unit.area_m2 is None else f"{unit.area_m2:.2f}"
    return {
        "building_id": unit.building_id,
        "label": unit.label,
        "area_m2": area,
        "address_code": unit.address_code,
        "closed_at": unit.closed_at,
    }


def _record(
    actor: Actor,
    verb: str,
    unit: Unit,
    before: dict[str, Any] | None = None,
    *,
    reason: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor,
        f"places.{verb}",
        "unit",
        unit.id,
        scope_path=unit.scope_path,
        reason=reason,
        before=before,
        after=_fields(unit),
        details=details,
    )
