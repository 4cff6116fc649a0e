"""Changes to posts. Each is one act in the audit log; a moved post needs a new sign."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, can, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _
from community.core.ids import new_code
from community.places import policies, queries
from community.places.models import Area, Post
from community.places.policies import Details, Position
from community.places.signs import retire_signs

POST_RETIRED = "post_retired"


def _number_taken() -> DomainError:
    return DomainError("number_taken", _("这个编号在本镇街已经有了"), field="number")


on_constraint("uq_post_number", _number_taken)


def create_post(actor: Actor, *, area_id: int | None, details: Details, position: Position) -> Post:
    """Set a post up in the area, active and without a sign, and return it.

    Raises DomainError of a field for bad details, position or number; an area outside the actor's counts as unknown.
    """
    must(actor, Perm.POST_MANAGE)
    area, town_id = _area(actor, area_id)
    checked = policies.check_details(details)
    lat, lon = policies.check_position(position)
    number = _free_number(town_id, checked.number)
    post = Post(
        area_id=area.id,
        town_id=town_id,
        scope_path=area.path,
        name=checked.name,
        number=number,
        spot=checked.spot,
        kind=checked.kind,
        open_to=checked.open_to,
        radius_m=checked.radius_m,
        lat=lat,
        lon=lon,
        code8=new_code(),
        state="active",
        created_at=clock.now(),
    )
    session().add(post)
    session().flush()
    _record(actor, "create", post)
    return post


def edit_post(actor: Actor, post_id: int, *, details: Details, seen: str) -> Post:
    """Change a post's details. `seen` is the `mark` of what the form showed; raises Conflict when it changed since."""
    post = _locked(actor, post_id)
    policies.must_be_in_use(post)
    _must_be_unchanged(post, seen)
    checked, before = policies.check_details(details), _fields(post)
    if checked.number and checked.number != post.number:
        post.number = _free_number(post.town_id, checked.number)
    post.name, post.spot, post.kind = checked.name, checked.spot, checked.kind
    post.open_to, post.radius_m = checked.open_to, checked.radius_m
    session().flush()
    _record(actor, "edit", post, before=before)
    return post


def move_post(actor: Actor, post_id: int, *, area_id: int | None, position: Position, reason: str, seen: str) -> Post:
    """Move a post to another position, and area if need be; its signs from before count as moved from now on.

    The new area must be the actor's too, and in the same town: points and budgets belong to towns.
    """
    post = _locked(actor, post_id)
    policies.must_be_in_use(post)
    _must_be_unchanged(post, seen)
    area, town_id = _area(actor, area_id)
    if town_id != post.town_id:
        raise DomainError("other_town", _("岗点不能移到别的镇街，请在那里新建一个"), field="area_id")
    lat, lon = policies.check_position(position)
    why, before = policies.check_why(reason, needed=False), _fields(post)
    if (area.id, lat, lon) == (post.area_id, round(post.lat, 7), round(post.lon, 7)):
        raise DomainError("not_moved", _("位置没有变化"), field="position")
    post.area_id, post.scope_path, post.lat, post.lon = area.id, area.path, lat, lon
    post.moved_at = clock.now()
    session().flush()
    _record(actor, "move", post, before=before, reason=why)
    return post


def pause_post(actor: Actor, post_id: int, *, reason: str) -> Post:
    """Pause a post: check-ins there wait for a person. Raises Conflict unless it is active."""
    return _change_state(actor, post_id, "paused", "pause", policies.check_why(reason))


def resume_post(actor: Actor, post_id: int) -> Post:
    """Take a paused post up again. Raises Conflict unless it is paused."""
    return _change_state(actor, post_id, "active", "resume", None)


def retire_post(actor: Actor, post_id: int, *, reason: str) -> Post:
    """Give a post up for good, its signs with it. Raises Conflict when it is retired already."""
    post = _change_state(actor, post_id, "retired", "retire", policies.check_why(reason))
    retire_signs([post], POST_RETIRED)
    return post


def mark(post: Post) -> str:
    """Return a short mark of what a form shows of the post: it changes when anything of it does."""
    return hashlib.sha256(repr(sorted(_fields(post).items())).encode()).hexdigest()[:16]


def _locked(actor: Actor, post_id: int, perm: Perm = Perm.POST_MANAGE) -> Post:
    must(actor, perm)
    wanted = locking(select(Post).where(Post.id == post_id)).execution_options(populate_existing=True)
    post = session().scalar(wanted)
    if post is None:
        raise NotFound
    must(actor, perm, post)
    return post


def _area(actor: Actor, area_id: int | None) -> tuple[Area, int]:
    area = queries.area(area_id) if area_id else None
    if area is None or not can(actor, Perm.POST_MANAGE, area):
        raise DomainError("area_unknown", _("请选择您管理的一个区域"), field="area_id")
    if area.town_id is None:
        raise DomainError("area_wide", _("岗点要属于一个镇街，请选小一点的区域"), field="area_id")
    return area, area.town_id


def _free_number(town_id: int, wanted: str) -> str:
    taken = set(session().scalars(select(Post.number).where(Post.town_id == town_id)))
    if wanted:
        if wanted in taken:
            raise _number_taken()
        return wanted
    town = queries.area(town_id)
    prefix, count = (town.code[-3:].upper() if town else "P"), len(taken) + 1
    while f"{prefix}-{count:02d}" in taken:
        count += 1
    return f"{prefix}-{count:02d}"


def _must_be_unchanged(post: Post, seen: str) -> None:
    if seen != mark(post):
        raise Conflict(
            "post_changed",
            _("您打开这一页之后，岗点被别人改过了"),
            next_step=_("请重新打开岗点页面，看过新的内容再改。"),
        )


def _change_state(actor: Actor, post_id: int, state: str, verb: str, why: str | None) -> Post:
    post = _locked(actor, post_id)
    policies.must_be_allowed(post, state)
    before = _fields(post)
    post.state, post.state_why = state, why
    session().flush()
    _record(actor, verb, post, before=before, reason=why)
    return post


def _fields(post: Post) -> dict[str, Any]:
    names = ("name", "number", "spot", "kind", "open_to", "radius_m", "lat", "lon", "area_id", "state", "state_why")
    return {name: getattr(post, name) for name in names}


def _record(
    actor: Actor, verb: str, post: Post, *, before: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    after = _fields(post)
    changed = sorted(name for name in after if before is not None and before[name] != after[name])
    audit.record(
        actor,
        f"places.{verb}",
        "post",
        post.id,
        scope_path=post.scope_path,
        reason=reason or None,
        before=before,
        after=after,
        details={"changed": changed} if changed else None,
    )
