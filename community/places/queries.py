"""Reads of areas and posts. Other rooms join `POST` and `AREA` without seeing the models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, tuple_

from community.core.authz import Actor, Perm, can, must, under, visible
from community.core.config import settings
from community.core.db import session
from community.core.errors import NotFound
from community.places import geo
from community.places.models import Area, Post, PostPrint

# The tables as building blocks for joins of rooms above.
AREA = Area.__table__
POST = Post.__table__
# Levels of a path: district/town/village/grid/building/.
_VILLAGE_DEPTH = 3
PAGE = 50
# A filter beside the states of a post: its sign should be printed anew.
REPRINT = "reprint"
# A longer list is no choice any more: the page of areas leads to each one.
CHOICES = 400

# --- areas ---


def area(area_id: int) -> Area | None:
    """Return the area, or None."""
    return session().get(Area, area_id)


def area_by_code(code: str) -> Area | None:
    """Return the area with this code, or None."""
    return session().scalar(select(Area).where(Area.code == code))


def towns() -> Sequence[Area]:
    """Return all towns in the order of their codes."""
    return within("town")


def children(parent_id: int) -> Sequence[Area]:
    """Return the areas right below one, in the order of their codes."""
    return session().scalars(select(Area).where(Area.parent_id == parent_id).order_by(Area.code)).all()


def within(kind: str, *paths: str) -> Sequence[Area]:
    """Return the areas of `kind` at or below one of `paths` (everywhere without one), in the order of codes."""
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


def choices(paths: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (path, name) of the areas at or below one of `paths`, buildings left out, in the order of their paths."""
    wanted = select(Area.path, Area.name).where(under(Area.path, paths), Area.kind != "building")
    return [(row.path, row.name) for row in session().execute(wanted.order_by(Area.path).limit(CHOICES))]


def ancestors(path: str) -> Sequence[Area]:
    """Return the areas that `path` leads through, the district first, its own area last."""
    return session().scalars(select(Area).where(Area.path.in_(_steps(path))).order_by(Area.path)).all()


def place_line(path: str) -> str:
    """Return where something is as people say it, from the town down: "白塘街道 · 晚潮社区 · 晚潮第一网格"."""
    return place_lines([path])[path]


def place_lines(paths: Iterable[str]) -> dict[str, str]:
    """Return the same for many paths, by path, in one statement."""
    steps = {path: _steps(path) for path in paths}
    if not steps:
        return {}
    wanted = sorted({step for found in steps.values() for step in found})
    rows = session().execute(select(Area.path, Area.name).where(Area.path.in_(wanted), Area.kind != "district"))
    names = {row.path: row.name for row in rows}
    return {path: " · ".join(names[step] for step in found if step in names) for path, found in steps.items()}


def _steps(path: str) -> list[str]:
    codes = path.strip("/").split("/")
    return ["/".join(codes[: depth + 1]) + "/" for depth in range(len(codes))]


def village_path(path: str) -> str:
    """Return the path of the village that `path` lies in; of the town or district when it lies in no village."""
    return "/".join(path.strip("/").split("/")[:_VILLAGE_DEPTH]) + "/"


# --- posts, for other rooms ---


def post_name(post_id: int) -> str:
    """Return the name of the post, "" when there is none."""
    return session().scalar(select(Post.name).where(Post.id == post_id)) or ""


def post_names(ids: Iterable[int]) -> dict[int, str]:
    """Return post id → name for the posts among `ids`, in one statement."""
    rows = session().execute(select(Post.id, Post.name).where(Post.id.in_(sorted(set(ids)))))
    return {row.id: row.name for row in rows}


def posts(scope: str) -> Sequence[Post]:
    """Return the posts that can be used at or below the area path `scope`, in the order of their numbers."""
    wanted = select(Post).where(under(Post.scope_path, (scope,)), Post.state == "active")
    return session().scalars(wanted.order_by(Post.town_id, Post.number)).all()


@dataclass(frozen=True, slots=True)
class NearPost:
    """Another post to go to; `metres` rounded to 10."""

    post_id: int
    name: str
    number: str
    spot: str
    metres: int


def posts_near(post_id: int, limit: int = 3) -> list[NearPost]:
    """Return active posts with a valid sign in the same village, nearest first; empty for an unknown post."""
    here = session().get(Post, post_id)
    if here is None:
        return []
    others = session().execute(
        select(Post.id, Post.name, Post.number, Post.spot, Post.lat, Post.lon).where(
            under(Post.scope_path, (village_path(here.scope_path),)),
            Post.state == "active",
            _has_sign(),
        )
    )
    near = [
        NearPost(row.id, row.name, row.number, row.spot, _tens(geo.distance(here.lat, here.lon, row.lat, row.lon)))
        for row in others
    ]
    # The post itself comes first when it hangs under a newer sign.
    return sorted(near, key=lambda found: (found.metres, found.number))[:limit]


def _has_sign() -> ColumnElement[bool]:
    return exists().where(PostPrint.post_id == Post.id, PostPrint.retired_at.is_(None))


def _tens(metres: float) -> int:
    return round(metres / 10) * 10


# --- posts, for the desk ---


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post in the desk's list; `sign` is its valid generation, None when nothing valid hangs anywhere."""

    post: Post
    place: str
    sign: PostPrint | None

    @property
    def needs_sign(self) -> bool:
        """Whether nothing valid hangs there, or only what hung at the old place."""
        if self.post.state == "retired":
            return False
        return self.sign is None or printed_before_move(self.post, self.sign)


@dataclass(frozen=True, slots=True)
class PostPage:
    """Up to PAGE posts; `next_id` is the last one's id when more follow."""

    lines: list[PostLine]
    next_id: int | None


