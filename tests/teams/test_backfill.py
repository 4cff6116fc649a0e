"""Many teams and memberships at once, with their past."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from community.core.authz import Actor, system_actor
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.people.models import Member
from community.places.models import Area
from community.teams import backfill
from community.teams.backfill import NewTeam, PastMembership, PastMove
from community.teams.models import Branch, Membership, MembershipEvent, Team, TeamArea
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
APPLIED = dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def add_team(*areas: Area) -> int:
    branches = backfill.add_branches(IMPORT, [("patrol", "巡逻防控分会"), ("riders", "骑手分会")])
    places = tuple((area.id, area.path) for area in areas)
    new = NewTeam(
        "晚潮夜巡队", "patrol", "patrol", areas[0].town_id or 0, places, "走六个岗点", "每晚", "violet", True, 50
    )
    (team_id,) = backfill.add_teams(IMPORT, [new], branches=branches)
    return team_id


def moves(member: Member, by: Member, *states: str) -> tuple[PastMove, ...]:
    way, before, made = ("new", *states), "new", []
    for step, after in enumerate(way[1:]):
        by_id = {"applied": member.id, "approved": by.id, "refused": by.id, "left": member.id}.get(after)
        reason = "本期已满" if after == "refused" else None
        made.append(PastMove(before, after, APPLIED + step * DAY, by_id, reason))
        before = after
    return tuple(made)


def test_a_team_works_in_all_its_areas_and_belongs_to_its_branch() -> None:
    with transaction():
        town, other = make_town(), make_town("望堤街道")
        team_id = add_team(town, other)

    team = session().get_one(Team, team_id)
    assert session().get_one(Branch, team.branch_id).code == "patrol"
    assert team.scope_path == town.path
    areas = session().scalars(select(TeamArea.area_id).where(TeamArea.team_id == team_id))
    assert set(areas) == {town.id, other.id}


def write(*states: str, alone: bool = False) -> Membership:
    """Write one membership that went through `states`, decided by another (`alone`: by herself)."""
    with transaction():
        town = make_town()
        village = make_village(town)
        member, by = make_member(village), make_member(village, display_name="李守田")
        team_id = add_team(town)
    past = moves(member, member if alone else by, *states)
    with transaction():
        made = backfill.add_memberships(IMPORT, [PastMembership(team_id, member.id, "member", village.path, past)])
    assert made == 1
    (stored,) = session().scalars(select(Membership))
    return stored


def test_a_membership_stands_where_its_last_move_led_with_every_move_kept() -> None:
    stored = write("applied", "approved", "active", "left")

    assert (stored.state, stored.applied_at) == ("left", APPLIED)
    assert (stored.active_at, stored.ended_at) == (APPLIED + 2 * DAY, APPLIED + 3 * DAY)
    told = session().scalars(select(MembershipEvent.to_state).order_by(MembershipEvent.id)).all()
    assert told == ["applied", "approved", "active", "left"]


def test_a_refusal_keeps_its_reason() -> None:
    stored = write("applied", "refused")
    assert (stored.state, stored.reason, stored.active_at) == ("refused", "本期已满", None)


@pytest.mark.parametrize("states", [("approved",), ("applied", "active"), ("left",)])
def test_an_illegal_move_is_refused(states: tuple[str, ...]) -> None:
    with pytest.raises(IntegrityError):
        write(*states)


def test_nobody_approves_herself_in_the_past_either() -> None:
    with pytest.raises(Forbidden, match="own_application"):
        write("applied", "approved", alone=True)


def test_a_membership_without_a_move_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with a move"), transaction():
        backfill.add_memberships(IMPORT, [PastMembership(1, 1, "member", "990100/", ())])


def test_a_person_may_not_backfill() -> None:
    for write in (
        lambda: backfill.add_branches(Actor(1), []),
        lambda: backfill.add_teams(Actor(1), [], branches={}),
        lambda: backfill.add_memberships(Actor(1), []),
    ):
        with pytest.raises(Forbidden), transaction():
            write()
