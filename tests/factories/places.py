"""Areas and posts. Call inside `with transaction():`."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from community.core import clock
from community.core.db import session
from community.core.ids import new_code
from community.places.models import Area, ImportRun, Post, PostPrint, Unit

_numbers = itertools.count(1)


def make_area(kind: str, name: str, parent: Area | None = None, **overrides: Any) -> Area:
    """A node below `parent`; a town is its own town."""
    code = overrides.pop("code", None) or f"{kind[:2]}{new_code(6)}"
    area = Area(
        kind=kind,
        name=name,
        code=code,
        title=overrides.pop("title", ""),
        parent_id=parent.id if parent else None,
        path=f"{parent.path if parent else ''}{code}/",
        **overrides,
    )
    session().add(area)
    session().flush()
    if kind != "district":
        area.town_id = area.id if kind == "town" else (parent.town_id if parent else None)
    session().flush()
    return area


def make_town(name: str = "白塘街道", district: Area | None = None) -> Area:
    """A town in `district` (a new one by default)."""
    return make_area("town", name, district or make_area("district", "沥江区"), title="街道")


def make_village(town: Area | None = None, name: str = "晚潮社区") -> Area:
    """A community in `town` (a new one by default)."""
    return make_area("village", name, town or make_town(), title="社区")


def make_post(area: Area | None = None, **overrides: Any) -> Post:
    """A patrol post in `area` (a new community by default), at 30.2 N 120.3 E."""
    area = area or make_village()
    assert area.town_id
    fields: dict[str, Any] = {
        "number": f"T-{next(_numbers):03d}",
        "name": "晚潮苑南门岗",
        "code8": new_code(),
        "kind": "patrol",
        "lat": 30.2,
        "lon": 120.3,
        "radius_m": 150,
        "open_to": "volunteers",
        "state": "active",
        "created_at": clock.now(),
    }
    post = Post(area_id=area.id, town_id=area.town_id, scope_path=area.path, **(fields | overrides))
    session().add(post)
    session().flush()
    return post


def make_print(post: Post, generation: int = 1, **overrides: Any) -> PostPrint:
    """A generation of the post's sign, printed now by nobody's id 1 with the key named "a"."""
    fields: dict[str, Any] = {"kid": "a", "typed_code": new_code(), "printed_by": 1, "printed_at": clock.now()}
    sign = PostPrint(post_id=post.id, generation=generation, **(fields | overrides))
    session().add(sign)
    session().flush()
    return sign


def make_unit(building: Area, label: str = "2-301", **overrides: Any) -> Unit:
    """A unit of `building`, 89.5 m²."""
    fields: dict[str, Any] = {"area_m2": Decimal("89.50"), "address_code": None}
    unit = Unit(
        building_id=building.id, town_id=building.town_id, scope_path=building.path, label=label, **(fields | overrides)
    )
    session().add(unit)
    session().flush()
    return unit


def make_run(area: Area, **overrides: Any) -> ImportRun:
    """A checked table of no rows for `area`, brought by nobody's id 1."""
    fields: dict[str, Any] = {"kind": "posts", "file_name": "posts.csv", "state": "checked", "made_by": 1}
    run = ImportRun(area_id=area.id, scope_path=area.path, created_at=clock.now(), **(fields | overrides))
    session().add(run)
    session().flush()
    return run
