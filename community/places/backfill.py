"""Write many areas and posts at once, as an import does: no event and no message for each, one command for all."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import insert, select, update

from community.core.authz import Actor, must_be_system
from community.core.config import settings
from community.core.db import session
from community.core.ids import new_code, new_id
from community.places.models import Area, ImportRun, Post, PostPrint, Unit


@dataclass(frozen=True, slots=True)
class NewArea:
    """An area by its codes; parents come before their children."""

    code: str
    kind: str
    title: str
    name: str
    parent_code: str | None
    path: str
    population: int | None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post and the day it was put up; its first sign was printed by `printed_by`, a member's id."""

    area_code: str
    number: str
    name: str
    kind: str
    lat: float
    lon: float
    radius_m: int
    open_to: str
    state: str
    created_at: dt.datetime
    printed_by: int
    spot: str = ""
    state_why: str | None = None


@dataclass(frozen=True, slots=True)
class HungSign:
    """A printed sign that somebody put up: `by` a member's id, `photo` the picture's."""

    print_id: int
    by: int
    at: dt.datetime
    photo: uuid.UUID


@dataclass(frozen=True, slots=True)
class AreaRef:
    """What other rooms store of an area. `town_id` is None for the district alone."""

    id: int
    path: str
    town_id: int | None


@dataclass(frozen=True, slots=True)
class PostRef:
    """What other rooms store of a post."""

    id: int
    print_id: int
    town_id: int
    scope_path: str


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A flat or shop of a building."""

    building_code: str
    label: str
    area_m2: Decimal
    address_code: str


@dataclass(frozen=True, slots=True)
class PastImport:
    """A table of units that somebody (`made_by`, a member's id) once took in, all rows new."""

    area_code: str
    file_name: str
    rows: int
    made_by: int
    at: dt.datetime


def is_empty(actor: Actor) -> bool:
    """Say whether no area is stored at all."""
    must_be_system(actor)
    return session().execute(select(Area.id).limit(1)).first() is None


def add_areas(actor: Actor, areas: Iterable[NewArea]) -> dict[str, AreaRef]:
    """Write areas and return them by code. Raises KeyError when a child comes before its parent."""
    must_be_system(actor)
    made: dict[str, AreaRef] = {}
    rows = []
    for area in areas:
        own_id = new_id()
        parent = made[area.parent_code] if area.parent_code is not None else None
        town_id = own_id if area.kind == "town" else parent.town_id if parent else None
        made[area.code] = AreaRef(own_id, area.path, town_id)
        rows.append(
            {
                "id": own_id,
                "kind": area.kind,
                "title": area.title,
                "code": area.code,
                "name": area.name,
                "parent_id": parent.id if parent else None,
                "town_id": town_id,
                "path": area.path,
                "population": area.population,
                "phone": area.phone,
            }
        )
    if rows:
        session().execute(insert(Area), rows)
    return made


def add_posts(actor: Actor, posts: Sequence[NewPost], *, areas: dict[str, AreaRef]) -> list[PostRef]:
    """Write posts, each with its first printed generation, and return them in the same order.

    Raises KeyError for an area that `areas` does not hold, ValueError for a post that lies in no town.
    """
    must_be_system(actor)
    kid = settings().need_secrets().signing.newest.kid
    made, rows, prints = [], [], []
    for post in posts:
        area = areas[post.area_code]
        if area.town_id is None:
            raise ValueError(f"{post.name} lies in no town")
        ref = PostRef(new_id(), new_id(), area.town_id, area.path)
        made.append(ref)
        rows.append(
            {
                "id": ref.id,
                "area_id": area.id,
                "town_id": ref.town_id,
                "scope_path": ref.scope_path,
                "number": post.number,
                "name": post.name,
                "code8": new_code(),
                "kind": post.kind,
                "lat": post.lat,
                "lon": post.lon,
                "radius_m": post.radius_m,
                "open_to": post.open_to,
                "state": post.state,
                "state_why": post.state_why,
                "spot": post.spot,
                "created_at": post.created_at,
            }
        )
        prints.append(
            {
                "id": ref.print_id,
                "post_id": ref.id,
                "generation": 1,
                "kid": kid,
                "typed_code": new_code(),
                "printed_by": post.printed_by,
                "printed_at": post.created_at,
            }
        )
    if rows:
        session().execute(insert(Post), rows)
        session().execute(insert(PostPrint), prints)
    return made


def add_units(actor: Actor, units: Iterable[NewUnit], *, areas: dict[str, AreaRef]) -> int:
    """Write units and return how many. Raises KeyError for a building that `areas` does not hold."""
    must_be_system(actor)
    rows = [
        {
            "id": new_id(),
            "building_id": areas[unit.building_code].id,
            "town_id": areas[unit.building_code].town_id,
            "scope_path": areas[unit.building_code].path,
            "label": unit.label,
            "area_m2": unit.area_m2,
            "address_code": unit.address_code,
        }
        for unit in units
    ]
    if rows:
        session().execute(insert(Unit), rows)
    return len(rows)


def add_import(actor: Actor, past: PastImport, *, areas: dict[str, AreaRef]) -> None:
    """Write a finished run of an import. Raises KeyError for an area that `areas` does not hold."""
    must_be_system(actor)
    area = areas[past.area_code]
    session().add(
        ImportRun(
            kind="units",
            area_id=area.id,
            scope_path=area.path,
            file_name=past.file_name,
            encoding="gb18030",
            state="done",
            total=past.rows,
            done=past.rows,
            bad=0,
            counts={"new": past.rows, "changed": 0, "same": 0},
            made_by=past.made_by,
            created_at=past.at,
            started_at=past.at + dt.timedelta(minutes=2),
            finished_at=past.at + dt.timedelta(minutes=2, seconds=4),
        )
    )


def hang_signs(actor: Actor, hung: Sequence[HungSign]) -> None:
    """Note that these signs hang. Raises Forbidden for a person, whatever she holds."""
    must_be_system(actor)
    for one in hung:
        hanging = {"installed_at": one.at, "installed_by": one.by, "installed_photo": one.photo}
        session().execute(update(PostPrint).where(PostPrint.id == one.print_id).values(hanging))
