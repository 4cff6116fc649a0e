"""What a member sees of her own memberships, and what other rooms ask about one member."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, String, bindparam, func, select

from community.core import clock
from community.core.db import session
from community.people.queries import MEMBER
from community.teams.models import OPEN_STATES, Membership, MembershipEvent, Team, TeamArea
from community.teams.policies import ancestors

# How long a phone may fetch the answer to its application again and be signed in by it.
REPLAY = dt.timedelta(hours=1)

_MEMBERSHIP = Membership.__table__.c
_TEAM = Team.__table__.c


@dataclass(frozen=True, slots=True)
class Mine:
    """A membership with its team, as its member reads it. `moves` are (to_state, at, by_id, reason), oldest first."""

    id: int
    member_id: int
    team_id: int
    team: str
    kind: str
    hours: str
    about: str
    state: str
    role: str
    building_id: int | None
    scope_path: str
    applied_at: dt.datetime
    active_at: dt.datetime | None
    ended_at: dt.datetime | None
    reason: str | None
    moves: tuple[tuple[str, dt.datetime, int | None, str | None], ...] = ()

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES

    def reached_at(self, state: str) -> dt.datetime | None:
        """Return when the membership came into `state` last, or None."""
        return next((at for to_state, at, _by, _why in reversed(self.moves) if to_state == state), None)


def my_memberships(member_id: int) -> list[Mine]:
    """Return the member's memberships: open ones first, the newest on top of each."""
    rows = session().execute(_mine().where(_MEMBERSHIP.member_id == member_id).order_by(_MEMBERSHIP.id.desc()))
    return sorted((Mine(**row._mapping) for row in rows), key=lambda mine: not mine.open)


def own_membership(member_id: int, membership_id: int) -> Mine | None:
    """Return the membership with its moves if it is the member's own, else None."""
    row = session().execute(_mine().where(_MEMBERSHIP.id == membership_id, _MEMBERSHIP.member_id == member_id)).first()
    return None if row is None else Mine(**row._mapping, moves=moves(membership_id))


def moves(membership_id: int) -> tuple[tuple[str, dt.datetime, int | None, str | None], ...]:
    """Return the moves of a membership as (to_state, at, by_id, reason), oldest first."""
    event = MembershipEvent.__table__.c
    rows = session().execute(
        select(event.to_state, event.at, event.by_id, event.reason)
        .where(event.membership_id == membership_id)
        .order_by(event.seq)
    )
    return tuple((row.to_state, row.at, row.by_id, row.reason) for row in rows)


@dataclass(frozen=True, slots=True)
class Decision:
    """An approval or refusal: from which state to which, by whom, when."""

    from_state: str
    to_state: str
    by_id: int | None
    at: dt.datetime


def decision(membership_id: int) -> Decision | None:
    """Return the decision that stands: the latest move but those by rule, if it is an approval or a refusal."""
    event = MembershipEvent.__table__.c
    row = (
        session()
        .execute(
            select(event.from_state, event.to_state, event.by_id, event.at)
            .where(event.membership_id == membership_id, event.by_id.is_not(None))
            .order_by(event.seq.desc())
            .limit(1)
        )
        .first()
    )
    return Decision(**row._mapping) if row is not None and row.to_state in {"approved", "refused"} else None


def decided_between(ids: Sequence[int]) -> bool:
    """Say whether one of the members `ids` has moved a membership of another of them."""
    event = MembershipEvent.__table__.c
    found = select(event.id).where(event.by_id.in_(ids), event.member_id.in_(ids), event.by_id != event.member_id)
    return session().execute(found.limit(1)).first() is not None


def holds_place(member_id: int) -> bool:
    """Say whether a team has approved the member and she is still in it."""
    held = select(_MEMBERSHIP.id).where(
        _MEMBERSHIP.member_id == member_id, _MEMBERSHIP.state.in_(("approved", "active"))
    )
    return session().execute(held.limit(1)).first() is not None


def open_membership(member_id: int, team_id: int) -> int | None:
    """Return the id of the member's open membership in the team, or None."""
    return session().scalar(
        select(_MEMBERSHIP.id).where(
            _MEMBERSHIP.member_id == member_id,
            _MEMBERSHIP.team_id == team_id,
            _MEMBERSHIP.state.in_(OPEN_STATES),
        )
    )


class Serving(NamedTuple):
    """A team that a member serves in: id, name and kind."""

    team_id: int
    name: str
    kind: str


