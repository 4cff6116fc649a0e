"""What the desk sees: applications that wait, teams and their members, only of the actor's own areas and teams."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import selectinload

from community.core import clock
from community.core.authz import Actor, Perm, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.core.i18n import _, plain
from community.people.queries import MEMBER
from community.places import queries as places
from community.teams.models import Membership, Team, TeamArea
from community.teams.policies import PLACE_TAKEN_BY, ancestors, due_at

WAITING = ("waiting_guardian", "applied")
SHOWN = 50

_MEMBERSHIP = Membership.__table__.c
_TEAM = Team.__table__.c


@dataclass(frozen=True, slots=True)
class Application:
    """An application in the queue. `same_number` counts other members with her telephone number, `number_verified` says
    whether one of them is verified; `serves` is the number of her teams."""

    id: int
    member_id: int
    name: str
    age_band: str
    verified: bool
    phone_cipher: str | None
    guardian_name: str | None
    guardian_phone_cipher: str | None
    home_area_id: int | None
    team_id: int
    team: str
    kind: str
    state: str
    building_id: int | None
    scope_path: str
    applied_at: dt.datetime
    same_number: int
    number_verified: bool
    serves: int
    place: str = ""
    home: str = ""

    @property
    def days(self) -> int:
        """Whole days since it was made."""
        return (clock.now() - self.applied_at).days

    @property
    def late(self) -> bool:
        return clock.now() > due_at(self.applied_at)


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team in the desk's list, with the numbers of its members and of applications that the actor sees."""

    id: int
    name: str
    kind: str
    hours: str
    night: bool
    state: str
    places: int
    active: int
    waiting: int


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A membership in the desk's page of a team."""

    id: int
    member_id: int
    name: str
    state: str
    role: str
    building_id: int | None
    scope_path: str
    since: dt.datetime
    mine: bool = False
    building: str = ""
    decides: bool = False


def waiting(actor: Actor, *, area: str = "", states: Sequence[str] = WAITING) -> int:
    """Return how many applications wait for the actor, or for a guardian whom she calls, below the path `area`."""
    statement = select(func.count()).select_from(Membership).where(*_queue(actor, area, states))
    return session().scalar(statement) or 0


def applications(
    actor: Actor, limit: int = SHOWN, *, area: str = "", states: Sequence[str] = WAITING
) -> list[Application]:
    """Return the applications that the actor may decide about, the oldest first, at most `limit`."""
    must(actor, Perm.MEMBERSHIP_DECIDE)
    rows = (
        session()
        .execute(
            _applications()
            .where(*_queue(actor, area, states))
            .order_by(_MEMBERSHIP.applied_at, _MEMBERSHIP.id)
            .limit(limit)
        )
        .all()
    )
    names = places.names([area for row in rows for area in (row.building_id, row.home_area_id)])
    return [
        Application(**row._mapping, place=names.get(row.building_id, ""), home=names.get(row.home_area_id, ""))
        for row in rows
    ]


def teams(actor: Actor) -> list[TeamLine]:
    """Return the teams that work in the actor's areas or above them, and those she has an office in."""
    must(actor, Perm.TEAM_READ)
    seen = visible(actor, Perm.MEMBERSHIP_READ, Membership)
    rows = session().execute(
        select(
            _TEAM.id,
            _TEAM.name,
            _TEAM.kind,
            _TEAM.hours,
            _TEAM.night,
            _TEAM.state,
            _TEAM.places,
            _count(seen, ("active",)).label("active"),
            _count(seen, WAITING).label("waiting"),
        )
        .where(_seen(actor))
        .order_by(_TEAM.state.desc(), _TEAM.kind, _TEAM.name)
    )
    return [TeamLine(**row._mapping) for row in rows]


def team(actor: Actor, team_id: int) -> Team:
    """Return a team that the actor sees on the desk, with its areas; raises NotFound for another one."""
    must(actor, Perm.TEAM_READ)
    wanted = select(Team).where(Team.id == team_id, _seen(actor)).options(selectinload(Team.areas))
    found = session().scalars(wanted).one_or_none()
    if found is None:
        raise NotFound
    return found


