"""Write many teams and memberships at once with the events of their past, as an import does.

The tables' own rules hold (legal moves, nobody decides for herself); no grant, message or event is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.ids import new_id
from community.teams.models import Branch, Membership, MembershipEvent, Team, TeamArea


@dataclass(frozen=True, slots=True)
class NewTeam:
    """A team, its branch's code and the areas it works in, (id, path); the first is the one that runs it."""

    name: str
    kind: str
    branch_code: str
    town_id: int
    areas: tuple[tuple[int, str], ...]
    about: str
    hours: str
    colour: str
    night: bool
    places: int


@dataclass(frozen=True, slots=True)
class PastMove:
    """One move of a membership, in order; `by_id` is None for moves that follow by rule."""

    from_state: str
    to_state: str
    at: dt.datetime
    by_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PastMembership:
    """A membership with all its moves; its state is where the last one led."""

    team_id: int
    member_id: int
    role: str
    scope_path: str
    moves: tuple[PastMove, ...]
    building_id: int | None = None


def add_branches(actor: Actor, branches: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Write branches given as (code, name) and return their ids by code."""
    must_be_system(actor)
    made = {code: new_id() for code, _name in branches}
    rows = [{"id": made[code], "code": code, "name": name, "sort": sort} for sort, (code, name) in enumerate(branches)]
    if rows:
        session().execute(insert(Branch), rows)
    return made


def add_teams(actor: Actor, teams: Sequence[NewTeam], *, branches: dict[str, int]) -> list[int]:
    """Write teams and return their ids in the same order. Raises KeyError for an unknown branch code."""
    must_be_system(actor)
    made: list[int] = []
    rows: list[dict[str, Any]] = []
    areas: list[dict[str, Any]] = []
    for team in teams:
        team_id = new_id()
        made.append(team_id)
        rows.append(
            {
                "id": team_id,
                "town_id": team.town_id,
                "scope_path": team.areas[0][1],
                "branch_id": branches[team.branch_code],
                "kind": team.kind,
                "name": team.name,
                "about": team.about,
                "hours": team.hours,
                "colour": team.colour,
                "night": team.night,
                "places": team.places,
            }
        )
        areas.extend({"team_id": team_id, "area_id": area_id, "scope_path": path} for area_id, path in team.areas)
    if rows:
        session().execute(insert(Team), rows)
        session().execute(insert(TeamArea), areas)
    return made


def add_memberships(actor: Actor, memberships: Iterable[PastMembership]) -> int:
    """Write memberships and their events; returns how many memberships. Raises ValueError for one without a move."""
    must_be_system(actor)
    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for membership in memberships:
        if not membership.moves:
            raise ValueError("a membership begins with a move")
        row = _row(membership)
        rows.append(row)
        events.extend(_events(row["id"], membership))
    if rows:
        session().execute(insert(Membership), rows)
        session().execute(insert(MembershipEvent), events)
    return len(rows)


def _row(membership: PastMembership) -> dict[str, Any]:
    last = membership.moves[-1]
    reached = {move.to_state: move.at for move in membership.moves}
    return {
        "id": new_id(),
        "team_id": membership.team_id,
        "member_id": membership.member_id,
        "role": membership.role,
        "building_id": membership.building_id,
        "scope_path": membership.scope_path,
        "state": last.to_state,
        "applied_at": membership.moves[0].at,
        "active_at": reached.get("active"),
        "ended_at": last.at if last.to_state in {"left", "refused"} else None,
        "reason": last.reason,
    }


def _events(membership_id: int, membership: PastMembership) -> Iterator[dict[str, Any]]:
    for number, move in enumerate(membership.moves):
        yield {
            "id": new_id(),
            "membership_id": membership_id,
            "seq": number,
            "member_id": membership.member_id,
            "from_state": move.from_state,
            "to_state": move.to_state,
            "by_id": move.by_id,
            "reason": move.reason,
            "at": move.at,
        }
