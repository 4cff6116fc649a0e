"""Rules that need no database: who may join what, where an application is decided, when it is answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from community.core.authz import Actor, Perm, can
from community.core.errors import Conflict, DomainError, Forbidden
from community.core.i18n import _
from community.people.policies import MINOR, check_age
from community.teams.models import MOVES, Team

ANSWER_WITHIN = dt.timedelta(days=2)
PLACE_TAKEN_BY = ("approved", "active")


def must_fit_age(age_band: str, *, night: bool) -> None:
    """Raise unless a person of `age_band` may join: nobody under 14, minors not at night (product.md §5.4)."""
    if check_age(age_band) == MINOR and night:
        raise DomainError(
            "night_adults_only",
            _("这支队晚上巡逻，只收成年人"),
            next_step=_("未满 18 岁可以参加白天的队伍。"),
            field="age_band",
        )


def must_be_legal(from_state: str, to_state: str) -> None:
    """Raise Conflict unless a membership may move so; the rows of `membership_move` say the same in the database."""
    if (from_state, to_state) not in MOVES:
        raise Conflict(
            "membership_moved",
            _("这份申请的状态已经变了"),
            next_step=_("可能别人刚刚处理过，请刷新后再看。"),
        )


def first_state(age_band: str, *, guardian_agreed: bool) -> str:
    """Return the state that an application begins in."""
    return "waiting_guardian" if age_band == MINOR and not guardian_agreed else "applied"


def scope_of(team: Team, *, home_path: str, building_path: str | None) -> str:
    """Return the path of the area whose admin decides: a captain's building, else her community where the team works
    there, else the team's own area. Load `team.areas` first."""
    if building_path:
        return building_path
    inside = any(home_path.startswith(path) for path in team.scope_paths)
    return home_path if inside else team.scope_path


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the areas that a team works in."""

    scope_path: str
    scope_team_id: int


def reaches_whole(actor: Actor, team: Team) -> bool:
    """Say whether the actor decides about memberships everywhere the team works (load `team.areas` first)."""
    return all(can(actor, Perm.MEMBERSHIP_DECIDE, _Part(path, team.id)) for path in team.scope_paths)


def must_reach_whole(actor: Actor, team: Team) -> None:
    """Raise Forbidden unless the actor decides everywhere the team works: its leader sees and settles all of that."""
    if not reaches_whole(actor, team):
        raise Forbidden(_("这支队还在您的片区以外活动，队长请由镇街或联合会来定"), code="wider_team")


def ancestors(path: str) -> tuple[str, ...]:
    """Return `path` and the paths of every area above it: "a/b/" gives "a/", "a/b/"."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[: depth + 1]) + "/" for depth in range(len(parts)))


def due_at(since: dt.datetime) -> dt.datetime:
    """Return by when an application made at `since` is answered."""
    return since + ANSWER_WITHIN
