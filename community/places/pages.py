"""What the pages of posts show, made from rows: the choices of areas, whether a sign is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from community.core.authz import Actor
from community.core.db import session
from community.places import printing, queries, signs
from community.places.models import Area, Post, PostPrint
from community.places.printing import PrintCounts


@dataclass(frozen=True, slots=True)
class PrintRun:
    """What the page before printing an area shows: counts, the marks of the next batches, and what one run takes."""

    counts: PrintCounts
    once: int
    phone: str
    needed_now: int
    needed_mark: str
    all_now: int
    all_mark: str
    all_next: int | None
    sample: Post | None


def needs_sign(post: Post, signs: Sequence[PostPrint]) -> bool:
    """Say whether no valid sign hangs where the post is (`signs` newest first)."""
    valid = next((sign for sign in signs if sign.retired_at is None), None)
    return queries.PostLine(post, "", valid).needs_sign


def print_run(area: Area, behind: int) -> PrintRun:
    """Return what can be printed of an area in one go, behind the post `behind` for printing all of it anew."""
    counts = printing.counts(area)
    needed = session().scalars(signs.batch(area, "needed")).all()
    everything = session().scalars(signs.batch(area, "all", behind)).all()
    full = len(everything) == signs.RUN and counts.posts > signs.RUN
    return PrintRun(
        counts=counts,
        once=signs.RUN,
        phone=printing.phones([area.path])[area.path],
        needed_now=len(needed),
        needed_mark=signs.mark_of(needed),
        all_now=len(everything),
        all_mark=signs.mark_of(everything),
        all_next=everything[-1].id if full else None,
        sample=next(iter(everything), None),
    )


def print_choices(actor: Actor) -> list[tuple[str, str, int]]:
    """Return (code, label, number of posts) of the areas whose signs the actor may print and in which posts are."""
    areas = printing.areas_to_print(actor)
    labels, counts = dict(area_choices(areas)), queries.post_counts(areas)
    return [(area.code, labels[area.id], counts[area.id]) for area in areas if counts[area.id]]


def area_choices(areas: Sequence[Area]) -> list[tuple[int, str]]:
    """Return (id, label) of areas for a select; a label names what lies above as far as it is among `areas`."""
    by_path = {area.path: area.name for area in areas}
    return [(area.id, " / ".join(_names_above(area.path, by_path))) for area in areas]


def buildings_named(buildings: Sequence[Area]) -> list[tuple[int, str]]:
    """Return (id, label) of buildings for a select, in their order; a label names the community before the building."""
    villages = queries.by_path(queries.village_path(building.path) for building in buildings)
    named = {path: village.name for path, village in villages.items()}
    return [
        (building.id, " / ".join(_names_above(building.path, named | {building.path: building.name})))
        for building in buildings
    ]


def _names_above(path: str, by_path: dict[str, str]) -> list[str]:
    parts = path.strip("/").split("/")
    paths = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
    return [by_path[above] for above in paths if above in by_path]
