"""Reads of areas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from community.core.authz import under
from community.core.db import session
from community.places.models import Area


def area(area_id: int) -> Area | None:
    """Return the area, or None."""
    return session().get(Area, area_id)


def children(parent_id: int) -> Sequence[Area]:
    """Return the areas right below one, in the order of their codes."""
    return session().scalars(select(Area).where(Area.parent_id == parent_id).order_by(Area.code)).all()


def within(kind: str, *paths: str) -> Sequence[Area]:
    """Return the areas of `kind` that lie at or below one of `paths` (everywhere without one), in the order of codes."""
    wanted = select(Area).where(Area.kind == kind).order_by(Area.path)
    return session().scalars(wanted.where(under(Area.path, paths)) if paths else wanted).all()


def by_path(paths: Iterable[str]) -> dict[str, Area]:
    """Return the areas at `paths`, by path; a path that leads nowhere is left out."""
    wanted = sorted({path for path in paths if path})
    if not wanted:
        return {}
    return {found.path: found for found in session().scalars(select(Area).where(Area.path.in_(wanted)))}


def names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return area id → name for the areas among `ids`, in one statement."""
    wanted = sorted({area_id for area_id in ids if area_id})
    if not wanted:
        return {}
    rows = session().execute(select(Area.id, Area.name).where(Area.id.in_(wanted)))
    return {row.id: row.name for row in rows}
