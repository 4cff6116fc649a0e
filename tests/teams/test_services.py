"""From application to leaving: who may move a membership, and what follows from each move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from community.access.models import Role, RoleGrant
from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.ids import new_id
from community.messages import queries as messages
from community.messages.models import Message
from community.people import consents, services as people_services
from community.people.models import Member, MemberArea
from community.places.models import Area
from community.points import jobs as points_jobs, subscribers
from community.teams import services
from community.teams.models import Membership, MembershipEvent, Team, TeamArea
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.points import accepted, open_books
from tests.factories.teams import make_membership, make_team
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

PHONE = "199 0000 0001"


@dataclass
class House:
    """A town with a village, a building and a team; a second town; and the village's admin."""

    town: Area
    village: Area
    building: Area
    foreign: Area
    team: Team
    admin: Actor
    admin_member: Member


@pytest.fixture
def house(app: Flask) -> House:
    """The house, committed."""
    with transaction():
        district = make_area("district", "沥江区")
        town = make_town(district=district)
        village = make_village(town)
        building = make_area("building", "晚潮苑2幢", village)
        foreign = make_village(make_town("桑埠镇", district), "石埭头村")
        admin = make_member(village, display_name="邵文静")
        make_grant(admin, "village_admin", village)
        team = make_team(town)
        return House(town, village, building, foreign, team, actor_of(admin), admin)


def newcomer(house: House, **changed: Any) -> services.Newcomer:
    fields: dict[str, Any] = {
        "name": "邱建平",
        "phone": PHONE,
        "age_band": "18-59",
        "home_area_id": house.village.id,
    }
    return services.Newcomer(**(fields | changed))


def apply(house: House, *, team: Team | None = None, building: Area | None = None, **changed: Any) -> Membership:
    return services.apply(
        None,
        team_id=(team or house.team).id,
        newcomer=newcomer(house, **changed),
        building_id=building.id if building else None,
        agrees=True,
    )


