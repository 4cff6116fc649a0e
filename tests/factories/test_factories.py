"""The factories make rows that the real schema accepts; what migrations wrote is what the program says."""

import pytest
from sqlalchemy import select

from community.access.models import Role
from community.core.authz import Perm, can
from community.core.db import session, transaction
from community.patrols.models import CheckInMove
from community.teams.models import MOVES, STATES, MembershipMove
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


@pytest.mark.parametrize("state", STATES)
def test_a_membership_can_be_made_in_every_state(state: str) -> None:
    with transaction():
        village = make_village()
        membership = make_membership(make_member(village), make_team(village), state)
    assert membership.scope_path == village.path


def test_a_granted_role_reaches_its_own_village_and_not_a_foreign_one() -> None:
    with transaction():
        village, foreign = make_village(), make_village()
        admin, here, there = make_member(village), make_post(village), make_post(foreign)
        make_grant(admin, "village_admin", village)
    actor = actor_of(admin)
    assert can(actor, Perm.POST_MANAGE, here)
    assert not can(actor, Perm.POST_MANAGE, there)


def test_the_moves_that_migrations_wrote_are_those_of_the_program() -> None:
    stored = session().execute(select(MembershipMove.from_state, MembershipMove.to_state)).all()
    assert {tuple(move) for move in stored} == set(MOVES)
    assert session().scalars(select(CheckInMove.to_status)).all()


def test_the_roles_that_migrations_wrote_hold_known_rights_only() -> None:
    roles = session().scalars(select(Role)).all()
    known = {str(perm) for perm in Perm}
    assert roles
    assert not [role.code for role in roles if not role.perms or set(role.perms) - known]
