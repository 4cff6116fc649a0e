"""What offices mean for somebody who goes: the last who administers a place hands it over first, the others' end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import or_, select

from community.access import queries
from community.access.models import Role, RoleGrant
from community.access.policies import SYSTEM_ADMIN
from community.audit import services as audit
from community.core import clock
from community.core.authz import Perm, system_actor
from community.core.db import locking, session
from community.core.i18n import Text, _, either


def last_of(member_id: int) -> tuple[Text, ...]:
    """Return, in words for her, the offices that nobody else holds there or above: the rule of `indispensable`.

    Who else is an administrator of the system is locked until the commit: of two who go at once, one stays.
    """
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
        path = grant.scope_path or ""
        if grant.role == SYSTEM_ADMIN:
            queries.lock_holders(SYSTEM_ADMIN)
        if administers and not queries.held_by_another(grant.role, member_id, now, path):
            found.append(
                _(
                    "您是%(place)s唯一的%(role)s，请先找人接任，结束您的职务后再注销。",
                    place=grant.place or "",
                    role=either(role.name, role.name_en),
                )
            )
    return tuple(found)


def end_all(ids: Sequence[int]) -> None:
    """End every office of the members `ids` now, and forget the words that were written about giving them."""
    now = clock.now()
    for grant in session().scalars(locking(select(RoleGrant).where(RoleGrant.member_id.in_(ids)))):
        grant.reason, grant.end_reason = None, grant.end_reason and "erased"
        if grant.until is None or grant.until > now:
            grant.until = max(now, grant.starts_at + dt.timedelta(microseconds=1))
            grant.end_reason = "erased"
            audit.record(
                system_actor("access.leaving"), "access.end", "member", grant.member_id,
                scope_path=grant.scope_path or "", details={"role": grant.role},
            )  # fmt: skip
    session().flush()
