"""The areas a member belongs to besides her home: what her teams say, written by the room that keeps the teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from community.core.authz import under
from community.core.db import session
from community.core.i18n import _, plain
from community.people.models import Member, MemberArea


def keep(member: Member, areas: Mapping[int, str]) -> None:
    """Let `member` belong to exactly `areas` (id → path) besides her home; areas around her home are left out.

    Admins of these areas then see her. Her loaded `areas` are forgotten, so that the next question reads them anew.
    """
    wanted = {key: path for key, path in areas.items() if not member.home_path.startswith(path)}
    rows = session().execute(select(MemberArea.area_id, MemberArea.scope_path).where(MemberArea.member_id == member.id))
    have = {row.area_id: row.scope_path for row in rows}
    gone = [key for key, path in have.items() if wanted.get(key) != path]
    new = [
        {"member_id": member.id, "area_id": key, "scope_path": path}
        for key, path in wanted.items()
        if have.get(key) != path
    ]
    if gone:
        session().execute(delete(MemberArea).where(MemberArea.member_id == member.id, MemberArea.area_id.in_(gone)))
    if new:
        session().execute(insert(MemberArea), new)
    session().expire(member, ["areas"])


def living_in(area: Any) -> str | None:
    """Say how many people are at home in the area, None for nobody: it is not closed over their heads."""
    here = select(func.count()).select_from(Member).where(under(Member.home_path, (area.path,)))
    count = session().scalar(here.where(Member.status.in_(("active", "suspended")))) or 0
    return plain(_("还有 %(count)s 位居民登记在这里", count=count)) if count else None
