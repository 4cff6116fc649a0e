"""Areas by their codes, asked once for a whole table, and the codes that have lost their zeros."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from community.core.db import session
from community.places.imports.cells import Cells, with_zeros
from community.places.imports.plans import Scope, chunks
from community.places.models import Area

_AREA = Area.__table__.c


@dataclass(frozen=True, slots=True)
class Found:
    """What an import needs of an area; `id` is given beforehand to one that is yet to be written."""

    id: int
    code: str
    kind: str
    path: str
    town_id: int | None
    name: str = ""
    title: str = ""
    population: int | None = None
    phone: str | None = None
    parent_id: int | None = None
    closed: bool = False


class Areas:
    """The areas that a table names, by code without regard to case."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._found: dict[str, Found] = {}
        wanted = {code.lower() for code in codes if code}
        self._ask(wanted)
        self._ask({one for code in wanted - set(self._found) for one in with_zeros(code)})

    def get(self, code: str) -> Found | None:
        """Return the area with this code, None when there is none."""
        return self._found.get(code.lower())

    def add(self, area: Found) -> None:
        """Let an area of the same table count as known to the rows after it."""
        self._found[area.code.lower()] = area

    def towns(self) -> set[int]:
        """Return the towns that the areas lie in."""
        return {one.town_id for one in self._found.values() if one.town_id is not None}

    def zeros_lost(self, code: str) -> str | None:
        """Return the known code that `code` becomes with its leading zeros, None when there is none."""
        return next((self._found[one].code for one in with_zeros(code) if one in self._found), None)

    def named(self, cells: Cells, key: str, code: str, scope: Scope) -> Found | None:
        """Return the area that a cell refers to; one that is unknown, spoiled or out of reach becomes a problem."""
        if not code or cells.problems_at(key):
            return None
        found = self.get(code)
        if found is not None and scope.holds(found.path):
            if found.closed:
                cells.bad(key, "closed")
            return found
        lost = self.zeros_lost(code)
        if lost is not None and found is None:
            cells.bad(key, "lost_zeros", found=lost)
        else:
            cells.bad(key, "parent")
        return None

    def _ask(self, codes: Iterable[str]) -> None:
        for part in chunks(sorted(codes)):
            for row in session().execute(select(*_COLUMNS).where(func.lower(_AREA.code).in_(part))):
                self._found[row.code.lower()] = _found(row)


_COLUMNS = (
    _AREA.id,
    _AREA.code,
    _AREA.kind,
    _AREA.path,
    _AREA.town_id,
    _AREA.name,
    _AREA.title,
    _AREA.population,
    _AREA.phone,
    _AREA.parent_id,
    _AREA.closed_at,
)


def _found(row: Any) -> Found:
    fields = dict(row._mapping)
    closed = fields.pop("closed_at") is not None
    return Found(**fields, closed=closed)