def states(membership: Membership) -> list[tuple[str, str, int | None]]:
    rows = session().execute(
        select(MembershipEvent.from_state, MembershipEvent.to_state, MembershipEvent.by_id)
        .where(MembershipEvent.membership_id == membership.id)
        .order_by(MembershipEvent.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def inbox(member_id: int) -> list[str]:
    return list(session().scalars(select(Message.kind).where(Message.member_id == member_id).order_by(Message.id)))


def applicant(membership: Membership) -> Member:
    found = session().get(Member, membership.member_id)
    assert found
    return found


# --- applying ---


def test_a_newcomer_becomes_a_provisional_member_who_waits_for_approval(house: House) -> None:
    with transaction():
        membership = apply(house)
    member = applicant(membership)
    assert (membership.state, membership.scope_path) == ("applied", house.village.path)
    assert member.verified_at is None
    assert states(membership) == [("new", "applied", member.id)]


def test_applying_without_consent_is_refused_and_leaves_nobody_behind(house: House) -> None:
    before = session().scalar(select(func.count()).select_from(Member))
    with pytest.raises(DomainError) as refused, transaction():
        services.apply(None, team_id=house.team.id, newcomer=newcomer(house), agrees=False)
    assert (refused.value.code, refused.value.field) == ("consent_missing", "agrees")
    assert session().scalar(select(func.count()).select_from(Member)) == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "王" * 100}, "name"),
        ({"name": "王芳😀"}, "name"),
        ({"name": "\u202e芳王"}, "name"),
        ({"phone": "12345"}, "phone"),
        ({"phone": "不是电话"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"age_band": "under14"}, "age_band"),
        ({"age_band": "all"}, "age_band"),
        ({"age_band": "14-17"}, "guardian_name"),
        ({"age_band": "14-17", "guardian_name": "王强"}, "guardian_phone"),
        ({"age_band": "14-17", "guardian_name": "王强", "guardian_phone": PHONE}, "guardian_phone"),
        ({"home_area_id": 5}, "home_area_id"),
        ({"home_area_id": None}, "home_area_id"),
        ({"password": "12345678"}, "password"),
    ],
)
def test_bad_input_is_refused_whole_with_its_field(house: House, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused, transaction():
        apply(house, **changed)
    assert refused.value.field == field
    assert session().scalar(select(func.count()).select_from(Membership)) == 0


def test_a_member_applies_once_to_a_team(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        actor = actor_of(member)
        services.apply(actor, team_id=house.team.id, agrees=True)
    with pytest.raises(Conflict) as refused, transaction():
        services.apply(actor, team_id=house.team.id, agrees=True)
    assert refused.value.code == "already_applied"


def test_the_database_refuses_a_second_open_application(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.team, "applied")
    with pytest.raises(Conflict) as refused, transaction():
        make_membership(member, house.team, "applied")
    assert refused.value.code == "already_applied"


def test_a_suspended_member_cannot_apply(house: House) -> None:
    with transaction():
        member = make_member(house.village, status="suspended")
        with pytest.raises(Forbidden) as refused:
            services.apply(actor_of(member), team_id=house.team.id, agrees=True)
    assert refused.value.code == "suspended"
    assert "请联系社区" in str(refused.value.next_step)


@pytest.mark.parametrize(("changed", "code"), [({"state": "closed"}, "team_closed"), ({"places": 0}, "team_full")])
def test_a_closed_or_full_team_takes_nobody(house: House, changed: dict[str, Any], code: str) -> None:
    with transaction():
        team = make_team(house.town, **changed)
    with pytest.raises(Conflict) as refused, transaction():
        apply(house, team=team)
    assert refused.value.code == code


def test_who_lives_elsewhere_is_decided_where_the_team_works(house: House) -> None:
    with transaction():
        membership = apply(house, home_area_id=house.foreign.id)
    assert membership.scope_path == house.town.path


# --- minors ---


def test_a_minor_waits_for_her_guardian_and_then_for_approval(house: House) -> None:
    with transaction():
        membership = apply(house, age_band="14-17", guardian_name="俞国良", guardian_phone="19900000002", name="俞子涵")
        assert membership.state == "waiting_guardian"
    with pytest.raises(Conflict), transaction():
        services.approve(house.admin, membership.id)
    with transaction():
        services.confirm_guardian(house.admin, membership.id, "来居委会当面签字")
    assert applicant(membership).guardian_by == house.admin.member_id
    with transaction():
        services.approve(house.admin, membership.id)
    assert [to for _from, to, _by in states(membership)] == ["waiting_guardian", "applied", "approved", "active"]
    assert inbox(membership.member_id) == ["teams.guardian", "teams.active"]


def test_every_application_of_a_minor_goes_on_when_her_guardian_agreed(house: House) -> None:
    with transaction():
        second = make_team(house.town, name="护学家长队")
        first = apply(house, age_band="14-17", guardian_name="俞国良", guardian_phone="19900000002")
        other = services.apply(actor_of(applicant(first)), team_id=second.id)
        services.confirm_guardian(house.admin, first.id, "电话核实")
    assert {first.state, session().get_one(Membership, other.id).state} == {"applied"}


def test_night_teams_take_adults_only(house: House) -> None:
    with transaction():
        night = make_team(house.town, night=True)
        minor = make_member(house.village, verified=False, age_band="14-17")
    with pytest.raises(DomainError) as refused, transaction():
        services.apply(actor_of(minor), team_id=night.id, agrees=True)
    assert refused.value.code == "night_adults_only"


# --- deciding ---


def test_approval_verifies_the_newcomer_and_makes_her_active(house: House) -> None:
    with transaction():
        membership = apply(house)
    with transaction():
        services.approve(house.admin, membership.id)
    member = applicant(membership)
    assert membership.state == "active"
    assert membership.active_at == clock.now()
    assert (member.verified_by, member.verified_at) == (house.admin.member_id, clock.now())
    assert states(membership)[1:] == [("applied", "approved", house.admin.member_id), ("approved", "active", None)]
    assert inbox(member.id) == ["teams.active"]
    acts = session().scalars(select(AuditEntry.act).where(AuditEntry.object_id == str(membership.id)))
    assert set(acts) == {"teams.apply", "teams.approve"}


def test_an_approved_member_who_has_not_agreed_to_the_new_text_waits_until_she_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        membership = apply(house)
    old = consents.current(consents.SERVICE)
    newer = consents.ConsentText(old.scope, "2", old.title, old.paragraphs)
    monkeypatch.setattr(consents, "current", lambda _scope: newer)
    with transaction():
        services.approve(house.admin, membership.id)
    assert membership.state == "approved"
    assert inbox(membership.member_id) == ["teams.approved"]
    with transaction():
        services.agree(actor_of(applicant(membership)), membership.id)
    assert membership.state == "active"


def test_a_rider_from_elsewhere_belongs_to_the_teams_area_until_she_leaves(house: House) -> None:
    def areas() -> set[str]:
        return set(session().scalars(select(MemberArea.scope_path).where(MemberArea.member_id == membership.member_id)))

    with transaction():
        boss = make_member(house.town)
        make_grant(boss, "town_admin", house.town)
        membership = apply(house, home_area_id=house.foreign.id)
    assert areas() == set()
    with transaction():
        services.approve(actor_of(boss), membership.id)
    assert areas() == {house.town.path}
    with transaction():
        services.leave(actor_of(applicant(membership)), membership.id)
    assert areas() == set()


def test_nobody_approves_or_refuses_her_own_application(house: House) -> None:
    with transaction():
        membership = services.apply(house.admin, team_id=house.team.id, agrees=True)
    for decide in (services.approve, lambda actor, key: services.refuse(actor, key, "不合适")):
        with pytest.raises(Forbidden) as refused, transaction():
            decide(house.admin, membership.id)
        assert refused.value.code == "own_application"
    assert session().get_one(Membership, membership.id).state == "applied"


@pytest.mark.parametrize("to_state", ["approved", "refused"])
@pytest.mark.parametrize("by", ["herself", "nobody"])
def test_the_database_refuses_a_decision_by_the_applicant_or_by_nobody(house: House, to_state: str, by: str) -> None:
    with transaction():
        membership = services.apply(house.admin, team_id=house.team.id, agrees=True)
    with pytest.raises(Forbidden), transaction():
        _write_event(membership, "applied", to_state, by_id=membership.member_id if by == "herself" else None)


def test_the_database_refuses_an_event_that_names_another_member_as_the_doer(house: House) -> None:
    with transaction():
        membership = apply(house)
    with pytest.raises(IntegrityError), transaction():
        _write_event(membership, "applied", "approved", by_id=membership.member_id, member_id=house.admin.member_id)


@pytest.mark.parametrize(
    ("from_state", "to_state"), [("new", "active"), ("applied", "active"), ("refused", "approved"), ("left", "active")]
)
def test_the_database_refuses_a_move_that_is_not_in_its_table(house: House, from_state: str, to_state: str) -> None:
    with transaction():
        membership = apply(house)
    with pytest.raises(IntegrityError), transaction():
        _write_event(membership, from_state, to_state, by_id=house.admin.member_id)


def test_the_database_refuses_a_refusal_without_a_reason(house: House) -> None:
    with transaction():
        membership = apply(house)
    with pytest.raises(IntegrityError), transaction():
        _write_event(membership, "applied", "refused", by_id=house.admin.member_id, reason="")


def _write_event(membership: Membership, from_state: str, to_state: str, **changed: Any) -> None:
    fields = {
        "id": new_id(),
        "membership_id": membership.id,
        "seq": 1,
        "member_id": membership.member_id,
        "from_state": from_state,
        "to_state": to_state,
        "reason": "不合适",
        "at": clock.now(),
    }
    session().execute(insert(MembershipEvent).values(**(fields | changed)))


def test_another_towns_admin_sees_no_such_application(house: House) -> None:
    with transaction():
        stranger = make_member(house.foreign)
        make_grant(stranger, "village_admin", house.foreign)
        membership = apply(house)
    for decide in (
        services.approve,
        lambda actor, key: services.refuse(actor, key, "不合适"),
        lambda actor, key: services.remove(actor, key, "不合适"),
        lambda actor, key: services.set_role(actor, key, "leader"),
        lambda actor, key: services.confirm_guardian(actor, key, "电话"),
    ):
        with pytest.raises(NotFound), transaction():
            decide(actor_of(stranger), membership.id)
    with pytest.raises(Forbidden), transaction():
        services.approve(actor_of(applicant(membership)), membership.id)


def test_a_refusal_gives_the_reason_and_the_applicant_may_apply_again(house: House) -> None:
    with transaction():
        membership = apply(house)
        services.refuse(house.admin, membership.id, "  本期培训已满 ")
    assert (membership.state, membership.reason) == ("refused", "本期培训已满")
    assert inbox(membership.member_id) == ["teams.refused"]
    with pytest.raises(Conflict), transaction():
        services.approve(house.admin, membership.id)
    with transaction():
        again = services.apply(actor_of(applicant(membership)), team_id=house.team.id)
    assert again.id != membership.id


@pytest.mark.parametrize(("reason", "code"), [(" \n ", "reason_missing"), ("长" * 201, "reason_long")])
def test_a_refusal_needs_a_reason_of_a_length(house: House, reason: str, code: str) -> None:
    with transaction():
        membership = apply(house)
    with pytest.raises(DomainError) as refused, transaction():
        services.refuse(house.admin, membership.id, reason)
    assert (refused.value.code, refused.value.field) == (code, "reason")


def test_a_number_that_a_verified_member_has_stops_the_approval(house: House) -> None:
    with transaction():
        first = apply(house)
        services.approve(house.admin, first.id)
        second = apply(house, name="邱建萍")
    with pytest.raises(Conflict) as refused, transaction():
        services.approve(house.admin, second.id)
    assert refused.value.code == "phone_taken"
    assert session().get_one(Membership, second.id).state == "applied"


def test_the_last_place_goes_to_one(house: House) -> None:
    with transaction():
        team = make_team(house.town, places=1)
        first, second = apply(house, team=team), apply(house, team=team, phone="19900000002")
        services.approve(house.admin, first.id)
    with pytest.raises(Conflict) as refused, transaction():
        services.approve(house.admin, second.id)
    assert refused.value.code == "team_full"


def test_a_suspended_member_is_not_approved(house: House) -> None:
    with transaction():
        membership = apply(house)
        people_services.suspend(house.admin, member_id=membership.member_id, reason="核实身份")
    with pytest.raises(Conflict), transaction():
        services.approve(house.admin, membership.id)


# --- captains ---


def captains(house: House) -> Team:
    return make_team(house.town, kind="captains", name="橹声红马甲")


def test_a_captain_looks_after_one_building_where_her_application_is_decided(house: House) -> None:
    with transaction():
        membership = apply(house, team=captains(house), building=house.building)
        services.approve(house.admin, membership.id)
    assert (membership.building_id, membership.scope_path) == (house.building.id, house.building.path)


def test_a_building_has_one_captain(house: House) -> None:
    with transaction():
        team = captains(house)
        first = apply(house, team=team, building=house.building)
        second = apply(house, team=team, building=house.building, phone="19900000002")
        services.approve(house.admin, first.id)
    with pytest.raises(DomainError) as late, transaction():
        apply(house, team=team, building=house.building, phone="19900000003")
    assert (late.value.code, late.value.field) == ("captain_taken", "building_id")
    assert "欢迎参加别的队伍" in str(late.value.next_step)
    with pytest.raises(Conflict) as refused, transaction():
        services.approve(house.admin, second.id)
    assert refused.value.code == "captain_taken"
    assert "写明原因不通过" in str(refused.value.next_step)
    with transaction():
        services.leave(actor_of(applicant(first)), first.id)
        services.approve(house.admin, second.id)
    assert second.state == "active"


def test_the_database_refuses_a_second_captain(house: House) -> None:
    with transaction():
        team = captains(house)
        make_membership(make_member(house.village), team, building_id=house.building.id)
    with pytest.raises(Conflict) as refused, transaction():
        make_membership(make_member(house.village), team, building_id=house.building.id)
    assert refused.value.code == "captain_taken"


def test_a_captain_names_a_building_that_the_team_looks_after(house: House) -> None:
    with transaction():
        team = captains(house)
        elsewhere = make_area("building", "一组农居1号片", house.foreign)
    for building, code in (
        (None, "building_missing"),
        (house.village, "building_missing"),
        (elsewhere, "building_elsewhere"),
    ):
        with pytest.raises(DomainError) as refused, transaction():
            apply(house, team=team, building=building)
        assert (refused.value.code, refused.value.field) == (code, "building_id")


# --- leaving and offices ---


@pytest.mark.parametrize("state", ["waiting_guardian", "applied", "approved", "active"])
def test_a_member_leaves_at_any_time_and_may_come_back(house: House, state: str) -> None:
    with transaction():
        member = make_member(house.village)
        membership = make_membership(member, house.team, state)
        services.leave(actor_of(member), membership.id)
        assert services.leave(actor_of(member), membership.id).state == "left"
        again = services.apply(actor_of(member), team_id=house.team.id, agrees=True)
    assert (membership.ended_at, again.state) == (clock.now(), "applied")
    assert states(membership)[-1] == (state, "left", member.id)


def test_nobody_leaves_or_agrees_for_another(house: House) -> None:
    with transaction():
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
    for act in (services.leave, services.agree):
        with pytest.raises(NotFound), transaction():
            act(house.admin, membership.id)


def test_a_leader_holds_the_office_of_her_team_until_she_leaves(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        membership = make_membership(member, house.team, scope_path=house.village.path)
        services.set_role(town_admin(house), membership.id, "leader")
    assert can(actor_of(member), Perm.MEMBERSHIP_READ, membership)
    with transaction():
        services.leave(actor_of(member), membership.id)
    with clock.frozen(clock.now()) as later:
        later.tick(seconds=1)
        assert Perm.TEAM_READ not in actor_of(member).perms
    assert session().scalar(select(func.count()).select_from(RoleGrant).where(RoleGrant.team_id == house.team.id)) == 1


def test_a_leader_who_becomes_a_member_again_loses_the_office(house: House, frozen_clock: FrozenClock) -> None:
    with transaction():
        member, admin = make_member(house.village), town_admin(house)
        membership = make_membership(member, house.team, scope_path=house.village.path)
        services.set_role(admin, membership.id, "leader")
        services.set_role(admin, membership.id, "member")
    frozen_clock.tick(seconds=1)
    assert Perm.TEAM_READ not in actor_of(member).perms


def town_admin(house: House) -> Actor:
    member = make_member(house.village, display_name="高培源")
    make_grant(member, "town_admin", house.town)
    return actor_of(member)


def grants_for(team: Team) -> list[RoleGrant]:
    return list(session().scalars(select(RoleGrant).where(RoleGrant.team_id == team.id)))


def test_the_grant_of_a_leader_says_who_named_her(house: House) -> None:
    with transaction():
        admin = town_admin(house)
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
        services.set_role(admin, membership.id, "leader")
    assert [grant.granted_by for grant in grants_for(house.team)] == [admin.member_id]
    told = select(AuditEntry.actor_id).where(AuditEntry.act == "access.grant")
    assert session().scalars(told).all() == [admin.member_id]


def test_a_village_names_no_leader_of_a_team_that_works_beyond_it(house: House) -> None:
    with transaction():
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
    with pytest.raises(Forbidden) as refused, transaction():
        services.set_role(house.admin, membership.id, "leader")
    assert refused.value.code == "wider_team"
    assert grants_for(house.team) == []
    session().refresh(membership)
    assert membership.role == "member"
    with transaction():
        services.set_role(house.admin, membership.id, "deputy")
    assert membership.role == "deputy"


def test_a_town_names_no_leader_of_a_team_that_works_in_two_towns(house: House) -> None:
    with transaction():
        admin = town_admin(house)
        session().add(TeamArea(team_id=house.team.id, area_id=house.foreign.id, scope_path=house.foreign.path))
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
    with pytest.raises(Forbidden), transaction():
        services.set_role(admin, membership.id, "leader")
    assert grants_for(house.team) == []


def test_a_village_takes_no_office_of_a_wider_team_away_either(house: House) -> None:
    with transaction():
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
        services.set_role(town_admin(house), membership.id, "leader")
    with pytest.raises(Forbidden), transaction():
        services.set_role(house.admin, membership.id, "member")
    assert [grant.until for grant in grants_for(house.team)] == [None]


def test_who_lacks_a_right_of_the_office_names_no_leader(house: House) -> None:
    with transaction():
        session().add(Role(code="registrar", name="登记员", perms=["teams:membership:decide", "teams:team:read"]))
        session().flush()
        registrar = make_member(house.village)
        make_grant(registrar, "registrar", house.town)
        membership = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
    with pytest.raises(Forbidden) as refused, transaction():
        services.set_role(actor_of(registrar), membership.id, "leader")
    assert refused.value.code == "more_than_held"


def test_nobody_makes_herself_leader_and_only_known_roles_are_given(house: House) -> None:
    with transaction():
        own = make_membership(house.admin_member, house.team, scope_path=house.village.path)
        other = make_membership(make_member(house.village), house.team, scope_path=house.village.path)
    with pytest.raises(Forbidden), transaction():
        services.set_role(house.admin, own.id, "leader")
    with pytest.raises(DomainError), transaction():
        services.set_role(house.admin, other.id, "emperor")


def test_an_admin_ends_a_place_with_a_reason_that_the_member_reads(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        membership = make_membership(member, house.team, scope_path=house.village.path)
        services.remove(house.admin, membership.id, "搬离本区")
    assert (membership.state, membership.reason, inbox(member.id)) == ("left", "搬离本区", ["teams.removed"])
    with pytest.raises(Conflict), transaction():
        services.remove(house.admin, membership.id, "搬离本区")


# --- undone within ten seconds ---


def approved(house: House, **changed: Any) -> Membership:
    with transaction():
        membership = apply(house, **changed)
    with transaction():
        services.approve(house.admin, membership.id)
    return membership


def undo(house: House, membership: Membership) -> None:
    with transaction():
        services.undo(house.admin, membership.id)
    session().expire_all()


def told(membership: Membership) -> list[str]:
    """What the applicant finds in her inbox now."""
    member = session().get_one(Member, membership.member_id)
    return [line.kind for line in messages.inbox(actor_of(member)).lines]


def test_an_undone_approval_leaves_nothing_of_what_came_with_it(house: House, frozen_clock: FrozenClock) -> None:
    with transaction():
        open_books(house.town)
    with transaction():
        membership = apply(house)
        member = session().get_one(Member, membership.member_id)
        subscribers.award_checkin(accepted(member, house.village, verified=False))
    with transaction():
        services.approve(house.admin, membership.id)
    assert membership.state == "active"
    frozen_clock.tick(seconds=9)
    points_jobs.post_decided()
    points_jobs.post_waiting()
    undo(house, membership)
    assert (membership.state, membership.active_at, membership.ended_at) == ("applied", None, None)
    assert (member.verified_at, member.verified_by) == (None, None)
    assert not session().scalars(select(MemberArea).where(MemberArea.member_id == member.id)).all()
    frozen_clock.tick(minutes=1)
    points_jobs.post_decided()
    points_jobs.post_waiting()
    assert (told(membership), posted(member)) == ([], 0)
    assert waiting(member) == [("held", "unverified", None)]
    assert_sound()


def test_what_an_approval_brings_comes_after_ten_seconds(house: House, frozen_clock: FrozenClock) -> None:
    with transaction():
        open_books(house.town)
    with transaction():
        membership = apply(house)
        member = session().get_one(Member, membership.member_id)
        subscribers.award_checkin(accepted(member, house.village, verified=False))
    with transaction():
        services.approve(house.admin, membership.id)
    points_jobs.post_decided()
    points_jobs.post_waiting()
    assert (told(membership), posted(member)) == ([], 0)
    frozen_clock.tick(seconds=10)
    points_jobs.post_decided()
    assert (told(membership), posted(member)) == (["teams.active"], 5)
    assert_sound()


def test_an_undone_application_can_be_decided_again_and_again(house: House, frozen_clock: FrozenClock) -> None:
    membership = approved(house)
    undo(house, membership)
    with transaction():
        services.refuse(house.admin, membership.id, "没有联系上")
    undo(house, membership)
    assert (membership.state, membership.reason, membership.ended_at) == ("applied", None, None)
    with transaction():
        services.approve(house.admin, membership.id)
    frozen_clock.tick(seconds=10)
    assert (membership.state, told(membership)) == ("active", ["teams.active"])
    with pytest.raises(Conflict, match="undo_late") as caught:
        undo(house, membership)
    assert caught.value.next_step
    assert membership.state == "active"


def test_a_minor_whose_refusal_is_undone_still_waits_for_her_guardian(house: House) -> None:
    with transaction():
        day = make_team(house.town, night=False)
        minor = {"age_band": "14-17", "guardian_name": "邱大伟", "guardian_phone": "199 0000 0002"}
        membership = apply(house, team=day, **minor)
    assert membership.state == "waiting_guardian"
    with transaction():
        services.refuse(house.admin, membership.id, "监护人没有同意")
    undo(house, membership)
    assert membership.state == "waiting_guardian"


def test_only_who_decided_undoes_and_never_the_applicant(house: House) -> None:
    membership = approved(house)
    with transaction():
        other = make_member(house.village)
        make_grant(other, "village_admin", house.village)
        member = session().get_one(Member, membership.member_id)
        make_grant(member, "village_admin", house.village)
    for person, refusal in ((other, "undo_other"), (member, "own_application")):
        with pytest.raises(Forbidden, match=refusal), transaction():
            services.undo(actor_of(person), membership.id)
    assert membership.state == "active"


def test_nothing_is_undone_where_nothing_was_decided_or_she_left_meanwhile(house: House) -> None:
    with transaction():
        membership = apply(house)
    with pytest.raises(Conflict, match="not_decided"):
        undo(house, membership)
    with transaction():
        services.approve(house.admin, membership.id)
        services.leave(actor_of(session().get_one(Member, membership.member_id)), membership.id)
    with pytest.raises(Conflict, match="not_decided"):
        undo(house, membership)
    assert membership.state == "left"


def test_a_refusal_is_not_undone_when_she_has_applied_again(house: House) -> None:
    with transaction():
        membership = apply(house)
    with transaction():
        services.refuse(house.admin, membership.id, "没有联系上")
        member = session().get_one(Member, membership.member_id)
        services.apply(actor_of(member), team_id=membership.team_id)
    with pytest.raises(Conflict, match="applied_again"):
        undo(house, membership)


def test_another_teams_approval_keeps_her_verified(house: House) -> None:
    membership = approved(house)
    member = session().get_one(Member, membership.member_id)
    with transaction():
        second = services.apply(actor_of(member), team_id=make_team(house.town, name="江堤喊潮队").id)
        services.approve(house.admin, second.id)
    undo(house, membership)
    assert member.verified_at is not None
    undo(house, second)
    assert member.verified_at is None


def test_a_leader_named_in_those_seconds_loses_the_office_with_the_place(
    house: House, frozen_clock: FrozenClock
) -> None:
    with transaction():
        team = make_team(house.village)
    membership = approved(house, team=team)
    with transaction():
        services.set_role(house.admin, membership.id, "leader")
    frozen_clock.tick(seconds=1)
    undo(house, membership)
    member = session().get_one(Member, membership.member_id)
    assert membership.role == "member"
    assert Perm.CHECKIN_SETTLE not in actor_of(member).perms
