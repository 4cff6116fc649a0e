"""The office that comes with leading a team: a grant for that team, given and ended with the role.

Whoever may decide about memberships names the leader; the grant then follows by rule, so it is given as the system.
"""

from __future__ import annotations

from community.access import services as access
from community.core.authz import system_actor
from community.teams.models import Membership, Team

LEADER = "team_leader"
_RULE = "teams.leader"


def give(membership: Membership, team: Team) -> None:
    """Give the office of the team's leader to the member."""
    access.grant(system_actor(_RULE), member_id=membership.member_id, role=LEADER, place=_place(team))


def end(membership: Membership, team: Team) -> None:
    """End the member's office in the team, if she holds it."""
    access.end(system_actor(_RULE), member_id=membership.member_id, role=LEADER, place=_place(team))


def _place(team: Team) -> access.Place:
    return access.Place(name=team.name, path=team.scope_path, team_id=team.id)
