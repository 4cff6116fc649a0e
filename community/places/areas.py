"""Changes to the area tree: setting up, editing, moving, closing. Each is one act in the audit log.

Who keeps an area keeps what lies below it, never the area itself: the right is asked of its parent. A changed code or
place rewrites the paths of everything below, in every room, in the same transaction (`events.AreaMoved`).
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import exists, func, select, update

from community.audit import moves, services as audit
from community.core import clock, events, paths
from community.core.authz import Actor, Perm, can, must, under
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import Text, _
from community.core.slots import Slot
from community.places import policies, queries
from community.places.events import AreaMoved
from community.places.models import Area, FakeSignReport, ImportRun, Post, Unit
from community.places.policies import AreaDetails

# Rooms above say, in words, what of theirs is still in an area that somebody wants to close.
area_kept_by = Slot("area_kept_by")
_SHOWN_NUMBERS = 5


def _code_taken() -> DomainError:
    return DomainError("code_taken", _("这个编码已经有区域在用"), field="code")


on_constraint("uq_area_code", _code_taken)
on_constraint("uq_area_path", _code_taken)


def create_area(actor: Actor, *, parent_id: int | None, kind: str, details: AreaDetails) -> Area:
    """Set an area up below another and return it.

    Raises DomainError of a field: an unknown parent or one outside the actor's ("parent_id"), a kind that does not
    nest there, a code that is taken.
    """
    must(actor, Perm.AREA_MANAGE)
    _lock_tree()
    parent = _parent(actor, parent_id)
    policies.must_nest(kind, parent.kind)
    checked = policies.check_area(details)
    _must_be_free(checked.code)
    area = Area(
        kind=kind,
        title=checked.title,
        code=checked.code,
        name=checked.name,
        parent_id=parent.id,
        town_id=parent.town_id,
        path=_path(parent, checked.code),
        population=checked.population,
        phone=checked.phone or None,
    )
    session().add(area)
    session().flush()
    if kind == "town":
        area.town_id = area.id
        session().flush()
    _record(actor, "area_create", area)
    return area


def edit_area(actor: Actor, area_id: int, *, details: AreaDetails, seen: str) -> Area:
    """Change what is written about an area; another code gives everything below it another path.

    `seen` is the `mark` of what the form showed; raises Conflict when it changed since.
    """
    area = _locked(actor, area_id)
    _must_be_unchanged(area, seen)
    checked, before = policies.check_area(details), _fields(area)
    if checked.code != area.code:
        _must_be_free(checked.code, beside=area.id)
    area.name, area.title, area.population = checked.name, checked.title, checked.population
    area.phone = checked.phone or None
    if checked.code != area.code:
        parent = queries.area(area.parent_id) if area.parent_id else None
        area.code = checked.code
        session().flush()
        _carry(area, _path(parent, checked.code))
    session().flush()
    _record(actor, "area_edit", area, before=before)
    return area


def move_area(actor: Actor, area_id: int, *, parent_id: int | None, reason: str, seen: str) -> Area:
    """Put an area, with all below it, under another parent; both must be the actor's.

    Into another town its posts' numbers must be free there: Conflict names those that are not. Check-ins and awards
    stay with the town in which they were earned; from now on new ones are the new town's.
    """
    area = _locked(actor, area_id)
    _must_be_unchanged(area, seen)
    parent = _parent(actor, parent_id)
    if parent.id == area.parent_id:
        raise DomainError("not_moved", _("它本来就在这里"), field="parent_id")
    policies.must_nest(area.kind, parent.kind)
    why, before = policies.check_why(reason, needed=False), _fields(area)
    town_id = parent.town_id if parent.town_id != area.town_id and area.kind != "town" else None
    if town_id is not None:
        _must_have_free_numbers(area, town_id)
    area.parent_id = parent.id
    session().flush()
    _carry(area, _path(parent, area.code), town_id)
    _record(actor, "area_move", area, before=before, reason=why)
    return area


def close_area(actor: Actor, area_id: int, *, reason: str) -> Area:
    """Close an area: it stays in what was, nothing new is put there.

    Raises Conflict, which says what to do first, while areas, posts, people or teams of today are in it.
    """
    area = _locked(actor, area_id)
    if area.closed_at is not None:
        raise Conflict("area_closed", _("这个区域已经停用"), next_step=_("请刷新页面看现在的状态。"))
    why = policies.check_why(reason, needed=False)
    held = kept_by(area)
    if held:
        raise Conflict(
            "area_in_use",
            _("还不能停用“%(name)s”：%(held)s", name=area.name, held="；".join(str(one) for one in held)),
            next_step=_("请先把它们移到别处、撤销或停用，再回来停用这个区域。"),
        )
    before = _fields(area)
    area.closed_at = clock.now()
    open_units = update(Unit).where(Unit.building_id == area.id, Unit.closed_at.is_(None))
    session().execute(open_units.values(closed_at=area.closed_at))
    session().flush()
    _record(actor, "area_close", area, before=before, reason=why)
    return area


def reopen_area(actor: Actor, area_id: int) -> Area:
    """Open a closed area again. Raises Conflict when it is open, or when what it lies in is closed."""
    area = _locked(actor, area_id)
    parent = queries.area(area.parent_id) if area.parent_id else None
    if area.closed_at is None or (parent and parent.closed_at):
        raise Conflict("area_not_closed", _("现在不能恢复这个区域"), next_step=_("它没有停用，或者它的上级还停用着。"))
    before = _fields(area)
    together = update(Unit).where(Unit.building_id == area.id, Unit.closed_at == area.closed_at)
    session().execute(together.values(closed_at=None))
    area.closed_at = None
    session().flush()
    _record(actor, "area_reopen", area, before=before)
    return area


def kept_by(area: Area) -> list[Text]:
    """Return, in words, what keeps the area from being closed; empty when nothing does."""
    below = session().scalar(
        select(func.count()).select_from(Area).where(Area.parent_id == area.id, Area.closed_at.is_(None))
    )
    posts = session().scalar(
        select(func.count()).select_from(Post).where(under(Post.scope_path, (area.path,)), Post.state != "retired")
    )
    held: list[Text] = []
    if below:
        held.append(_("下面还有 %(count)s 个区域", count=below))
    if posts:
        held.append(_("还有 %(count)s 个在用的岗点", count=posts))
    return [*held, *area_kept_by.render(area)]


def may_manage(actor: Actor | None, area: Area) -> bool:
    """Say whether the actor may change the area itself: whoever keeps what it lies in."""
    return can(actor, Perm.AREA_MANAGE, _holder(area))


def mark(area: Area) -> str:
    """Return a short mark of what a form shows of the area: it changes when anything of it does."""
    return hashlib.sha256(repr(sorted(_fields(area).items())).encode()).hexdigest()[:16]


class _Place:
    """A path by itself, for asking rights."""

    def __init__(self, path: str) -> None:
        self.scope_path = path


def _holder(area: Area) -> _Place:
    codes = area.path.strip("/").split("/")
    return _Place("/".join(codes[:-1]) + "/" if len(codes) > 1 else area.path)


def _lock_tree() -> None:
    """Let changes of the tree follow each other: a path is made of its parents' codes."""
    session().scalars(locking(select(Area.id).where(Area.kind == "district"))).all()