def team_members(actor: Actor, team_id: int) -> list[TeamMember]:
    """Return the open memberships of the team that lie in the actor's areas: leaders, then members, then who waits."""
    place = case((_MEMBERSHIP.role == "leader", 0), (_MEMBERSHIP.role == "deputy", 1), else_=2)
    stage = case((_MEMBERSHIP.state == "active", 0), (_MEMBERSHIP.state == "approved", 1), else_=2)
    rows = (
        session()
        .execute(
            select(
                _MEMBERSHIP.id,
                _MEMBERSHIP.member_id,
                MEMBER.c.display_name.label("name"),
                _MEMBERSHIP.state,
                _MEMBERSHIP.role,
                _MEMBERSHIP.building_id,
                _MEMBERSHIP.scope_path,
                func.coalesce(_MEMBERSHIP.active_at, _MEMBERSHIP.applied_at).label("since"),
                visible(actor, Perm.MEMBERSHIP_DECIDE, Membership).label("decides"),
            )
            .join(MEMBER, MEMBER.c.id == _MEMBERSHIP.member_id)
            .where(
                _MEMBERSHIP.team_id == team_id,
                _MEMBERSHIP.state.in_((*PLACE_TAKEN_BY, *WAITING)),
                visible(actor, Perm.MEMBERSHIP_READ, Membership),
            )
            .order_by(stage, place, _MEMBERSHIP.building_id, MEMBER.c.display_name, _MEMBERSHIP.id)
        )
        .all()
    )
    names = places.names([row.building_id for row in rows])
    return [
        TeamMember(
            **{**row._mapping, "decides": bool(row.decides)},
            mine=row.member_id == actor.member_id,
            building=names.get(row.building_id, ""),
        )
        for row in rows
    ]


def team_of(actor: Actor, membership_id: int) -> int:
    """Return the team of a membership that the actor may decide about; raises NotFound for another one."""
    found: int | None = session().scalar(
        select(_MEMBERSHIP.team_id).where(
            _MEMBERSHIP.id == membership_id, visible(actor, Perm.MEMBERSHIP_DECIDE, Membership)
        )
    )
    if found is None:
        raise NotFound
    return found


def of_member(actor: Actor, member_id: int) -> list[TeamMember]:
    """Return what the actor sees of one member's memberships, for her page on the desk; `name` is the team's."""
    rows = (
        session()
        .execute(
            select(
                _MEMBERSHIP.id,
                _MEMBERSHIP.member_id,
                _TEAM.name,
                _MEMBERSHIP.state,
                _MEMBERSHIP.role,
                _MEMBERSHIP.building_id,
                _MEMBERSHIP.scope_path,
                func.coalesce(_MEMBERSHIP.ended_at, _MEMBERSHIP.active_at, _MEMBERSHIP.applied_at).label("since"),
            )
            .join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
            .where(_MEMBERSHIP.member_id == member_id, visible(actor, Perm.MEMBERSHIP_READ, Membership))
            .order_by(_MEMBERSHIP.id.desc())
        )
        .all()
    )
    names = places.names([row.building_id for row in rows])
    return [TeamMember(**row._mapping, building=names.get(row.building_id, "")) for row in rows]


def titles(actor: Actor, ids: Sequence[int]) -> dict[int, str]:
    """Return id → "name · team" of the memberships among `ids` that the actor decides about.

    In the order of teams, then members: whoever decides about several locks them in this order.
    """
    rows = session().execute(
        select(_MEMBERSHIP.id, MEMBER.c.display_name, _TEAM.name)
        .join(MEMBER, MEMBER.c.id == _MEMBERSHIP.member_id)
        .join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
        .where(_MEMBERSHIP.id.in_(ids), visible(actor, Perm.MEMBERSHIP_DECIDE, Membership))
        .order_by(_MEMBERSHIP.team_id, _MEMBERSHIP.member_id, _MEMBERSHIP.id)
    )
    return {row[0]: f"{row[1]} · {row[2]}" for row in rows}


def has_applied(member_id: Any) -> ColumnElement[bool]:
    """Say in SQL whether the member (a column) waits for an answer to an application."""
    waiting = _MEMBERSHIP.member_id == member_id, _MEMBERSHIP.state.in_(WAITING)
    return select(_MEMBERSHIP.id).where(*waiting).exists()


def _queue(actor: Actor, area: str, states: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    below = (under(_MEMBERSHIP.scope_path, (area,)),) if area else ()
    return _MEMBERSHIP.state.in_(states), visible(actor, Perm.MEMBERSHIP_DECIDE, Membership), *below


def _seen(actor: Actor) -> ColumnElement[bool]:
    # A team that works in the whole town serves the village too: its admin sees the team, and of it her own people.
    above = {
        path
        for grant in actor.held
        if Perm.TEAM_READ in grant.perms and grant.area_path
        for path in ancestors(grant.area_path)
    }
    serves = select(TeamArea.team_id).where(TeamArea.scope_path.in_(sorted(above)))
    return or_(visible(actor, Perm.TEAM_READ, Team), Team.id.in_(serves))


def _count(seen: ColumnElement[bool], states: tuple[str, ...]) -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(Membership)
        .where(Membership.team_id == _TEAM.id, Membership.state.in_(states), seen)
        .correlate(Team.__table__)
        .scalar_subquery()
    )


