"""Giving and ending roles. Nobody gives herself a role, nor a right she does not hold in that place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import or_, select

from community.access import policies
from community.access.models import Role, RoleGrant
from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role holds: an area by id and path, or one team; `name` is for people to read, in lists of offices.

    For a team `path` is the area it is run from: whose admins may give roles in it; `more_paths` are the other areas
    that it works in.
    """

    name: str
    path: str
    area_id: int | None = None
    team_id: int | None = None
    more_paths: tuple[str, ...] = ()

    @property
    def scope_path(self) -> str:
        return self.path

    @property
    def scope_team_id(self) -> int | None:
        return self.team_id


def grant(actor: Actor, *, member_id: int, role: str, place: Place, reason: str | None = None) -> RoleGrant:
    """Give the member `role` at `place` from now on and return the grant; one held there already stays as it is.

    The actor holds GRANT_MANAGE there and every right of the role; jobs and commands (system actors) give any role.
    Raises NotFound for an unknown role or a place outside the actor's, Forbidden for oneself and for rights not held.
    """
    must(actor, Perm.GRANT_MANAGE, place)
    kind = session().get(Role, role)
    if kind is None:
        raise NotFound
    return _give(actor, kind, member_id=member_id, place=place, reason=reason)


def appoint(actor: Actor, *, member_id: int, role: str, place: Place) -> RoleGrant:
    """Give a role that comes with an office of a room above, by whoever that room's rule lets name its holder.

    The actor needs no GRANT_MANAGE, but every right of the role in every area of `place`. Raises NotFound for an
    unknown role, Forbidden for oneself and for rights not held.
    """
    kind = session().get(Role, role)
    if kind is None:
        raise NotFound
    return _give(actor, kind, member_id=member_id, place=place, reason=None)


def _give(actor: Actor, kind: Role, *, member_id: int, place: Place, reason: str | None) -> RoleGrant:
    role = kind.code
    for path in (place.path, *place.more_paths):
        policies.may_give(actor, kind, replace(place, path=path), member_id)
    held = _in_force(member_id, role, place)
    if held is not None:
        return held
    made = RoleGrant(
        member_id=member_id,
        role=role,
        area_id=place.area_id,
        scope_path=place.path if place.area_id else None,
        team_id=place.team_id,
        place=place.name[:60],
        starts_at=clock.now(),
        granted_by=actor.member_id or None,
        reason=reason,
    )
    session().add(made)
    session().flush()
    audit.record(
        actor, "access.grant", "member", member_id, scope_path=place.path, reason=reason, details={"role": role}
    )
    return made


def end(actor: Actor, *, member_id: int, role: str, place: Place, reason: str | None = None) -> bool:
    """End the member's `role` at `place` now; returns whether she held it. The grant stays as a row.

    Raises NotFound for a place outside the actor's, Conflict for the last system_admin of all.
    """
    must(actor, Perm.GRANT_MANAGE, place)
    held = _in_force(member_id, role, place)
    if held is None:
        return False
    if role == policies.SYSTEM_ADMIN and _holders(role) <= 1:
        raise Conflict("last_admin", policies.LAST_ADMIN)
    held.until = max(clock.now(), held.starts_at + dt.timedelta(microseconds=1))
    session().flush()
    audit.record(actor, "access.end", "member", member_id, scope_path=place.path, reason=reason, details={"role": role})
    return True


def _in_force(member_id: int, role: str, place: Place) -> RoleGrant | None:
    now = clock.now()
    statement = select(RoleGrant).where(
        RoleGrant.member_id == member_id,
        RoleGrant.role == role,
        RoleGrant.area_id == place.area_id if place.area_id else RoleGrant.team_id == place.team_id,
        or_(RoleGrant.until.is_(None), RoleGrant.until > now),
    )
    return session().scalars(locking(statement).limit(1)).first()


def _holders(role: str) -> int:
    now = clock.now()
    statement = select(RoleGrant.member_id).where(
        RoleGrant.role == role, or_(RoleGrant.until.is_(None), RoleGrant.until > now)
    )
    return len(session().execute(locking(statement)).all())
