"""What somebody sees who looks for a team: kinds, teams near her, places left, buildings without a captain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, or_, select

from community.core.authz import under
from community.core.db import session
from community.teams.models import Membership, Team, TeamArea
from community.teams.policies import PLACE_TAKEN_BY, ancestors


@dataclass(frozen=True, slots=True)
class Card:
    """A team as people choose it: `left` places are free, `paths` are the areas it works in."""

    id: int
    name: str
    kind: str
    about: str
    hours: str
    night: bool
    state: str
    town_id: int
    scope_path: str
    left: int
    paths: tuple[str, ...]

    @property
    def full(self) -> bool:
        return self.left <= 0

    def works_at(self, path: str) -> bool:
        """Say whether the area `path` lies in one that the team works in."""
        return any(path.startswith(own) for own in self.paths)


def kinds() -> dict[str, int]:
    """Return how many teams of each kind take people, by kind."""
    rows = session().execute(select(Team.kind, func.count()).where(Team.state == "open").group_by(Team.kind)).all()
    return {row[0]: row[1] for row in rows}


def kind_of(team_id: ColumnElement[int]) -> ScalarSelect[str]:
    """Return the kind of the team `team_id`, as a part of another room's statement."""
    return select(Team.kind).where(Team.id == team_id).scalar_subquery()


def kinds_by_id() -> dict[int, str]:
    """Return the kind of every team there is or was, by its id."""
    return {row[0]: row[1] for row in session().execute(select(Team.id, Team.kind))}


def near(kind: str, path: str = "", *, night: bool = True) -> list[Card]:
    """Return the open teams of `kind` that work at, above or below the area `path` (everywhere without one).

    Teams with free places come first. `kind=""` takes every kind, `night=False` leaves out the ones that work at night.
    """
    statement = _cards().where(Team.state == "open")
    if kind:
        statement = statement.where(Team.kind == kind)
    if path:
        statement = statement.where(Team.id.in_(select(TeamArea.team_id).where(_reaches(path))))
    if not night:
        statement = statement.where(Team.night.is_(False))
    return sorted(_read(statement), key=lambda team: (team.full, team.name))


def named(text: str, limit: int, kinds: Sequence[str] = ()) -> list[Card]:
    """Return open teams of one of `kinds`, or with `text` in their name or in what they say of themselves, by name."""
    team = Team.__table__.c
    says = team.name.icontains(text, autoescape=True) | team.about.icontains(text, autoescape=True)
    # Who asks for a team by its own words sees that one before the others of its kind.
    first = case((says, 0), else_=1)
    wanted = select(team.id).where(team.state == "open", says | team.kind.in_(kinds))
    wanted = wanted.order_by(first, team.name).limit(limit)
    order = {team_id: place for place, team_id in enumerate(session().scalars(wanted))}
    return sorted(_read(_cards().where(team.id.in_(order))), key=lambda found: order[found.id])


def card(team_id: int) -> Card | None:
    """Return the team, open or closed, or None."""
    found = _read(_cards().where(Team.id == team_id))
    return found[0] if found else None


def taken(building_ids: Iterable[int]) -> frozenset[int]:
    """Return which of the buildings have a captain."""
    held = select(Membership.building_id).where(
        Membership.building_id.in_(set(building_ids)),
        Membership.role != "deputy",
        Membership.state.in_(PLACE_TAKEN_BY),
    )
    return frozenset(session().scalars(held))


def held_places(team_id: int) -> int:
    """Return how many places of the team are held, by active members and by approved ones."""
    return session().scalar(select(_held(team_id))) or 0


def _held(team_id: Any) -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(Membership)
        .where(Membership.team_id == team_id, Membership.state.in_(PLACE_TAKEN_BY))
        .scalar_subquery()
    )


def _reaches(path: str) -> ColumnElement[bool]:
    return or_(TeamArea.scope_path.in_(ancestors(path)), under(TeamArea.scope_path, (path,)))


def _cards() -> Select[Any]:
    columns = Team.__table__.c
    return (
        select(Team.__table__, _held(columns.id).label("held"), TeamArea.scope_path.label("works_at"))
        .outerjoin(TeamArea, TeamArea.team_id == columns.id)
        .order_by(columns.id, TeamArea.scope_path)
    )


def _read(statement: Select[Any]) -> list[Card]:
    rows: dict[int, Any] = {}
    paths: dict[int, list[str]] = {}
    for row in session().execute(statement):
        rows[row.id] = row
        paths.setdefault(row.id, [row.scope_path] if row.works_at != row.scope_path else [])
        if row.works_at:
            paths[row.id].append(row.works_at)
    return [
        Card(
            id=row.id,
            name=row.name,
            kind=row.kind,
            about=row.about,
            hours=row.hours,
            night=row.night,
            state=row.state,
            town_id=row.town_id,
            scope_path=row.scope_path,
            left=max(0, row.places - row.held),
            paths=tuple(dict.fromkeys(paths[row.id])),
        )
        for row in rows.values()
    ]
