"""Giving and ending roles."""

from __future__ import annotations

import datetime as dt

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
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people import services as people
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


@pytest.mark.parametrize("held_for", [None, 30])
def test_giving_it_again_with_other_dates_is_refused_and_not_passed_over(village, frozen_clock, held_for):
    member = member_of(village)
    day = dt.timedelta(days=1)
    ends = clock.now() + held_for * day if held_for else None
    with transaction():
        services.grant(RULE, member_id=member.id, role="grid_worker", place=at(village), until=ends)
    frozen_clock.tick(minutes=5)
    for starts_at, until in (
        (None, clock.now() + 10 * day),
        (clock.now() + day, ends),
        (None, None if ends else clock.now() + day),
    ):
        with pytest.raises(DomainError) as caught, transaction():
            services.grant(
                RULE, member_id=member.id, role="grid_worker", place=at(village), starts_at=starts_at, until=until
            )
        assert (caught.value.code, caught.value.field) == ("held_otherwise", "until_on")
    with transaction():
        services.grant(RULE, member_id=member.id, role="grid_worker", place=at(village), until=ends)
    assert [row.until for row in session().scalars(select(RoleGrant))] == [ends]


def test_what_she_holds_already_is_not_told_to_her_a_second_time(village):
    boss, member = member_of(village, "system_admin"), member_of(village)
    for _ in range(2):
        with transaction():
            services.grant(actor_of(boss), member_id=member.id, role="grid_worker", place=at(village), reason="任命")
    assert session().scalars(select(Message.kind).where(Message.member_id == member.id)).all() == ["access.given"]


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


# --- the desk: for how long, changing and ending ---


def give(by, member, area, role="grid_worker", **more):
    with transaction():
        return services.grant(actor_of(by), member_id=member.id, role=role, place=at(area), reason="任命", **more)


def refused(error, code, act):
    with pytest.raises(error) as caught, transaction():
        act()
    session().rollback()
    assert caught.value.code == code


def test_a_grant_holds_from_its_first_day_to_its_last(village, frozen_clock):
    admin, member = member_of(village, "village_admin"), member_of(village)
    start = clock.now() + dt.timedelta(days=2)
    give(admin, member, village, starts_at=start, until=start + dt.timedelta(days=3))
    assert actor_of(member).held == ()
    frozen_clock.tick(days=2, seconds=1)
    assert [held.role for held in actor_of(member).held] == ["grid_worker"]
    frozen_clock.tick(days=3)
    assert actor_of(member).held == ()


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [
        (-2, None, "start_past"),
        (200, None, "start_late"),
        (0, -1, "end_first"),
        (5, 4, "end_first"),
        (0, 3000, "end_late"),
    ],
)
def test_dates_without_sense_are_refused(village, starts, ends, code):
    admin, member = member_of(village, "village_admin"), member_of(village)
    until = None if ends is None else clock.now() + dt.timedelta(days=ends)
    start = clock.now() + dt.timedelta(days=starts)
    refused(DomainError, code, lambda: services.grant(
        actor_of(admin), member_id=member.id, role="grid_worker", place=at(village), starts_at=start, until=until
    ))  # fmt: skip
    assert queries.held_by(member.id) == []


def test_who_holds_a_right_for_a_year_gives_it_for_no_longer(village):
    with transaction():
        admin, member = make_member(village), make_member(village)
        make_grant(admin, "village_admin", village).until = clock.now() + dt.timedelta(days=365)
    for until in (None, clock.now() + dt.timedelta(days=366)):
        refused(
            Forbidden,
            "longer_than_held",
            lambda until=until: services.grant(
                actor_of(admin), member_id=member.id, role="grid_worker", place=at(village), until=until
            ),
        )
    held = give(admin, member, village, until=clock.now() + dt.timedelta(days=365))
    longer = clock.now() + dt.timedelta(days=400)
    refused(
        Forbidden, "longer_than_held", lambda: services.change_end(actor_of(admin), held.id, until=longer, reason="x")
    )


def test_two_half_admins_do_not_make_a_whole_one(village):
    """Rights held in one place do not fill up those of another."""
    with transaction():
        beside = make_village(name="安澜社区")
        session().add(Role(code="keys", name="管钥匙", perms=["access:grant:manage", "people:member:read"]))
        session().flush()
        half = make_member(village)
        make_grant(half, "keys", village)
        make_grant(half, "village_admin", beside)
        member = make_member(village)
    refused(Forbidden, "more_than_held", lambda: services.grant(
        actor_of(half), member_id=member.id, role="village_admin", place=at(village)
    ))  # fmt: skip


