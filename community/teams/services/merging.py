"""When a registration turns out to be a verified member's: her open applications go on in the name she really has."""

from __future__ import annotations

from sqlalchemy import select

from community.core import clock
from community.core.db import session
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.ids import new_id
from community.people import queries as people
from community.people.queries import Person
from community.teams import policies, queries
from community.teams.models import OPEN_STATES, Membership, Team
from community.teams.services import moving, offices


def take_over(old_id: int, member_id: int, *, by_id: int) -> None:
    """End every open membership of the registration `old_id` and apply anew for the verified member.

    Not where she is in the team or has applied already, or where her age does not fit; `by_id` said the two are one.
    """
    open_ones = select(Membership.id).where(Membership.member_id == old_id, Membership.state.in_(OPEN_STATES))
    old, member = people.known_member(old_id), people.known_member(member_id)
    for membership_id in session().scalars(open_ones.order_by(Membership.id)).all():
        membership = moving.locked(membership_id)
        team = moving.load_team(membership.team_id)
        moving.move(membership, team, "left", by_id=by_id, reason=plain(_("并入本人已有的登记")))
        offices.end(membership, team)
        if _may_apply(member, team):
            moving.begin(_anew(membership, member, team), team)
    moving.keep_areas(old)


def _may_apply(member: Person, team: Team) -> bool:
    try:
        policies.must_fit_age(member.age_band, night=team.night)
    except DomainError:
        return False
    return not queries.open_membership(member.id, team.id)


def _anew(old: Membership, member: Person, team: Team) -> Membership:
    building = old.scope_path if old.building_id else None
    return Membership(
        id=new_id(),
        team_id=team.id,
        member_id=member.id,
        role="member",
        building_id=old.building_id,
        scope_path=policies.scope_of(team, home_path=member.home_path, building_path=building),
        state=policies.first_state(member.age_band, guardian_agreed=member.guardian_at is not None),
        # The answer is promised from the day she asked.
        applied_at=min(old.applied_at, clock.now()),
    )
