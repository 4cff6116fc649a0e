"""Actors from rows: one statement for the member and every grant in force."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import bindparam, or_, select

from community.access.models import Role, RoleGrant
from community.core import clock
from community.core.authz import Actor, Held, Perm
from community.core.db import UtcDateTime, locking, session
from community.people import queries as people

MINOR = "14-17"
_BLOCKED = {"merged", "left"}
_KNOWN = frozenset(str(perm) for perm in Perm)

# Built once: every request asks it, and building a statement costs more than sending it.
_GRANT = RoleGrant.__table__.c
_NOW = bindparam("now", type_=UtcDateTime())
_ACTOR = (
    people.identity(bindparam("member_id"))
    .add_columns(
        _GRANT.role, _GRANT.scope_path, _GRANT.team_id, _GRANT.place, _GRANT.until, Role.__table__.c.perms,
        people.merged_into(people.MEMBER.c.id).label("merged"),
    )
    .outerjoin(
        RoleGrant.__table__,
        (_GRANT.member_id == people.MEMBER.c.id)
        & (_GRANT.starts_at <= _NOW)
        & or_(_GRANT.until.is_(None), _GRANT.until > _NOW),
    )
    .outerjoin(Role.__table__, Role.__table__.c.code == _GRANT.role)
)  # fmt: skip
_LOCKED_ACTOR = locking(_ACTOR, people.MEMBER)


def load_actor(member_id: int, epoch: int, lock: bool) -> Actor | None:  # noqa: FBT001 - the loader's fixed form
    """Return the Actor of `member_id`, or None when she left or her sessions of `epoch` were ended.

    With `lock` the member's row stays locked until the commit: commands of one member run one after the other.
    """
    statement = _LOCKED_ACTOR if lock else _ACTOR
    rows = session().execute(statement, {"member_id": member_id, "now": clock.now()}).all()
    if not rows or rows[0].session_epoch != epoch or rows[0].status in _BLOCKED:
        return None
    first = rows[0]
    return Actor(
        member_id=first.id,
        name=first.display_name,
        status=first.status,
        home_path=first.home_path,
        town_id=first.town_id,
        verified=first.verified_at is not None,
        minor=first.age_band == MINOR,
        guarded=first.age_band != MINOR or first.guardian_at is not None,
        held=tuple(
            Held(row.role, _perms(tuple(row.perms or ())), row.scope_path, row.team_id, row.place, row.until)
            for row in rows
            if row.role is not None
        )
        if first.status == "active"
        else (),
        merged=people.ids_of(first.merged),
    )


@lru_cache(maxsize=256)
def _perms(names: tuple[str, ...]) -> frozenset[Perm]:
    return frozenset(Perm(name) for name in names if name in _KNOWN)


def holders(perm: Perm, area_id: int) -> list[int]:
    """Return the active members who hold `perm` by a grant at this very area (not above it): whom to tell about it."""
    grants, now = RoleGrant.__table__.c, clock.now()
    rows = session().execute(
        select(grants.member_id, Role.perms)
        .join(Role, Role.code == grants.role)
        .join(people.MEMBER, people.MEMBER.c.id == grants.member_id)
        .where(
            grants.area_id == area_id,
            grants.starts_at <= now,
            or_(grants.until.is_(None), grants.until > now),
            people.MEMBER.c.status == "active",
        )
        .order_by(grants.member_id)
    )
    return list(dict.fromkeys(row.member_id for row in rows if perm in _perms(tuple(row.perms))))


def offices(member_id: int) -> tuple[str, ...]:
    """Return the area paths at which the member holds a role now."""
    now, columns = clock.now(), RoleGrant.__table__.c
    statement = select(columns.scope_path).where(
        columns.member_id == member_id,
        columns.scope_path.is_not(None),
        columns.starts_at <= now,
        or_(columns.until.is_(None), columns.until > now),
    )
    return tuple(sorted(set(session().execute(statement).scalars())))


@dataclass(frozen=True, slots=True)
class Office:
    """A role that somebody holds, by name, and where."""

    role: str
    name: str
    name_en: str
    place: str


def held_by(member_id: int) -> list[Office]:
    """Return what the member holds now, in the roles' order."""
    now, grants, roles = clock.now(), RoleGrant.__table__.c, Role.__table__.c
    statement = (
        select(grants.role, roles.name, roles.name_en, grants.place)
        .join_from(RoleGrant.__table__, Role.__table__, roles.code == grants.role)
        .where(
            grants.member_id == member_id,
            grants.starts_at <= now,
            or_(grants.until.is_(None), grants.until > now),
        )
        .order_by(roles.sort, grants.id)
    )
    return [Office(row.role, row.name, row.name_en, row.place) for row in session().execute(statement)]