def test_nobody_extends_or_revives_what_is_hers(village, frozen_clock):
    admin = member_of(village, "village_admin")
    (held,) = session().scalars(select(RoleGrant)).all()
    later = clock.now() + dt.timedelta(days=900)
    refused(Forbidden, "oneself", lambda: services.change_end(actor_of(admin), held.id, until=later, reason="x"))
    other = member_of(village, "village_admin")
    mine = session().scalars(select(RoleGrant).where(RoleGrant.member_id == other.id)).one()
    frozen_clock.tick(days=1)
    with transaction():
        services.end_grant(actor_of(admin), mine.id, reason="调离")
    assert (mine.ended_by, mine.end_reason) == (admin.id, "调离")
    refused(Conflict, "grant_ended", lambda: services.change_end(actor_of(admin), mine.id, until=None, reason="x"))


def test_another_areas_office_is_not_found_and_a_higher_one_not_ended(village):
    admin = member_of(village, "village_admin")
    with transaction():
        elsewhere = make_village(make_town("平桥街道"))
        foreign = make_grant(make_member(elsewhere), "grid_worker", elsewhere)
        session().add(Role(code="chief", name="主任", perms=["people:member:read", "audit:entry:export"]))
        session().flush()
        higher = make_grant(make_member(village), "chief", village)
    refused(NotFound, "not_found", lambda: services.end_grant(actor_of(admin), foreign.id, reason="x"))
    refused(Forbidden, "more_than_held", lambda: services.end_grant(actor_of(admin), higher.id, reason="x"))
    refused(
        Forbidden, "more_than_held", lambda: services.change_end(actor_of(admin), higher.id, until=None, reason="x")
    )


def test_who_is_suspended_minor_or_out_of_sight_gets_no_office(village):
    admin = member_of(village, "village_admin")
    with transaction():
        stopped = make_member(village, status="suspended")
        minor = make_member(village, age_band="14-17", guardian_at=clock.now())
        stranger = make_member(make_village(make_town("平桥街道")))
    refused(Conflict, "not_verified", lambda: give_in(admin, stopped, village))
    refused(Conflict, "minor", lambda: give_in(admin, minor, village))
    refused(NotFound, "not_found", lambda: give_in(admin, stranger, village))


def give_in(by, member, area):
    services.grant(actor_of(by), member_id=member.id, role="grid_worker", place=at(area))


def test_the_last_system_admin_is_not_ended_dated_or_stopped(frozen_clock):
    with transaction():
        district = make_area("district", "沥江区")
    boss, helper = member_of(district, "system_admin"), member_of(district, "association_admin")
    (held,) = session().scalars(select(RoleGrant).where(RoleGrant.role == "system_admin")).all()
    frozen_clock.tick(days=1)
    refused(Conflict, "last_admin", lambda: services.end_grant(actor_of(boss), held.id, reason="累了"))
    soon = clock.now() + dt.timedelta(days=9)
    second = member_of(district, "system_admin")
    frozen_clock.tick(hours=1)
    with transaction():
        services.end_grant(actor_of(boss), session().scalars(
            select(RoleGrant.id).where(RoleGrant.member_id == second.id)).one(), reason="先不用")  # fmt: skip
    refused(Conflict, "last_admin", lambda: people.suspend(actor_of(helper), member_id=boss.id, reason="x"))
    third = member_of(district, "system_admin")
    with transaction():
        services.change_end(actor_of(third), held.id, until=soon, reason="换届")
    (thirds,) = session().scalars(select(RoleGrant).where(RoleGrant.member_id == third.id)).all()
    # Now the first one's ends soon: the third's may not end before somebody holds it for longer.
    refused(
        Forbidden,
        "longer_than_held",
        lambda: services.change_end(actor_of(boss), thirds.id, until=soon + dt.timedelta(days=1), reason="x"),
    )
    frozen_clock.move_to(soon + dt.timedelta(hours=1))
    refused(Conflict, "last_admin", lambda: services.end_grant(actor_of(third), thirds.id, reason="x"))


def test_a_suspended_admin_does_not_count_as_another(frozen_clock):
    with transaction():
        district = make_area("district", "沥江区")
    boss, other = member_of(district, "system_admin"), member_of(district, "system_admin")
    frozen_clock.tick(days=1)
    with transaction():
        people.suspend(actor_of(boss), member_id=other.id, reason="核查")
    (held,) = session().scalars(select(RoleGrant).where(RoleGrant.member_id == boss.id)).all()
    refused(Conflict, "last_admin", lambda: services.end_grant(actor_of(boss), held.id, reason="x"))
