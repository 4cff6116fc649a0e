"""What offices mean for somebody who goes: the last who administers a place hands it over first, the others' end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, or_, select

from community.access.models import Role, RoleGrant
from community.access.policies import SYSTEM_ADMIN
from community.audit import services as audit
from community.core import clock
from community.core.authz import Perm, system_actor
from community.core.db import locking, session
from community.core.i18n import Text, _
from community.people import queries as people


def last_of(member_id: int) -> tuple[Text, ...]:
    """Return, in words for her, the offices that nobody else holds: an area's only admin, or the system's."""
    now = clock.now()
    held = (
        select(RoleGrant, Role)
        .join(Role, Role.code == RoleGrant.role)
        .where(
            RoleGrant.member_id == member_id,
            RoleGrant.starts_at <= now,
            or_(RoleGrant.until.is_(None), RoleGrant.until > now),
        )
    )
    found: list[Text] = []
    for grant, role in session().execute(held):
        administers = Perm.MEMBER_VERIFY in role.perms and grant.area_id is not None
        if administers and not _others(member_id, grant):
            found.append(
                _(
                    "您是%(place)s唯一的%(role)s，请先找人接任，结束您的职务后再注销。",
                    place=grant.place or "",
                    role=role.name,
                )
            )
    return tuple(found)


def _others(member_id: int, grant: RoleGrant) -> int:
    """Return how many active members besides her hold the same office there (the system's: anywhere)."""
    now = clock.now()
    same = [] if grant.role == SYSTEM_ADMIN else [RoleGrant.area_id == grant.area_id]
    statement = (
        select(func.count(func.distinct(RoleGrant.member_id)))
        .join(people.MEMBER, people.MEMBER.c.id == RoleGrant.member_id)
        .where(
            RoleGrant.role == grant.role,
            RoleGrant.member_id != member_id,
            RoleGrant.starts_at <= now,
            or_(RoleGrant.until.is_(None), RoleGrant.until > now),
            people.MEMBER.c.status == "active",
            *same,
        )
    )
    return session().execute(statement).scalar_one()


def end_all(ids: Sequence[int]) -> None:
    """End every office of the members `ids` now, and forget the words that were written about giving them."""
    now = clock.now()
    for grant in session().scalars(locking(select(RoleGrant).where(RoleGrant.member_id.in_(ids)))):
        grant.reason = None
        if grant.until is None or grant.until > now:
            grant.until = max(now, grant.starts_at + dt.timedelta(microseconds=1))
            grant.end_reason = "erased"
            audit.record(
                system_actor("access.leaving"), "access.end", "member", grant.member_id,
                scope_path=grant.scope_path or "", details={"role": grant.role},
            )  # fmt: skip
    session().flush()
