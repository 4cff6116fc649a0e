"""Whom somebody leads or looks after: her team's active members, and who lives in the house she captains."""

from __future__ import annotations

from sqlalchemy import select

from community.core.db import session
from community.people.queries import MEMBER
from community.places import queries as places
from community.teams.models import Membership, Team

_LED, _TEAM = Membership.__table__.c, Team.__table__.c
_LIVING = ("active", "suspended")


def led_by(leader_id: int) -> dict[int, str]:
    """Return member id → the team or house through which `leader_id` knows her, by name; without herself.

    Leaders and deputies of a team know its active members, captains and their deputies who lives in their house.
    """
    own = (
        session()
        .execute(
            select(_LED.team_id, _LED.role, _LED.building_id).where(_LED.member_id == leader_id, _LED.state == "active")
        )
        .all()
    )
    teams = [row.team_id for row in own if row.role in {"leader", "deputy"} and row.building_id is None]
    houses = [row.building_id for row in own if row.building_id is not None]
    found = _of_houses(houses) | _of_teams(teams)
    found.pop(leader_id, None)
    return found


def serving_in_town(town_id: int) -> list[tuple[int, str, int]]:
    """Return (team, its name, member) for every active place in the teams of a town, captains' houses included."""
    rows = session().execute(
        select(_TEAM.id, _TEAM.name, _LED.member_id)
        .join(Team.__table__, _TEAM.id == _LED.team_id)
        .where(_TEAM.town_id == town_id, _LED.state == "active")
    )
    return [(row.id, row.name, row.member_id) for row in rows]


def _of_teams(team_ids: list[int]) -> dict[int, str]:
    rows = session().execute(
        select(MEMBER.c.id, _TEAM.name)
        .join(Membership.__table__, _LED.member_id == MEMBER.c.id)
        .join(Team.__table__, _TEAM.id == _LED.team_id)
        .where(_LED.team_id.in_(team_ids), _LED.state == "active", MEMBER.c.status.in_(_LIVING))
    )
    return {row.id: row.name for row in rows}


def _of_houses(area_ids: list[int]) -> dict[int, str]:
    names = places.names(area_ids)
    rows = session().execute(
        select(MEMBER.c.id, MEMBER.c.home_area_id).where(
            MEMBER.c.home_area_id.in_(area_ids), MEMBER.c.status.in_(_LIVING)
        )
    )
    return {row.id: names.get(row.home_area_id, "") for row in rows}
