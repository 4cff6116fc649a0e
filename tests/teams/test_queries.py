"""Reads of teams: near, serving, queue, the desk's lists; each limited to what the actor may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import event

from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.core.errors import Forbidden, NotFound
from community.people.models import Member
from community.places.models import Area
from community.teams import queries
from community.teams.models import Team, TeamArea
from community.teams.queries import desk
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@dataclass
class House:
    town: Area
    village: Area
    foreign_town: Area
    foreign: Area
    team: Team
    admin: Member


@pytest.fixture
def house(app: Flask) -> House:
    with transaction():
        district = make_area("district", "沥江区")
        town, other = make_town(district=district), make_town("桑埠镇", district)
        village = make_village(town)
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        return House(town, village, other, make_village(other, "石埭头村"), make_team(town), admin)


@contextmanager
def statements() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_serving_names_the_closest_team_in_which_she_is_active(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.team)
        close = make_team(house.village, name="晚潮小队")
        make_membership(member, close)
    near, far = (queries.serving(member.id, area.path) for area in (house.village, house.town))
    assert near
    assert (near.team_id, near.name) == (close.id, "晚潮小队")
    assert far
    assert (far.team_id, far.name) == (house.team.id, "晚潮夜巡队")
    assert queries.serving(member.id, house.foreign.path) is None


@pytest.mark.parametrize("state", ["applied", "approved", "refused", "left", "waiting_guardian"])
def test_who_is_not_active_does_not_serve(house: House, state: str) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.team, state)
    assert queries.serving(member.id, house.village.path) is None


def test_a_path_that_only_begins_alike_is_no_area_of_the_team(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.team)
    assert queries.serving(member.id, house.town.path.rstrip("/") + "9/") is None


def test_serving_is_one_statement(house: House) -> None:
    with transaction():
        member = make_member(house.village)
    session().rollback()
    with statements() as sent:
        queries.serving(member.id, house.village.path)
    assert len([statement for statement in sent if statement.startswith("SELECT")]) == 1


def test_a_team_of_several_towns_is_near_in_each_of_them(house: House) -> None:
    with transaction():
        riders = make_team(house.town, kind="riders", name="先锋骑手一队")
        session().add(TeamArea(team_id=riders.id, area_id=house.foreign_town.id, scope_path=house.foreign_town.path))
    found = [team.name for team in queries.near("riders", house.foreign.path)]
    assert found == ["先锋骑手一队"]
    assert [team.name for team in queries.near("riders", house.village.path)] == found
    assert queries.near("patrol", house.foreign.path) == []


def test_closed_teams_are_not_offered_and_full_ones_come_last(house: House) -> None:
    with transaction():
        make_team(house.town, name="不招了", state="closed")
        full = make_team(house.town, name="一满", places=1)
        make_membership(make_member(house.village), full)
        make_membership(make_member(house.village), house.team, "applied")
    found = queries.near("patrol", house.village.path)
    assert [(team.name, team.left) for team in found] == [("晚潮夜巡队", 50), ("一满", 0)]


def test_open_memberships_come_before_ended_ones(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        active = make_membership(member, house.team)
        ended = make_membership(member, make_team(house.town), "left")
    assert [mine.id for mine in queries.my_memberships(member.id)] == [active.id, ended.id]
    assert queries.own_membership(member.id, active.id)
    assert queries.own_membership(house.admin.id, active.id) is None


def test_a_newcomer_is_found_for_an_hour_and_never_once_she_is_verified(
    house: House, frozen_clock: FrozenClock
) -> None:
    with transaction():
        newcomer = make_member(house.village, verified=False)
        first = make_membership(newcomer, house.team, "applied")
        known = make_membership(make_member(house.village), house.team, "applied")
    assert queries.newcomer_of(f"/memberships/{first.id}") == (newcomer.id, 1)
    assert queries.newcomer_of(f"/memberships/{known.id}") is None
    for nonsense in ("", "/memberships/", "/memberships/x", "/memberships/99999999999999999999"):
        assert queries.newcomer_of(nonsense) is None
    frozen_clock.tick(minutes=61)
    assert queries.newcomer_of(f"/memberships/{first.id}") is None


def test_the_queue_holds_only_applications_of_the_actors_area_the_oldest_first(
    house: House, frozen_clock: FrozenClock
) -> None:
    with transaction():
        ours = [
            make_membership(make_member(house.village), house.team, state, scope_path=house.village.path)
            for state in ("applied", "waiting_guardian", "active", "refused")
        ]
        frozen_clock.tick(days=3)
        make_membership(make_member(house.foreign), house.team, "applied", scope_path=house.foreign.path)
    found = desk.applications(actor_of(house.admin))
    assert [item.id for item in found] == [ours[0].id, ours[1].id]
    assert desk.waiting(actor_of(house.admin)) == 2
    assert (found[0].days, found[0].late) == (3, True)


def test_the_queue_counts_other_registrations_with_the_same_number(house: House) -> None:
    with transaction():
        known = make_member(house.village, phone_hash="a" * 64)
        twin = make_member(house.village, verified=False, phone_hash="a" * 64)
        make_membership(twin, house.team, "applied", scope_path=house.village.path)
        alone = make_member(house.village, verified=False)
        make_membership(alone, house.team, "applied", scope_path=house.village.path)
        make_membership(known, house.team, scope_path=house.village.path)
    by_member = {item.member_id: item for item in desk.applications(actor_of(house.admin))}
    assert (by_member[twin.id].same_number, by_member[twin.id].number_verified) == (1, True)
    assert (by_member[alone.id].same_number, by_member[alone.id].number_verified) == (0, False)


def test_a_resident_has_no_queue(house: House) -> None:
    with transaction():
        member = make_member(house.village)
    with pytest.raises(Forbidden):
        desk.applications(actor_of(member))
    assert desk.waiting(actor_of(member)) == 0


def test_the_desk_sees_teams_that_serve_its_area_and_no_foreign_ones(house: House) -> None:
    with transaction():
        foreign = make_team(house.foreign_town, name="荷渚老娘舅")
        stranger = make_member(house.foreign)
        make_grant(stranger, "village_admin", house.foreign)
    assert [team.name for team in desk.teams(actor_of(house.admin))] == ["晚潮夜巡队"]
    assert [team.name for team in desk.teams(actor_of(stranger))] == ["荷渚老娘舅"]
    assert desk.team(actor_of(stranger), foreign.id).name == "荷渚老娘舅"
    with pytest.raises(NotFound):
        desk.team(actor_of(house.admin), foreign.id)


def test_a_leader_sees_every_member_of_her_own_team(house: House) -> None:
    with transaction():
        leader = make_member(house.foreign)
        make_grant(leader, "team_leader", team_id=house.team.id)
        make_membership(make_member(house.village), house.team)
    actor = actor_of(leader)
    assert [team.active for team in desk.teams(actor)] == [1]
    assert [member.decides for member in desk.team_members(actor, house.team.id)] == [False]


def test_a_persons_memberships_are_shown_as_far_as_the_actor_sees_them(house: House) -> None:
    with transaction():
        member = make_member(house.village)
        make_membership(member, house.team, scope_path=house.village.path)
        make_membership(member, make_team(house.foreign_town), scope_path=house.foreign_town.path)
    assert len(desk.of_member(actor_of(house.admin), member.id)) == 1


def test_a_membership_outside_the_area_belongs_to_no_team_of_the_actors(house: House) -> None:
    with transaction():
        foreign = make_membership(make_member(house.foreign), house.team, scope_path=house.foreign.path)
    with pytest.raises(NotFound):
        desk.team_of(actor_of(house.admin), foreign.id)