def printed_before_move(post: Post, sign: PostPrint) -> bool:
    """Say whether the sign was printed for where the post no longer is."""
    return post.moved_at is not None and sign.printed_at < post.moved_at


def desk_posts(
    actor: Actor, *, search: str = "", state: str = "", scope: str = "", after: int | None = None
) -> PostPage:
    """Return posts the actor may read in the order of their numbers: `search` in name, number or spot, one `state`
    (default: all but retired ones; REPRINT: those whose sign's key is in its grace), below the area path `scope`,
    behind the post `after`."""
    wanted = select(Post).where(visible(actor, Perm.POST_READ, Post))
    if state == REPRINT:
        wanted = wanted.where(Post.state != "retired", Post.id.in_(_old_signs()))
    else:
        wanted = wanted.where(Post.state == state if state else Post.state != "retired")
    if scope:
        wanted = wanted.where(under(Post.scope_path, (scope,)))
    for word in search.split():
        columns = (Post.name, Post.number, Post.spot)
        wanted = wanted.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    if after is not None:
        behind = select(Post.number, Post.id).where(Post.id == after).subquery()
        wanted = wanted.join(behind, tuple_(Post.number, Post.id) > tuple_(behind.c.number, behind.c.id))
    found = session().scalars(wanted.order_by(Post.number, Post.id).limit(PAGE + 1)).all()
    lines = _lines(found[:PAGE])
    return PostPage(lines, lines[-1].post.id if len(found) > PAGE else None)


def signs_to_reprint(actor: Actor, *, area: str = "") -> int:
    """Return how many posts in the actor's areas, below the path `area`, hang a sign whose key is in its grace
    (checkin.md §2.9 row 5)."""
    found = select(func.count(Post.id)).where(
        visible(actor, Perm.POST_PRINT, Post), Post.state != "retired", Post.id.in_(_old_signs())
    )
    return session().scalar(found.where(under(Post.scope_path, (area,))) if area else found) or 0


def _old_signs() -> Select[int]:
    secrets = settings().secrets
    old = [key.kid for key in secrets.signing.keys if key.state == "grace"] if secrets else []
    return select(PostPrint.post_id).where(PostPrint.retired_at.is_(None), PostPrint.kid.in_(old))


def _lines(found: Sequence[Post]) -> list[PostLine]:
    signs = session().scalars(
        select(PostPrint)
        .where(PostPrint.post_id.in_([post.id for post in found]), PostPrint.retired_at.is_(None))
        .order_by(PostPrint.generation)
    )
    newest = {sign.post_id: sign for sign in signs}
    places = by_path(village_path(post.scope_path) for post in found)
    return [PostLine(post, _name(places.get(village_path(post.scope_path))), newest.get(post.id)) for post in found]


def _name(found: Area | None) -> str:
    return found.name if found else ""


def post(actor: Actor, post_id: int, perm: Perm = Perm.POST_READ) -> Post:
    """Return the post; raises NotFound for an unknown one and for one outside the actor's area."""
    found = session().get(Post, post_id)
    if found is None:
        raise NotFound
    must(actor, perm, found)
    return found


def signs(post_id: int) -> Sequence[PostPrint]:
    """Return all generations of the post's sign, newest first."""
    wanted = select(PostPrint).where(PostPrint.post_id == post_id)
    return session().scalars(wanted.order_by(PostPrint.generation.desc())).all()


def valid_sign(post_id: int) -> PostPrint | None:
    """Return the newest generation that counts, or None."""
    wanted = select(PostPrint).where(PostPrint.post_id == post_id, PostPrint.retired_at.is_(None))
    return session().scalar(wanted.order_by(PostPrint.generation.desc()).limit(1))


def areas_for_posts(actor: Actor) -> Sequence[Area]:
    """Return the towns, villages and grids where the actor may set up posts, at most CHOICES of them."""
    kinds = ("town", "village", "grid")
    wanted = select(Area).where(visible(actor, Perm.POST_MANAGE, Area), Area.kind.in_(kinds))
    return session().scalars(wanted.order_by(Area.path).limit(CHOICES)).all()


def areas_read(actor: Actor, parent: Area | None) -> Sequence[Area]:
    """Return the areas below `parent`, or without one the topmost areas that the actor may read."""
    wanted = select(Area).where(visible(actor, Perm.AREA_READ, Area))
    if parent is not None:
        return session().scalars(wanted.where(Area.parent_id == parent.id).order_by(Area.path)).all()
    tops = {grant.area_path for grant in actor.held if grant.area_path and Perm.AREA_READ in grant.perms}
    return session().scalars(wanted.where(Area.path.in_(tops)).order_by(Area.path)).all()


def area_for(actor: Actor, code: str) -> Area:
    """Return the area with this code; raises NotFound for an unknown one and for one outside the actor's."""
    found = area_by_code(code)
    if found is None:
        raise NotFound
    must(actor, Perm.AREA_READ, found)
    return found


def may_read_area(actor: Actor, found: Area) -> bool:
    """Say whether the area lies within the actor's."""
    return can(actor, Perm.AREA_READ, found)


def post_counts(found: Sequence[Area]) -> dict[int, int]:
    """Return area id → number of posts in use at or below it, in one statement."""
    if not found:
        return {}
    counted = [
        func.count().filter(Post.scope_path.startswith(one.path, autoescape=True)).label(f"n{index}")
        for index, one in enumerate(found)
    ]
    inside = under(Post.scope_path, tuple(one.path for one in found))
    row = session().execute(select(*counted).select_from(Post).where(Post.state != "retired", inside)).one()
    return {one.id: row[index] for index, one in enumerate(found)}
