"""Every place of a member ends at once: she took back her consent to serve, or is erased."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from community.core.db import session
from community.people import queries as people
from community.teams.models import OPEN_STATES, Membership
from community.teams.services import moving
from community.teams.services.applying import end_place


def end_all(member_id: int, *, by_id: int | None) -> int:
    """End the member's places and take her applications back; return how many. `by_id` is None for a rule."""
    statement = select(Membership.id, Membership.team_id).where(
        Membership.member_id == member_id, Membership.state.in_(OPEN_STATES)
    )
    rows = session().execute(statement.order_by(Membership.team_id)).all()
    for row in rows:
        # The order in which every command locks: team, member, membership.
        team, member = moving.load_team(row.team_id), people.known_member(member_id, lock=True)
        membership = moving.locked(row.id)
        moving.move(membership, team, "left", by_id=by_id)
        end_place(membership, member, team)
    return len(rows)


def forget_words(ids: Sequence[int]) -> None:
    """Empty what was written about the memberships of the members `ids`: free text may name a person."""
    session().execute(
        update(Membership)
        .where(Membership.member_id.in_(ids))
        .values(reason=None)
        .execution_options(synchronize_session="fetch")
    )
