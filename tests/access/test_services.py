"""Giving and ending roles."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from community.access import queries, services
from community.access.models import Role, RoleGrant
from community.access.services import Place
from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Perm, system_actor
from community.core.db import session, transaction
from community.core.errors import Conflict, Forbidden, NotFound
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

RULE = system_actor("teams")


@pytest.fixture
def village():
    with transaction():
        return make_village()


def at(area):
    return Place(area.name, area.path, area_id=area.id)


def member_of(area, role=None):
    with transaction():
        member = make_member(area)
        if role:
            make_grant(member, role, area)
    return member


def test_a_given_role_is_in_the_actor_of_the_next_request(village):
    member = member_of(village)
    with transaction():
        services.grant(RULE, member_id=member.id, role="village_admin", place=at(village), reason="任命")
    actor = actor_of(member)
    assert Perm.MEMBER_VERIFY in actor.perms
    assert [office.place for office in queries.held_by(member.id)] == [village.name]
    assert queries.offices(member.id) == (village.path,)
    assert session().scalars(select(AuditEntry.act)).all() == ["access.grant"]


def test_giving_the_same_role_twice_makes_one_grant(village):
    member = member_of(village)
    for _ in range(2):
        with transaction():
            services.grant(RULE, member_id=member.id, role="grid_worker", place=at(village))
    assert len(session().scalars(select(RoleGrant)).all()) == 1


def test_a_team_role_holds_for_the_team_alone(village, frozen_clock):
    member = member_of(village)
    team = Place("晚潮夜巡队", village.path, team_id=77)
    with transaction():
        services.grant(RULE, member_id=member.id, role="team_leader", place=team)
    (held,) = actor_of(member).held
    assert (held.team_id, held.area_path) == (77, None)
    assert queries.offices(member.id) == ()
    frozen_clock.tick(days=1)
    with transaction():
        assert services.end(RULE, member_id=member.id, role="team_leader", place=team)
        assert not services.end(RULE, member_id=member.id, role="team_leader", place=team)
    assert actor_of(member).held == ()


def test_an_ended_role_may_be_given_again(village, frozen_clock):
    member = member_of(village)
    for _ in range(2):
        frozen_clock.tick(minutes=1)
        with transaction():
            services.grant(RULE, member_id=member.id, role="grid_worker", place=at(village))
        frozen_clock.tick(minutes=1)
        with transaction():
            services.end(RULE, member_id=member.id, role="grid_worker", place=at(village))
    assert len(session().scalars(select(RoleGrant)).all()) == 2


def test_nobody_gives_herself_a_role(village):
    boss = member_of(village, "system_admin")
    with pytest.raises(Forbidden) as caught, transaction():
        services.grant(actor_of(boss), member_id=boss.id, role="village_admin", place=at(village))
    assert caught.value.code == "oneself"


def test_the_database_refuses_a_role_given_by_oneself(village):
    member = member_of(village)
    with pytest.raises(IntegrityError, match="given_by_another"), transaction():
        session().add(
            RoleGrant(
                member_id=member.id,
                role="grid_worker",
                area_id=village.id,
                scope_path=village.path,
                starts_at=clock.now(),
                granted_by=member.id,
            )
        )


def test_nobody_gives_a_right_that_she_lacks(village):
    with transaction():
        session().add(
            Role(code="clerk", name="文员", perms=["access:grant:manage", "people:member:read", "teams:team:read"])
        )
        session().flush()
    clerk, member = member_of(village, "clerk"), member_of(village)
    with pytest.raises(Forbidden) as caught, transaction():
        services.grant(actor_of(clerk), member_id=member.id, role="village_admin", place=at(village))
    assert caught.value.code == "more_than_held"
    assert queries.held_by(member.id) == []
    with transaction():
        services.grant(actor_of(clerk), member_id=member.id, role="clerk", place=at(village))
    assert [office.role for office in queries.held_by(member.id)] == ["clerk"]


def test_an_appointment_needs_every_right_of_the_role_in_every_area_of_the_place(village):
    with transaction():
        elsewhere = make_village(make_town("平桥街道"))
    admin, member = member_of(village, "village_admin"), member_of(village)
    here = Place("晚潮夜巡队", village.path, team_id=77)
    both = Place("先锋骑手一队", village.path, team_id=78, more_paths=(elsewhere.path,))
    with pytest.raises(Forbidden) as caught, transaction():
        services.appoint(actor_of(admin), member_id=member.id, role="team_leader", place=both)
    assert caught.value.code == "more_than_held"
    with pytest.raises(Forbidden), transaction():
        services.appoint(actor_of(admin), member_id=admin.id, role="team_leader", place=here)
    with transaction():
        given = services.appoint(actor_of(admin), member_id=member.id, role="team_leader", place=here)
    assert (given.granted_by, given.team_id) == (admin.id, 77)


def test_a_place_elsewhere_and_an_unknown_role_are_not_found(village):
    boss, member = member_of(village, "system_admin"), member_of(village)
    with transaction():
        elsewhere = make_village(make_town("平桥街道"))
    with pytest.raises(NotFound), transaction():
        services.grant(actor_of(boss), member_id=member.id, role="grid_worker", place=at(elsewhere))
    with pytest.raises(NotFound), transaction():
        services.grant(RULE, member_id=member.id, role="emperor", place=at(village))


def test_who_manages_no_grants_gives_none(village):
    worker, member = member_of(village, "grid_worker"), member_of(village)
    with pytest.raises(Forbidden), transaction():
        services.grant(actor_of(worker), member_id=member.id, role="grid_worker", place=at(village))


def test_the_last_system_admin_stays(frozen_clock):
    with transaction():
        district = make_area("district", "沥江区")
    first, second = member_of(district, "system_admin"), member_of(district, "system_admin")
    frozen_clock.tick(days=1)
    with transaction():
        assert services.end(RULE, member_id=first.id, role="system_admin", place=at(district))
    with pytest.raises(Conflict), transaction():
        services.end(RULE, member_id=second.id, role="system_admin", place=at(district))
