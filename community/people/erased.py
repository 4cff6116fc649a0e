"""Who was erased, as the log knows it: rooms that keep rows on a pseudonym ask before they believe it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from community.audit import queries as audit
from community.core.db import session
from community.people.models import Member

_MEMBER = Member.__table__.c


def was_erased(member_id: int) -> bool:
    """Say whether the member's name and numbers are gone and the log has the act: a date alone is no erasure."""
    gone = select(_MEMBER.merged_into).where(_MEMBER.id == member_id, _MEMBER.erased_at.is_not(None))
    row = session().execute(gone).first()
    if row is None:
        return False
    return audit.happened("people.erase", "member", [one for one in (member_id, row.merged_into) if one])


def among(member_ids: Iterable[int]) -> set[int]:
    """Return those of the members whose name and numbers are gone."""
    gone = select(_MEMBER.id).where(_MEMBER.id.in_(set(member_ids)), _MEMBER.erased_at.is_not(None))
    return set(session().scalars(gone))
