"""Looks at the ledger that tests share, and the invariants for whoever needs them (journeys, demo, kill -9)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from community.core.db import session
from community.people.models import Member
from community.points.models import Account, Award, Txn
from community.points.queries import sealed
from community.points.queries.invariants import SEALED, broken


def assert_sound() -> None:
    """Fail with the rows of every broken invariant; but nobody seals while tests turn the clock."""
    found = {name: rows for name, rows in broken().items() if name != SEALED}
    assert not found, found
    everything = Txn.__table__.c.id > 0
    rules = sealed.rule_hashes()
    spelled = {txn_id: made.leaf for txn_id, made in sealed.leaves(everything, rules).items()}
    assert spelled == {txn_id: made.leaf for txn_id, made in sealed.documents(everything, rules).items()}


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
