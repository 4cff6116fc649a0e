"""The area tree and its units as the desk walks them: a page at a time, each as fast with millions of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select

from community.core.authz import Actor, Perm, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.places.models import Area, Post, Unit
from community.places.policies import BELOW
from community.places.queries import by_path, village_path

PAGE = 100
_MOST_PARENTS = 400
# So many areas of one name are looked into; who means one of more says its town too.
_MOST_NAMESAKES = 60


@dataclass(frozen=True, slots=True)
class Children:
    """Up to PAGE areas right below one, closed ones among them; `next_code` is the last one's when more follow."""

    areas: Sequence[Area]
    next_code: str | None


@dataclass(frozen=True, slots=True)
class Units:
    """Up to PAGE units of a building in the order of their labels; `next_label` is the last one's when more follow."""

    units: Sequence[Unit]
    next_label: str | None


@dataclass(frozen=True, slots=True)
class OpenPost:
    """A post where anyone may check in, and the name of the community it stands in."""

    post: Post
    place: str


def children(actor: Actor, parent: Area, after: str = "") -> Children:
    """Return the areas right below `parent` behind the code `after`."""
    must(actor, Perm.AREA_READ, parent)
    wanted = select(Area).where(Area.parent_id == parent.id, visible(actor, Perm.AREA_READ, Area))
    if after:
        wanted = wanted.where(Area.code > after)
    found = session().scalars(wanted.order_by(Area.code).limit(PAGE + 1)).all()
    return Children(found[:PAGE], found[PAGE - 1].code if len(found) > PAGE else None)


def child_counts(areas: Sequence[Area]) -> dict[int, int]:
    """Return area id → how many open areas lie right below it; areas without any are left out."""
    parents = [area.id for area in areas]
    counted = (
        select(Area.parent_id, func.count())
        .where(Area.parent_id.in_(parents), Area.closed_at.is_(None))
        .group_by(Area.parent_id)
    )
    return {parent_id: count for parent_id, count in session().execute(counted) if parent_id is not None}


def unit_counts(areas: Sequence[Area]) -> dict[int, int]:
    """Return building id → how many units in use it has; other areas, and buildings without any, are left out."""
    buildings = [area.id for area in areas if area.kind == "building"]
    counted = (
        select(Unit.building_id, func.count())
        .where(Unit.building_id.in_(buildings), Unit.closed_at.is_(None))
        .group_by(Unit.building_id)
    )
    return {row[0]: row[1] for row in session().execute(counted)}


def units(actor: Actor, building: Area, *, after: str = "", search: str = "") -> Units:
    """Return the units of a building behind the label `after`, those whose label begins with `search`."""
    must(actor, Perm.AREA_READ, building)
    wanted = select(Unit).where(Unit.building_id == building.id)
    if search:
        wanted = wanted.where(Unit.label.startswith(search, autoescape=True))
    if after:
        wanted = wanted.where(Unit.label > after)
    found = session().scalars(wanted.order_by(Unit.label).limit(PAGE + 1)).all()
    return Units(found[:PAGE], found[PAGE - 1].label if len(found) > PAGE else None)


def kept_area(actor: Actor, area_id: int) -> Area:
    """Return an area below which the actor may put things; raises NotFound for any other."""
    return _area(actor, area_id, Perm.AREA_MANAGE)


def read_area(actor: Actor, area_id: int) -> Area:
    """Return an area that the actor may read; raises NotFound for any other."""
    return _area(actor, area_id, Perm.AREA_READ)


def open_posts(text: str, limit: int) -> Sequence[OpenPost]:
    """Return posts in use where anyone may check in, for everybody to find: every word of `text` in the post's name or
    spot or in the name of its grid, community, town or district, by name."""
    wanted = select(Post).where(Post.open_to == "anyone", Post.state == "active")
    for word in text.split():
        named = Area.name.icontains(word, autoescape=True), Area.kind != "building", Area.closed_at.is_(None)
        paths = session().scalars(select(Area.path).where(*named).order_by(Area.path).limit(_MOST_NAMESAKES)).all()
        own = (column.icontains(word, autoescape=True) for column in (Post.name, Post.spot))
        wanted = wanted.where(or_(*own, under(Post.scope_path, tuple(paths))))
    found = session().scalars(wanted.order_by(Post.name, Post.id).limit(limit)).all()
    areas = by_path(village_path(post.scope_path) for post in found)
    return [
        OpenPost(post, areas[path].name if (path := village_path(post.scope_path)) in areas else "") for post in found
    ]


def _area(actor: Actor, area_id: int, perm: Perm) -> Area:
    area = session().get(Area, area_id)
    if area is None:
        raise NotFound
    must(actor, perm, area)
    return area


def building_of(actor: Actor, address_code: str) -> Area | None:
    """Return the building of the unit with this address code, None for an unknown one and one out of reach."""
    wanted = select(Unit).where(Unit.address_code == address_code, visible(actor, Perm.AREA_READ, Unit))
    unit = session().scalar(wanted)
    return session().get(Area, unit.building_id) if unit else None


def unit_for(actor: Actor, unit_id: int) -> Unit:
    """Return the unit; raises NotFound for an unknown one and for one outside the actor's areas."""
    unit = session().get(Unit, unit_id)
    if unit is None:
        raise NotFound
    must(actor, Perm.AREA_MANAGE, unit)
    return unit


def buildings_for(actor: Actor, unit: Unit) -> Sequence[Area]:
    """Return the buildings in use of the unit's town into which the actor may move it, those of its own community
    first, at most a list's length of them."""
    wanted = select(Area).where(
        visible(actor, Perm.AREA_MANAGE, Area),
        Area.kind == "building",
        Area.town_id == unit.town_id,
        Area.id != unit.building_id,
        Area.closed_at.is_(None),
    )
    near = case((under(Area.path, (village_path(unit.scope_path),)), 0), else_=1)
    return session().scalars(wanted.order_by(near, Area.path).limit(_MOST_PARENTS)).all()


def parents_for(actor: Actor, area: Area) -> Sequence[Area]:
    """Return the open areas under which `area` may lie and that the actor keeps, at most a list's length of them."""
    kinds = [kind for kind, below in BELOW.items() if area.kind in below]
    wanted = select(Area).where(visible(actor, Perm.AREA_MANAGE, Area), Area.kind.in_(kinds), Area.closed_at.is_(None))
    return session().scalars(wanted.order_by(Area.path).limit(_MOST_PARENTS)).all()
