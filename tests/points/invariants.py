"""Looks at the ledger that tests share, and the invariants for whoever needs them (journeys, demo, kill -9)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from community.core.db import session
from community.people.models import Member
from community.points.models import Account, Award
from community.points.queries.invariants import broken


def assert_sound() -> None:
    """Fail with the rows of every broken invariant."""
    found = broken()
    assert not found, found


def posted(member: Member, asset: str = "points") -> int:
    """The balance as the account keeps it."""
    mine = (Account.subject_id == member.id) & (Account.asset == asset)
    return session().scalar(select(Account.posted).where(mine)) or 0


def waiting(member: Member) -> list[tuple[Any, ...]]:
    """(state, reason, decision) of the member's awards that waited, in the order of their acts."""
    rows = session().execute(
        select(Award.state, Award.reason_code, Award.decision)
        .where(Award.subject_id == member.id)
        .order_by(Award.earned_at, Award.id)
    )
    return [tuple(row) for row in rows]
