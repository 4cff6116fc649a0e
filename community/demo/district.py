"""Read `district.yaml` into frozen values, and refuse a file that contradicts itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from community.demo.rule_plans import RuleSetPlan, read_rule_set

DISTRICT_FILE = Path(__file__).with_name("district.yaml")
POST_KINDS = frozenset({"patrol", "stairwell", "event", "shop"})
TEAM_KINDS = frozenset({"patrol", "captains", "riders", "school_gate", "flood_watch", "mediation", "publicity"})
APPLICATION_STATES = frozenset({"applied", "waiting_guardian", "refused"})


class DistrictError(ValueError):
    """The file names something that it does not define, or twice the same thing."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """One node of the area tree. `path` ends with "/" and begins with the district's code.

    `label` is what a town or village calls itself (街道 or 镇, 社区 or 村); the other kinds have one word each.
    """

    code: str
    kind: str
    name: str
    label: str | None
    parent_code: str | None
    path: str
    population: int | None
    homes: int = 0
    phone: str | None = None

    @property
    def town_code(self) -> str | None:
        """Code of the town this area lies in, or None for the district."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 else None  # "a/" splits into two parts


@dataclass(frozen=True, slots=True)
class PostPlan:
    """A printed code's place, WGS-84."""

    name: str
    area: AreaPlan
    lat: float
    lon: float
    radius: int
    kind: str
    open_to: str
    spot: str
    paused_because: str | None


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """A branch of the association."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """A team, its size for 300 people and the ages of its generated members."""

    name: str
    kind: str
    branch: str
    colour: str
    size: int
    areas: tuple[AreaPlan, ...]
    youngest: int
    oldest: int
    posts: tuple[PostPlan, ...]
    does: str
    hours: str
    night: bool


@dataclass(frozen=True, slots=True)
class CastPlan:
    """Somebody who is named in the file: of the sign-in page (`key`) or the leader of a team."""

    name: str
    age: int
    home: AreaPlan
    key: str | None = None
    role: str = "resident"
    area: AreaPlan | None = None
    team: str | None = None
    team_role: str = "member"
    building: AreaPlan | None = None
    title: Words | None = None
    can: Words | None = None


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """An application that is not (or not yet) a membership when the demo is loaded."""

    name: str
    age: int
    home: AreaPlan
    team: str
    state: str
    hours_before: int
    note: str
    building: AreaPlan | None = None
    decided_hours_before: int | None = None
    reason: str | None = None
    guardian: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A version of a points rule as people read it; its days count back from the first day of the history."""

    code: str
    version: str
    trigger: str
    min_grade: str
    amount: int
    once_per: str
    cap_day: int
    expires_months: int
    text: Words
    resolution: str
    published_days_before: int
    effective_days_before: int


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """What a town may award in a year: a number of points, or a budget that ran out `held_awards` awards ago."""

    town: AreaPlan
    points: int | None
    held_awards: int
    # What a point costs, and the resolutions of January and June.
    fen: int
    resolutions: tuple[str, ...]


@dataclass(frozen=True)
class District:
    """The whole demo district; every reference in it is resolved."""

    seed: int
    people: int
    dense_days: int
    thin_days: int
    thin_share: float
    areas: tuple[AreaPlan, ...]
    posts: tuple[PostPlan, ...]
    branches: tuple[BranchPlan, ...]
    teams: tuple[TeamPlan, ...]
    cast: tuple[CastPlan, ...]
    leaders: tuple[CastPlan, ...]
    applications: tuple[ApplicationPlan, ...]
    rules: tuple[RulePlan, ...]
    budgets: tuple[BudgetPlan, ...]
    rule_sets: tuple[RuleSetPlan, ...]
    accepted_reasons: tuple[str, ...]
    rejected_reasons: tuple[str, ...]

    @cached_property
    def teams_by_name(self) -> Mapping[str, TeamPlan]:
        """Teams by their name, which is unique in the file."""
        return {team.name: team for team in self.teams}

    def areas_of(self, kind: str, *, within: AreaPlan | None = None) -> tuple[AreaPlan, ...]:
        """Areas of one kind, in the order of the file, optionally only those inside another area."""
        prefix = within.path if within else ""
        return tuple(area for area in self.areas if area.kind == kind and area.path.startswith(prefix))