def newcomer_of(location: str) -> tuple[int, int] | None:
    """Return (member, session epoch) of the provisional member whose membership's page `location` is, else None.

    Only within an hour of the application.
    """
    text = location.rpartition("/memberships/")[2]
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    row = (
        session()
        .execute(
            select(MEMBER.c.id, MEMBER.c.session_epoch)
            .join(Membership.__table__, _MEMBERSHIP.member_id == MEMBER.c.id)
            .where(
                _MEMBERSHIP.id == int(text),
                _MEMBERSHIP.applied_at > clock.now() - REPLAY,
                MEMBER.c.verified_at.is_(None),
                MEMBER.c.status == "active",
            )
        )
        .first()
    )
    return None if row is None else (row.id, row.session_epoch)


def waiting_for_guardian(member_id: int) -> list[int]:
    """Return the ids of the member's applications that wait for her guardian."""
    waits = select(_MEMBERSHIP.id).where(_MEMBERSHIP.member_id == member_id, _MEMBERSHIP.state == "waiting_guardian")
    return list(session().scalars(waits.order_by(_MEMBERSHIP.id)))


_AREA = TeamArea.__table__.c
# Built once: every check-in asks it, and building a statement costs more than sending it.
_SERVING = (
    select(_TEAM.id, _TEAM.name, _TEAM.kind)
    .select_from(Membership.__table__)
    .join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
    .join(TeamArea.__table__, _AREA.team_id == _MEMBERSHIP.team_id)
    .where(
        _MEMBERSHIP.member_id == bindparam("member_id"),
        _MEMBERSHIP.state == "active",
        # The team's area is the beginning of the path: a list of all beginnings would be spelled anew each time.
        func.substr(bindparam("path", type_=String), 1, func.length(_AREA.scope_path)) == _AREA.scope_path,
    )
    .order_by(func.length(_AREA.scope_path).desc(), _MEMBERSHIP.id)
    .limit(1)
)


def serving(member_id: int, path: str) -> Serving | None:
    """Return (id, name, kind) of a team in which the member is active and that works at the area `path` or above it.

    The team that works closest is named, of several the one she is in longest; None when there is none. One statement.
    """
    row = session().execute(_SERVING, {"member_id": member_id, "path": path}).first()
    return None if row is None else Serving(row.id, row.name, row.kind)


def circles(member_id: int) -> frozenset[str]:
    """Return which circles the member is in: "volunteers", and "leaders" when she leads a team or captains a house."""
    rows = (
        session()
        .execute(
            select(_MEMBERSHIP.role, _MEMBERSHIP.building_id).where(
                _MEMBERSHIP.member_id == member_id, _MEMBERSHIP.state == "active"
            )
        )
        .all()
    )
    leads = any(row.role in {"leader", "deputy"} or row.building_id is not None for row in rows)
    return frozenset({"volunteers", *(["leaders"] if leads else [])}) if rows else frozenset()


def areas_of(team_ids: Sequence[int]) -> list[str]:
    """Return the paths of the areas that these teams work at, in order."""
    wanted = select(_AREA.scope_path).where(_AREA.team_id.in_(team_ids)).distinct().order_by(_AREA.scope_path)
    return list(session().scalars(wanted))


def leaders(path: str) -> list[str]:
    """Return the names of who leads a team that works at the area `path` or above it, at most three, closest first."""
    area, member = TeamArea.__table__.c, MEMBER.c
    rows = session().execute(
        select(member.display_name, func.max(func.length(area.scope_path)))
        .select_from(Membership.__table__)
        .join(TeamArea.__table__, area.team_id == _MEMBERSHIP.team_id)
        .join(MEMBER, member.id == _MEMBERSHIP.member_id)
        .where(
            _MEMBERSHIP.role == "leader",
            _MEMBERSHIP.state == "active",
            area.scope_path.in_(ancestors(path)),
        )
        .group_by(member.id, member.display_name)
        .order_by(func.max(func.length(area.scope_path)).desc(), member.id)
        .limit(3)
    )
    return [row.display_name for row in rows]


def _mine() -> Select[Any]:
    return select(
        _MEMBERSHIP.id,
        _MEMBERSHIP.member_id,
        _MEMBERSHIP.team_id,
        _TEAM.name.label("team"),
        _TEAM.kind,
        _TEAM.hours,
        _TEAM.about,
        _MEMBERSHIP.state,
        _MEMBERSHIP.role,
        _MEMBERSHIP.building_id,
        _MEMBERSHIP.scope_path,
        _MEMBERSHIP.applied_at,
        _MEMBERSHIP.active_at,
        _MEMBERSHIP.ended_at,
        _MEMBERSHIP.reason,
    ).join(Team.__table__, _TEAM.id == _MEMBERSHIP.team_id)