def _locked(actor: Actor, area_id: int) -> Area:
    must(actor, Perm.AREA_MANAGE)
    _lock_tree()
    wanted = locking(select(Area).where(Area.id == area_id)).execution_options(populate_existing=True)
    area = session().scalar(wanted)
    if area is None:
        raise NotFound
    must(actor, Perm.AREA_MANAGE, _holder(area))
    return area


def _parent(actor: Actor, parent_id: int | None) -> Area:
    parent = session().get(Area, parent_id, populate_existing=True) if parent_id else None
    if parent is None or not can(actor, Perm.AREA_MANAGE, parent):
        raise DomainError("parent_unknown", _("请选择您管理的一个上级区域"), field="parent_id")
    if parent.closed_at is not None:
        raise DomainError("parent_closed", _("这个上级区域已经停用"), field="parent_id")
    return parent


def _path(parent: Area | None, code: str) -> str:
    path = f"{parent.path if parent else ''}{code}/"
    if len(path) > policies.PATH_LONGEST:
        raise DomainError("code_long", _("编码太长，和上级的编码连起来放不下"), field="code")
    return path


def _must_be_free(code: str, beside: int | None = None) -> None:
    # SQLite compares paths without case: two codes that differ in it alone would reach each other's things.
    taken = select(exists().where(func.lower(Area.code) == code.lower(), Area.id != (beside or 0)))
    if session().scalar(taken):
        raise _code_taken()


def _must_have_free_numbers(area: Area, town_id: int) -> None:
    here = select(Post.number).where(under(Post.scope_path, (area.path,)))
    taken = session().scalars(
        select(Post.number).where(Post.town_id == town_id, Post.number.in_(here)).order_by(Post.number)
    )
    numbers = list(taken)
    if numbers:
        raise Conflict(
            "numbers_taken",
            _("新的镇街里已有 %(count)s 个相同的岗点编号：%(numbers)s", count=len(numbers),
              numbers="、".join(numbers[:_SHOWN_NUMBERS])),
            next_step=_("请先改这些岗点的编号，再移动。"),
        )  # fmt: skip


def _carry(area: Area, new_path: str, town_id: int | None = None) -> None:
    """Give the area and everything below it the new path, here and in every room above."""
    area_id, old_path = area.id, area.path
    own = (Area.path, Post.scope_path, Unit.scope_path, ImportRun.scope_path, FakeSignReport.scope_path)
    paths.rewrite(own, old_path, new_path)
    if town_id is not None:
        for path in (Area.path, Post.scope_path, Unit.scope_path):
            session().execute(
                update(path.class_)
                .where(under(path, (new_path,)))
                .values(town_id=town_id)
                .execution_options(synchronize_session=False)
            )
    session().expire_all()
    moves.record(old_path, new_path)
    events.emit(AreaMoved(area_id, old_path, new_path, town_id))


def _must_be_unchanged(area: Area, seen: str) -> None:
    if seen != mark(area):
        raise Conflict(
            "area_changed",
            _("您打开这一页之后，区域被别人改过了"),
            next_step=_("请重新打开，看过新的内容再改。"),
        )


def _fields(area: Area) -> dict[str, Any]:
    names = ("name", "code", "title", "population", "phone", "parent_id", "path", "town_id", "closed_at")
    return {name: getattr(area, name) for name in names}


def _record(
    actor: Actor, verb: str, area: Area, *, before: dict[str, Any] | None = None, reason: str | None = None
) -> None:
    after = _fields(area)
    changed = sorted(name for name in after if before is not None and before[name] != after[name])
    details: dict[str, Any] = {"changed": changed} if changed else {}
    if before is not None and before["path"] != after["path"]:
        details |= {"from": before["path"], "to": after["path"]}
    audit.record(
        actor,
        f"places.{verb}",
        "area",
        area.id,
        scope_path=area.path,
        reason=reason or None,
        before=before,
        after=after,
        details=details or None,
    )
