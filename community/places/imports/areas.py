"""Tables of areas and of buildings: checked row by row, parents before children, whatever their order in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, update

from community.core.db import session
from community.core.ids import new_id
from community.places import policies
from community.places.imports.cells import Cells, Draft
from community.places.imports.known import Areas, Found
from community.places.imports.plans import Plan, Scope, Step
from community.places.models import AREA_KINDS, Area

_WRITTEN = ("name", "title", "population", "phone")


def ordered(kind: str, drafts: Sequence[Draft]) -> list[Draft]:
    """Return the rows with parents before their children."""
    if kind == "buildings":
        return list(drafts)
    return sorted(drafts, key=_rank)


def _rank(draft: Draft) -> int:
    cells = Cells("areas", draft)
    level = cells.word("kind", "area_kind")
    return AREA_KINDS.index(level) if level else len(AREA_KINDS)


def check(kind: str, drafts: Sequence[Draft], scope: Scope) -> Plan:
    """Return what the rows (in the order of `ordered`) would do below the area of `scope`."""
    known = Areas(draft.values.get(key, "").strip() for draft in drafts for key in ("code", "parent"))
    plan = Plan()
    lines: dict[str, int] = {}
    for draft in drafts:
        cells = Cells(kind, draft)
        step = _step(cells, known, scope, lines)
        if cells.problems or step is None:
            plan.problems += cells.problems
        else:
            plan.steps.append(step)
    return plan


def _step(cells: Cells, known: Areas, scope: Scope, lines: dict[str, int]) -> Step | None:
    code = cells.code("code", policies.CODE_LONGEST)
    level = "building" if cells.kind == "buildings" else cells.word("kind", "area_kind")
    values: dict[str, Any] = {
        "name": cells.line("name", policies.AREA_NAME_LONGEST, needed=True),
        "title": cells.line("title", policies.TITLE_LONGEST),
        "population": cells.whole("population", "population", 0, policies.MOST_PEOPLE),
        "phone": _phone(cells),
    }
    parent = known.named(cells, "parent", cells.code("parent", policies.CODE_LONGEST), scope)
    if code.lower() in lines and code:
        cells.bad("code", "twice", line=lines[code.lower()])
    lines.setdefault(code.lower(), cells.draft.line)
    if parent is not None and level and level not in policies.BELOW[parent.kind]:
        cells.bad("parent", "nesting")
    if cells.problems or parent is None:
        return None
    existing = known.get(code)
    return _new(cells, known, code, level, parent, values) if existing is None else _old(
        cells, existing, level, parent, values, scope
    )  # fmt: skip


def _phone(cells: Cells) -> str | None:
    phone = cells.line("phone", policies.PHONE_LONGEST)
    if phone and not cells.problems_at("phone") and not policies.is_phone(phone):
        cells.bad("phone", "phone")
    return phone or None


def _new(cells: Cells, known: Areas, code: str, level: str, parent: Found, values: dict[str, Any]) -> Step | None:
    lost = known.zeros_lost(code)
    path = f"{parent.path}{code}/"
    if lost is not None:
        cells.bad("code", "lost_zeros", found=lost)
    elif "code" in cells.draft.numbers and not code.startswith(parent.code):
        cells.bad("code", "code_number")
    elif len(path) > policies.PATH_LONGEST:
        cells.bad("code", "long", most=policies.CODE_LONGEST)
    if cells.problems:
        return None
    own_id = new_id()
    town_id = own_id if level == "town" else parent.town_id
    known.add(Found(own_id, code, level, path, town_id, parent_id=parent.id))
    placed = {"id": own_id, "code": code, "kind": level, "parent_id": parent.id, "town_id": town_id, "path": path}
    return Step(cells.draft.line, "new", placed | values | {"title": values["title"] or ""})


def _old(cells: Cells, existing: Found, level: str, parent: Found, values: dict[str, Any], scope: Scope) -> Step | None:
    if not scope.holds(existing.path) or existing.path == scope.path:
        cells.bad("code", "outside")
    elif existing.kind != level:
        cells.bad("code", "level")
    elif existing.parent_id != parent.id:
        cells.bad("parent", "parent_other", found=existing.path.strip("/").split("/")[-2])
    elif existing.closed:
        cells.bad("code", "closed")
    if cells.problems:
        return None
    changed = {key: values[key] for key in _WRITTEN if cells.has(key) and values[key] != getattr(existing, key)}
    return Step(cells.draft.line, "changed" if changed else "same", changed, existing.id)


def apply(plan: Plan) -> None:
    """Write what the plan says."""
    new = [step.values for step in plan.of("new")]
    if new:
        session().execute(insert(Area), new)
    for step in plan.of("changed"):
        session().execute(
            update(Area).where(Area.id == step.row_id).values(step.values).execution_options(synchronize_session=False)
        )
