"""Reads of members. Other rooms build on `MEMBER`, the columns of an identity, without seeing the models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select

from community.core.db import session
from community.people.models import Consent, Member

# The table as a building block for joins of rooms above (no phone column is selected through it by `identity`).
MEMBER = Member.__table__


def identity(member_id: int) -> Select[Any]:
    """Return the select of what an Actor needs of one member: name, status, epoch, home and town."""
    columns = MEMBER.c
    return select(
        columns.id,
        columns.display_name,
        columns.status,
        columns.session_epoch,
        columns.home_path,
        columns.town_id,
        columns.verified_at,
    ).where(columns.id == member_id)


def consented(member_id: int, scope: str, version: str) -> bool:
    """Say whether the member agreed to this version of the text and has not withdrawn it."""
    found = select(Consent.id).where(
        Consent.member_id == member_id,
        Consent.scope == scope,
        Consent.version == version,
        Consent.withdrawn_at.is_(None),
    )
    return session().execute(found.limit(1)).first() is not None


def member(member_id: int) -> Member | None:
    """Return the member, or None."""
    return session().get(Member, member_id)


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the members by id; an id without a member is left out."""
    found = session().execute(select(MEMBER.c.id, MEMBER.c.display_name).where(MEMBER.c.id.in_(set(ids)))).all()
    return {row.id: row.display_name for row in found}


def home_path(member_id: int) -> str:
    """Return the path of the area the member lives in, "" when she has none or does not exist."""
    return session().scalar(select(MEMBER.c.home_path).where(MEMBER.c.id == member_id)) or ""