def _applications() -> Select[Any]:
    other, more = MEMBER.alias("other"), Membership.__table__.alias("more")
    same = (other.c.phone_hash == MEMBER.c.phone_hash) & (other.c.id != MEMBER.c.id) & (other.c.status != "merged")
    numbers = select(func.count()).select_from(other).where(same)
    verified = select(other.c.id).where(same, other.c.verified_at.is_not(None)).exists()
    serves = select(func.count()).select_from(more).where(more.c.member_id == MEMBER.c.id, more.c.state == "active")
    return (
        select(
            _MEMBERSHIP.id,
            _MEMBERSHIP.member_id,
            MEMBER.c.display_name.label("name"),
            MEMBER.c.age_band,
            MEMBER.c.verified_at.is_not(None).label("verified"),
            MEMBER.c.phone_cipher,
            MEMBER.c.guardian_name,
            MEMBER.c.guardian_phone_cipher,
            MEMBER.c.home_area_id,
            _MEMBERSHIP.team_id,
            _TEAM.name.label("team"),
            _TEAM.kind,
            _MEMBERSHIP.state,
            _MEMBERSHIP.building_id,
            _MEMBERSHIP.scope_path,
            _MEMBERSHIP.applied_at,
            numbers.correlate(MEMBER).scalar_subquery().label("same_number"),
            verified.correlate(MEMBER).label("number_verified"),
            serves.correlate(MEMBER).scalar_subquery().label("serves"),
        )
        .join(MEMBER, MEMBER.c.id == _MEMBERSHIP.member_id)
        .join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
    )


def working_in(area: Any) -> str | None:
    """Say how many open teams work in the area, None for none: it is not closed while they do."""
    here = select(TeamArea.team_id).where(under(TeamArea.scope_path, (area.path,)))
    inside = under(Team.scope_path, (area.path,)) | Team.id.in_(here)
    count = session().scalar(select(func.count()).select_from(Team).where(inside, Team.state == "open")) or 0
    return plain(_("还有 %(count)s 支队伍在这里活动", count=count)) if count else None


def paths(ids: Iterable[int | None]) -> dict[int, str]:
    """Return team id → path of the area it is run from, for the teams among `ids`."""
    wanted = sorted({team_id for team_id in ids if team_id})
    if not wanted:
        return {}
    rows = session().execute(select(_TEAM.id, _TEAM.scope_path).where(_TEAM.id.in_(wanted)))
    return {row.id: row.scope_path for row in rows}


def every_path(ids: Iterable[int | None]) -> dict[int, tuple[str, ...]]:
    """Return team id → the paths of every area it works in, the one it is run from first, for the teams among `ids`."""
    found = {team_id: [path] for team_id, path in paths(ids).items()}
    rows = session().execute(select(TeamArea.team_id, TeamArea.scope_path).where(TeamArea.team_id.in_(sorted(found))))
    for row in rows:
        found[row.team_id].append(row.scope_path)
    return {team_id: tuple(dict.fromkeys(every)) for team_id, every in found.items()}


def under_paths(prefixes: tuple[str, ...]) -> list[int]:
    """Return the ids of the teams that are run from an area at or below one of `prefixes`."""
    return list(session().scalars(select(_TEAM.id).where(under(_TEAM.scope_path, prefixes)).order_by(_TEAM.id)))


def members_of_kind(kind: str) -> Select[Any]:
    """Return the select of the ids of who serves in a team of `kind`, for the filter of the desk's people."""
    return (
        select(_MEMBERSHIP.member_id)
        .join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
        .where(_TEAM.kind == kind, _MEMBERSHIP.state == "active")
    )


def membership_names(ids: Iterable[int]) -> dict[int, str]:
    """Return membership id → whose it is, for the memberships among `ids`."""
    rows = session().execute(
        select(_MEMBERSHIP.id, MEMBER.c.display_name)
        .join(MEMBER, MEMBER.c.id == _MEMBERSHIP.member_id)
        .where(_MEMBERSHIP.id.in_(sorted(ids)))
    )
    return {row.id: row.display_name for row in rows}
