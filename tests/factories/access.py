"""Grants and Actors. Call `make_grant` inside `with transaction():`."""

from __future__ import annotations

from community.access.models import RoleGrant
from community.access.queries import load_actor
from community.core import clock
from community.core.authz import Actor
from community.core.db import session
from community.people.models import Member
from community.places.models import Area


def make_grant(member: Member, role: str, area: Area | None = None, team_id: int | None = None) -> RoleGrant:
    """Give `member` the `role` (a code seeded by the migrations) at `area` or for a team."""
    grant = RoleGrant(
        member_id=member.id,
        role=role,
        area_id=area.id if area else None,
        scope_path=area.path if area else None,
        team_id=team_id,
        place=area.name if area else "",
        starts_at=clock.now(),
    )
    session().add(grant)
    session().flush()
    return grant


def actor_of(member: Member) -> Actor:
    """The Actor that a request of `member` would get."""
    actor = load_actor(member.id, member.session_epoch, lock=False)
    assert actor
    return actor
