"""The office that comes with leading a team: a grant for that team, given and ended with the role.

Who may decide about memberships in every area of the team names its leader, and has given the grant. It ends by rule,
with the place or the role, whoever ends those: as the system.
"""

from __future__ import annotations

from community.access import services as access
from community.core.authz import Actor, system_actor
from community.teams.models import Membership, Team

LEADER = "team_leader"
_RULE = "teams.leader"


def give(actor: Actor, membership: Membership, team: Team) -> None:
    """Give the office of the team's leader to the member (load `team.areas` first).

    Raises Forbidden when the actor lacks a right of the office somewhere the team works.
    """
    access.appoint(actor, member_id=membership.member_id, role=LEADER, place=_place(team))


def end(membership: Membership, team: Team) -> None:
    """End the member's office in the team, if she holds it."""
    access.end(system_actor(_RULE), member_id=membership.member_id, role=LEADER, place=_place(team))


def _place(team: Team) -> access.Place:
    return access.Place(
        name=team.name, path=team.scope_path, team_id=team.id, more_paths=tuple(area.scope_path for area in team.areas)
    )
