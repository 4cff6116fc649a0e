"""Reads for printing: which posts need a sign, what a run made, whose number stands on a sign, what one may print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, tuple_

from community.core.authz import Actor, Perm, must, under, visible
from community.core.config import settings
from community.core.db import session
from community.core.errors import NotFound
from community.places import queries
from community.places.models import Area, Post, PostPrint


@dataclass(frozen=True, slots=True)
class Printed:
    """A post with its valid sign."""

    post: Post
    sign: PostPrint


@dataclass(frozen=True, slots=True)
class PrintCounts:
    """Of an area's posts in use: how many there are, and how many wait for a sign."""

    posts: int
    needed: int


def in_order(wanted: Select[Any], behind: int) -> Select[Any]:
    """Return the select of posts in the order of their numbers, from behind the post `behind` (0: from the first)."""
    if behind:
        last = select(Post.number, Post.id).where(Post.id == behind).subquery()
        wanted = wanted.join(last, tuple_(Post.number, Post.id) > tuple_(last.c.number, last.c.id))
    return wanted.order_by(Post.number, Post.id)


def in_use(area: Area) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a post that can be printed for `area`: it lies there and people check in there."""
    return under(Post.scope_path, (area.path,)), Post.state == "active"


def wants_sign() -> ColumnElement[bool]:
    """Return the condition that a post should be printed: nothing valid hangs where it is, or its key is in grace."""
    ring = settings().need_secrets().signing
    good = [key.kid for key in ring.keys if key.state in {"active", "verify"}]
    valid = (PostPrint.post_id == Post.id) & PostPrint.retired_at.is_(None) & PostPrint.kid.in_(good)
    return ~exists().where(valid, or_(Post.moved_at.is_(None), PostPrint.printed_at >= Post.moved_at))


def counts(area: Area) -> PrintCounts:
    """Return how many active posts lie in the area and how many of them should be printed."""
    counted = select(func.count(), func.count().filter(wants_sign())).select_from(Post)
    row = session().execute(counted.where(*in_use(area))).one()
    return PrintCounts(row[0], row[1])


def printed(area: Area, at: dt.datetime | None, behind: int, limit: int) -> list[Printed]:
    """Return active posts of the area with their valid sign, in the order of their numbers, from behind a post.

    With `at` only signs made at that very instant, which is one run.
    """
    valid = (PostPrint.post_id == Post.id) & PostPrint.retired_at.is_(None)
    run = valid if at is None else valid & (PostPrint.printed_at == at)
    wanted = in_order(select(Post).where(*in_use(area), exists().where(run)), behind).limit(limit)
    posts: Sequence[Post] = session().scalars(wanted).all()
    of_them = PostPrint.post_id.in_([post.id for post in posts])
    signs = session().scalars(
        select(PostPrint).where(of_them, PostPrint.retired_at.is_(None)).order_by(PostPrint.generation)
    )
    newest = {sign.post_id: sign for sign in signs}
    return [Printed(post, newest[post.id]) for post in posts]


def phones(paths: Iterable[str]) -> dict[str, str]:
    """Return area path → the office's number that stands on signs there: the area's own, else that of one above it."""
    above = {path: _ways_up(path) for path in set(paths)}
    known = queries.by_path(up for ups in above.values() for up in ups)
    return {path: _first_phone(known[up] for up in ups if up in known) for path, ups in above.items()}


def _first_phone(areas: Iterable[Area]) -> str:
    return next((area.phone for area in areas if area.phone), "")


def _ways_up(path: str) -> list[str]:
    """The area's own path and those above it, the closest first."""
    codes = path.strip("/").split("/")
    return ["/".join(codes[:depth]) + "/" for depth in range(len(codes), 0, -1)]


def area_to_print(actor: Actor, code: str) -> Area:
    """Return the area with this code, whose signs the actor may print; raises NotFound for any other."""
    found = queries.area_by_code(code)
    if found is None:
        raise NotFound
    must(actor, Perm.POST_PRINT, found)
    return found


def areas_to_print(actor: Actor) -> Sequence[Area]:
    """Return the towns, villages and grids whose signs the actor may print, no more than fit a list."""
    wanted = select(Area).where(visible(actor, Perm.POST_PRINT, Area), Area.kind.in_(("town", "village", "grid")))
    return session().scalars(wanted.order_by(Area.path).limit(queries.CHOICES)).all()
