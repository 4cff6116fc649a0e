"""Tables of units: flats and shops of buildings that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import insert, or_, select, tuple_, update

from community.core.db import session
from community.core.errors import DomainError
from community.core.ids import new_id
from community.places import policies
from community.places.imports.cells import Cells, Draft
from community.places.imports.known import Areas, Found
from community.places.imports.plans import Plan, Scope, Step, chunks
from community.places.models import Unit

_UNIT = Unit.__table__.c
_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Flat:
    """A row of a table, read."""

    building: Found
    label: str
    area_m2: Decimal | None
    address_code: str | None

    @property
    def key(self) -> _Key:
        return self.building.id, self.label


@dataclass(frozen=True, slots=True)
class _Stored:
    """A unit as it is."""

    id: int
    building_id: int
    label: str
    area_m2: Decimal | None
    address_code: str | None
    closed: bool


def check(drafts: Sequence[Draft], scope: Scope) -> Plan:
    """Return what the rows would do in the buildings of `scope`."""
    known = Areas(draft.values.get("building", "").strip() for draft in drafts)
    read = [(cells := Cells("units", draft), _flat(cells, known, scope)) for draft in drafts]
    stored = _Units([flat for _cells, flat in read if flat])
    plan, lines = Plan(), _Lines()
    for cells, flat in read:
        if flat is not None:
            lines.note(cells, flat)
        step = _step(cells, flat, stored) if flat is not None and not cells.problems else None
        if cells.problems or step is None:
            plan.problems += cells.problems
        else:
            plan.steps.append(step)
    return plan


def _flat(cells: Cells, known: Areas, scope: Scope) -> _Flat | None:
    building = known.named(cells, "building", cells.code("building", policies.CODE_LONGEST), scope)
    if building is not None and building.kind != "building":
        cells.bad("building", "building")
    label = cells.line("label", policies.LABEL_LONGEST, needed=True)
    address_code = cells.code("address_code", policies.ADDRESS_CODE_LONGEST, needed=False)
    if address_code and "address_code" in cells.draft.numbers and not cells.problems_at("address_code"):
        cells.bad("address_code", "code_number")
    try:
        area_m2 = policies.check_m2(cells.draft.values.get("area_m2", ""))
    except DomainError:
        cells.bad("area_m2", "area_m2")
        area_m2 = None
    if building is None or cells.problems:
        return None
    return _Flat(building, label, area_m2, address_code or None)


class _Lines:
    """Where in the table a unit and an address code stood first."""

    def __init__(self) -> None:
        self._units: dict[_Key, int] = {}
        self._codes: dict[str, int] = {}

    def note(self, cells: Cells, flat: _Flat) -> None:
        line = self._units.setdefault(flat.key, cells.draft.line)
        if line != cells.draft.line:
            cells.bad("label", "twice", line=line)
        elif flat.address_code:
            line = self._codes.setdefault(flat.address_code, cells.draft.line)
            if line != cells.draft.line:
                cells.bad("address_code", "twice", line=line)


class _Units:
    """The stored units that a table's rows may mean, by building and label and by address code."""

    def __init__(self, flats: Sequence[_Flat]) -> None:
        self.by_key: dict[_Key, _Stored] = {}
        self.by_code: dict[str, _Stored] = {}
        for part in chunks(flats):
            keys = tuple_(_UNIT.building_id, _UNIT.label).in_([flat.key for flat in part])
            codes = _UNIT.address_code.in_([flat.address_code for flat in part if flat.address_code])
            columns = (_UNIT.id, _UNIT.building_id, _UNIT.label, _UNIT.area_m2, _UNIT.address_code, _UNIT.closed_at)
            for row in session().execute(select(*columns).where(or_(keys, codes))):
                unit = _Stored(row.id, row.building_id, row.label, row.area_m2, row.address_code, bool(row.closed_at))
                self.by_key[unit.building_id, unit.label] = unit
                if unit.address_code:
                    self.by_code[unit.address_code] = unit


def _step(cells: Cells, flat: _Flat, stored: _Units) -> Step | None:
    existing = stored.by_key.get(flat.key)
    holder = stored.by_code.get(flat.address_code) if flat.address_code else None
    if holder is not None and holder is not existing:
        cells.bad("address_code", "code_elsewhere", found=holder.label)
        return None
    if existing is None:
        building = flat.building
        placed = {"id": new_id(), "building_id": building.id, "town_id": building.town_id, "scope_path": building.path}
        written = {"label": flat.label, "area_m2": flat.area_m2, "address_code": flat.address_code}
        return Step(cells.draft.line, "new", placed | written)
    if existing.closed:
        cells.bad("label", "closed")
        return None
    changed = {
        key: value
        for key, value in (("area_m2", flat.area_m2), ("address_code", flat.address_code))
        if cells.has(key) and value != getattr(existing, key)
    }
    return Step(cells.draft.line, "changed" if changed else "same", changed, existing.id)


def apply(plan: Plan) -> None:
    """Write what the plan says."""
    new = [step.values for step in plan.of("new")]
    if new:
        session().execute(insert(Unit), new)
    for step in plan.of("changed"):
        session().execute(
            update(Unit).where(Unit.id == step.row_id).values(step.values).execution_options(synchronize_session=False)
        )
