"""Branches, teams, memberships. Call inside `with transaction():`."""

from __future__ import annotations

from typing import Any

from community.core import clock
from community.core.db import session
from community.core.ids import new_code
from community.people.models import Member
from community.places.models import Area
from community.teams.models import Branch, Membership, MembershipEvent, Team, TeamArea


def make_team(area: Area, **overrides: Any) -> Team:
    """An open patrol team that works in `area`, in a branch of its own."""
    branch = Branch(code=f"b{new_code(6)}", name="巡逻防控分会")
    session().add(branch)
    session().flush()
    fields: dict[str, Any] = {"kind": "patrol", "name": "晚潮夜巡队", "night": False, "state": "open", "places": 50}
    team = Team(town_id=area.town_id, scope_path=area.path, branch_id=branch.id, **(fields | overrides))
    session().add(team)
    session().flush()
    session().add(TeamArea(team_id=team.id, area_id=area.id, scope_path=area.path))
    session().flush()
    return team


def make_membership(member: Member, team: Team, state: str = "active", **overrides: Any) -> Membership:
    """A membership in `state` with its first event (later events are the tests' own)."""
    membership = Membership(
        team_id=team.id,
        member_id=member.id,
        scope_path=overrides.pop("scope_path", team.scope_path),
        state=state,
        applied_at=clock.now(),
        active_at=clock.now() if state == "active" else None,
        **overrides,
    )
    session().add(membership)
    session().flush()
    session().add(
        MembershipEvent(
            membership_id=membership.id, member_id=member.id, from_state="new", to_state="applied", at=clock.now()
        )
    )
    session().flush()
    return membership