def read_district(path: Path = DISTRICT_FILE) -> District:
    """Read a district file.

    Raises DistrictError when a name is defined twice, a reference leads nowhere or a word of a closed list is unknown.
    """
    with path.open(encoding="utf-8") as lines:
        raw: dict[str, Any] = yaml.safe_load(lines)
    areas = tuple(_areas(raw))
    find = _Finder(areas)
    history = raw["history"]
    posts = tuple(_post(row, find) for row in raw["posts"])
    district = District(
        seed=raw["seed"],
        people=history["people"],
        dense_days=history["dense_days"],
        thin_days=history["thin_days"],
        thin_share=history["thin_share"],
        areas=areas,
        posts=posts,
        branches=tuple(BranchPlan(row["code"], row["name"]) for row in raw["branches"]),
        teams=tuple(_team(row, find, posts) for row in raw["teams"]),
        cast=tuple(_cast(row, find) for row in raw["cast"]),
        leaders=tuple(_cast({**row, "as": "leader"}, find) for row in raw["leaders"]),
        applications=tuple(_application(row, find) for row in raw["applications"]),
        rules=tuple(_rule(row) for row in raw["rules"]),
        budgets=tuple(
            BudgetPlan(
                find(row["town"]), row.get("points"), row.get("held_awards", 0), row["fen"], tuple(row["resolutions"])
            )
            for row in raw["budgets"]
        ),
        rule_sets=tuple(read_rule_set(row, find(row["area"]).code) for row in raw["rule_sets"]),
        accepted_reasons=tuple(raw["settlement_reasons"]["accepted"]),
        rejected_reasons=tuple(raw["settlement_reasons"]["rejected"]),
    )
    _check(district)
    return district


class _Finder:
    """Looks areas up by the name that the file uses."""

    def __init__(self, areas: tuple[AreaPlan, ...]) -> None:
        self._by_name: dict[str, AreaPlan] = {}
        for area in areas:
            if area.name in self._by_name:
                raise DistrictError(f"two areas are called {area.name}")
            self._by_name[area.name] = area

    def __call__(self, name: str) -> AreaPlan:
        try:
            return self._by_name[name]
        except KeyError:
            raise DistrictError(f"no area is called {name}") from None

    def or_none(self, name: str | None) -> AreaPlan | None:
        return None if name is None else self(name)


def _areas(raw: dict[str, Any]) -> Iterator[AreaPlan]:
    top = raw["district"]
    root = AreaPlan(top["code"], "district", top["name"], None, None, f"{top['code']}/", top["pop"])
    yield root
    for town_row in raw["towns"]:
        villages = town_row["villages"]
        people = sum(grid["pop"] for village in villages for grid in village["grids"])
        town = AreaPlan(
            code=town_row["code"],
            kind="town",
            name=town_row["name"],
            label=town_row["label"],
            parent_code=root.code,
            path=f"{root.path}{town_row['code']}/",
            population=people,
            homes=town_row["homes"],
        )
        yield town
        for number, village_row in enumerate(villages, start=1):
            yield from _village(town, number, village_row)


def _village(town: AreaPlan, number: int, row: dict[str, Any]) -> Iterator[AreaPlan]:
    village = _child(town, number, "village", row["name"], row["label"], sum(g["pop"] for g in row["grids"]))
    yield replace(village, phone=row["phone"])
    for grid_number, grid_row in enumerate(row["grids"], start=1):
        grid = _child(village, grid_number, "grid", grid_row["name"], None, grid_row["pop"])
        yield grid
        for building_number, name in enumerate(grid_row["buildings"], start=1):
            yield _child(grid, building_number, "building", name, None, None)


