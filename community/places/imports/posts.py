"""Tables of posts: set up without a sign, changed, or moved, which asks for a new sign."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, tuple_, update

from community.core import clock
from community.core.db import session
from community.core.ids import new_code, new_id
from community.places import geo, policies
from community.places.imports.around import Around, was
from community.places.imports.cells import Cells, Draft
from community.places.imports.known import Areas, Found
from community.places.imports.plans import Plan, Scope, Step, chunks
from community.places.models import Post

_POST = Post.__table__.c
_WRITTEN = ("name", "kind", "open_to", "radius_m", "spot")
_PLACE = ("area_id", "scope_path", "lat", "lon")
_DECIMALS = 7


@dataclass(frozen=True, slots=True)
class _Read:
    """A row of a table, read: the post's area and town, its number, and its columns."""

    area: Found
    town_id: int
    number: str
    values: dict[str, Any]


def check(drafts: Sequence[Draft], scope: Scope) -> Plan:
    """Return what the rows would do in the area of `scope`."""
    known = Areas(draft.values.get("area", "").strip() for draft in drafts)
    around = _around(known, drafts)
    read = [(cells := Cells("posts", draft), _read(cells, known, scope, around)) for draft in drafts]
    for _cells, one in read:
        if one is not None:
            around.add_place(one.town_id, *(one.values[key] for key in _PLACE[1:]))
    stored = _stored([(one.town_id, one.number) for _cells, one in read if one])
    plan = Plan()
    lines: dict[tuple[int, str], int] = {}
    for cells, one in read:
        step = None
        if one is not None:
            line = lines.setdefault((one.town_id, one.number), cells.draft.line)
            if line != cells.draft.line:
                cells.bad("number", "twice", line=line)
            else:
                step = _step(cells, one, stored.get((one.town_id, one.number)), scope)
        if cells.problems or one is None or step is None:
            plan.problems += cells.problems
        else:
            _ask(cells, one, step, around)
            plan.doubts += cells.doubts
            plan.steps.append(step)
    return plan


def _around(known: Areas, drafts: Sequence[Draft]) -> Around:
    around = Around(known.towns())
    for draft in drafts:
        area = known.get(draft.values.get("area", "").strip())
        if area is not None and area.town_id is not None and not was(draft.values.get("number", "")):
            around.add_number(area.town_id, draft.values.get("number", ""))
    return around


def _ask(cells: Cells, one: _Read, step: Step, around: Around) -> None:
    padded = around.padded(one.town_id, one.number)
    if step.action == "new" and padded is not None:
        cells.doubt("number", "zeros", found=padded)
    if "lat" in step.values:
        lat, lon = step.values["lat"], step.values["lon"]
        away = around.far(one.town_id, one.area.path, lat, lon)
        if away is not None:
            cells.doubt("lat", "far", km=away)
        elif not geo.in_box(lat, lon):
            cells.doubt("lat", "abroad")


def _read(cells: Cells, known: Areas, scope: Scope, around: Around) -> _Read | None:
    area = known.named(cells, "area", cells.code("area", policies.CODE_LONGEST), scope)
    if area is not None and area.town_id is None:
        cells.bad("area", "no_town")
    number = _number(cells, area, around)
    values = {
        "name": cells.line("name", policies.NAME_LONGEST, needed=True),
        "spot": cells.line("spot", policies.SPOT_LONGEST),
        "kind": cells.word("kind", "post_kind", "patrol"),
        "open_to": cells.word("open_to", "open_to", "volunteers"),
        "radius_m": cells.whole("radius_m", "radius", *policies.RADIUS) or 150,
    }
    where = _position(cells)
    if area is None or area.town_id is None or where is None or cells.problems:
        return None
    values |= {"area_id": area.id, "scope_path": area.path, "lat": where[0], "lon": where[1]}
    return _Read(area, area.town_id, number, values)


def _number(cells: Cells, area: Found | None, around: Around) -> str:
    """Read the number; what a spreadsheet has made of it is named, with what it may have been."""
    town_id = area.town_id if area else None
    spoiled = was(cells.draft.values.get("number", ""))
    if spoiled is not None:
        found = around.padded(town_id, spoiled) if town_id else None
        cells.bad("number", "date", found=found or spoiled)
        return ""
    number = cells.code("number", policies.NUMBER_LONGEST).upper()
    if number and "number" in cells.draft.numbers and not cells.problems_at("number"):
        found = around.padded(town_id, number) if town_id else None
        cells.bad("number", "lost_zeros" if found else "code_number", **({"found": found} if found else {}))
    return number


def _position(cells: Cells) -> tuple[float, float] | None:
    crs = cells.word("crs", "crs", "wgs84")
    lat, lon = _degrees(cells, "lat"), _degrees(cells, "lon")
    if lat is None or lon is None:
        return None
    if not geo.on_globe(lat, lon):
        cells.bad("lat", "swapped" if geo.on_globe(lon, lat) else "position")
        return None
    if not geo.in_box(lat, lon) and geo.in_box(lon, lat):
        cells.bad("lat", "swapped")
        return None
    lat, lon = geo.to_wgs84(lat, lon, crs or "wgs84")
    return round(lat, _DECIMALS), round(lon, _DECIMALS)


def _degrees(cells: Cells, key: str) -> float | None:
    text = unicodedata.normalize("NFKC", cells.draft.values.get(key, "")).strip()
    if not text:
        cells.bad(key, "empty")
        return None
    try:
        return float(text) if len(text) < 30 and "_" not in text else _no_number()
    except ValueError:
        cells.bad(key, "position")
        return None


def _no_number() -> float:
    raise ValueError


def _stored(keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Row[Any]]:
    found: dict[tuple[int, str], Row[Any]] = {}
    columns = (_POST.id, _POST.town_id, _POST.number, _POST.state, *(_POST[key] for key in (*_WRITTEN, *_PLACE)))
    for part in chunks(keys):
        wanted = select(*columns).where(tuple_(_POST.town_id, _POST.number).in_(part))
        found |= {(row.town_id, row.number): row for row in session().execute(wanted)}
    return found


def _step(cells: Cells, one: _Read, existing: Row[Any] | None, scope: Scope) -> Step | None:
    if existing is None:
        placed = {"id": new_id(), "town_id": one.town_id, "number": one.number}
        return Step(cells.draft.line, "new", placed | one.values)
    if not scope.holds(existing.scope_path):
        cells.bad("number", "outside")
    elif existing.state == "retired":
        cells.bad("number", "retired")
    if cells.problems:
        return None
    changed = {key: one.values[key] for key in _WRITTEN if cells.has(key) and one.values[key] != getattr(existing, key)}
    if _place(one.values) != _place(existing._mapping):
        changed |= {key: one.values[key] for key in _PLACE}
    return Step(cells.draft.line, "changed" if changed else "same", changed, existing.id)


def _place(values: Any) -> tuple[Any, ...]:
    return values["area_id"], round(values["lat"], _DECIMALS), round(values["lon"], _DECIMALS)


def apply(plan: Plan) -> None:
    """Write what the plan says; a moved post's signs count as hanging in the old place from now on."""
    now = clock.now()
    new = [step.values | {"code8": new_code(), "state": "active", "created_at": now} for step in plan.of("new")]
    if new:
        session().execute(insert(Post), new)
    for step in plan.of("changed"):
        values = step.values | ({"moved_at": now} if "lat" in step.values else {})
        session().execute(
            update(Post).where(Post.id == step.row_id).values(values).execution_options(synchronize_session=False)
        )