def _child(parent: AreaPlan, number: int, kind: str, name: str, label: str | None, population: int | None) -> AreaPlan:
    code = f"{parent.code}{number:03d}"
    return AreaPlan(code, kind, name, label, parent.code, f"{parent.path}{code}/", population)


def _post(row: dict[str, Any], find: _Finder) -> PostPlan:
    return PostPlan(
        name=row["name"],
        area=find(row["area"]),
        lat=row["lat"],
        lon=row["lon"],
        radius=row["radius"],
        kind=_one_of(row["kind"], POST_KINDS),
        open_to=_one_of(row["open_to"], frozenset({"volunteers", "anyone"})),
        spot=row["spot"],
        paused_because=row["reason"] if row.get("state") == "paused" else None,
    )


def _team(row: dict[str, Any], find: _Finder, posts: tuple[PostPlan, ...]) -> TeamPlan:
    youngest, oldest = row["ages"]
    usual = {post.name: post for post in posts}
    if unknown := set(row["posts"]) - set(usual):
        raise DistrictError(
            f"{row['name']} is met at posts that the file does not define: {', '.join(sorted(unknown))}"
        )
    return TeamPlan(
        name=row["name"],
        kind=_one_of(row["kind"], TEAM_KINDS),
        branch=row["branch"],
        colour=row["colour"],
        size=row["size"],
        areas=tuple(find(name) for name in row["areas"]),
        youngest=youngest,
        oldest=oldest,
        posts=tuple(usual[name] for name in row["posts"]),
        does=row["does"],
        hours=row["hours"],
        night=row.get("night", False),
    )


def _cast(row: dict[str, Any], find: _Finder) -> CastPlan:
    return CastPlan(
        name=row["name"],
        age=row["age"],
        home=find(row["home"]),
        key=row.get("key"),
        role=row.get("role", "resident"),
        area=find.or_none(row.get("area")),
        team=row.get("team"),
        team_role=row.get("as", "member"),
        building=find.or_none(row.get("building")),
        title=Words(**row["title"]) if "title" in row else None,
        can=Words(**row["can"]) if "can" in row else None,
    )


def _application(row: dict[str, Any], find: _Finder) -> ApplicationPlan:
    guardian = row.get("guardian")
    return ApplicationPlan(
        name=row["name"],
        age=row["age"],
        home=find(row["home"]),
        team=row["team"],
        state=_one_of(row["state"], APPLICATION_STATES),
        hours_before=row["hours_before"],
        note=row["note"],
        building=find.or_none(row.get("building")),
        decided_hours_before=row.get("decided_hours_before"),
        reason=row.get("reason"),
        guardian=(guardian["name"], guardian["age"]) if guardian else None,
    )


def _rule(row: dict[str, Any]) -> RulePlan:
    return RulePlan(**{**row, "text": Words(**row["text"])})


def _one_of(word: str, allowed: frozenset[str]) -> str:
    if word not in allowed:
        raise DistrictError(f"{word} is none of {', '.join(sorted(allowed))}")
    return word


def _check(district: District) -> None:
    _unique("post", [post.name for post in district.posts])
    _unique("team", [team.name for team in district.teams])
    _unique("cast key", [person.key or "" for person in district.cast])
    branches = {branch.name for branch in district.branches}
    for team in district.teams:
        if team.branch not in branches:
            raise DistrictError(f"{team.name} belongs to no branch that the file defines: {team.branch}")
    named = [person.team for person in (*district.cast, *district.leaders) if person.team]
    for name in [*named, *(application.team for application in district.applications)]:
        if name not in district.teams_by_name:
            raise DistrictError(f"no team is called {name}")
    led = [p.team for p in (*district.cast, *district.leaders) if p.team_role == "leader"]
    if sorted(filter(None, led)) != sorted(district.teams_by_name):
        raise DistrictError("every team needs exactly one leader")
    for code in (area.code for area in district.areas):
        if not re.fullmatch(r"\d{6}(\d{3}){0,4}", code):
            raise DistrictError(f"{code} is not an area code")


def _unique(what: str, names: list[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DistrictError(f"the file defines a {what} twice: {', '.join(sorted(twice))}")
