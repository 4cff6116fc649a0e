"""Page objects of the room's views: ready values, nothing left to compute in a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from community.core import clock
from community.core.authz import Actor
from community.core.errors import NotFound
from community.core.i18n import Text, _
from community.core.web import display
from community.people import consents, policies as people_policies, queries as people
from community.places import queries as places
from community.teams import policies, queries
from community.teams.forms import ApplyForm, Pick
from community.teams.queries import Card, Mine
from community.teams.words import KINDS, STATES, Kind, Look


@dataclass(frozen=True)
class Area:
    """An area to choose: `teams` is how many teams work there."""

    id: int
    name: str
    path: str
    teams: int = 0


@dataclass(frozen=True)
class Choice:
    """The page that finds a team of one kind. Either `areas` (towns, or communities of `area`) are to choose from, or
    `teams` are shown for `area`, with some `elsewhere` when there are none."""

    kind: Kind
    area: Area | None
    areas: Sequence[Area]
    teams: Sequence[Card]
    elsewhere: Sequence[Card]

    @property
    def title(self) -> Text:
        if self.area is None:
            return _("您住在哪儿")
        if self.areas:
            return _("%(town)s的哪个社区", town=self.area.name)
        return _("%(area)s的队伍", area=self.area.name)


@dataclass(frozen=True)
class Joining:
    """The page of an application. `others` are teams by day, shown to minors who meant a team of the night."""

    team: Card
    kind: Kind
    area: Area | None
    consent: consents.ConsentText | None
    known: bool
    night_minor: bool
    needs_guardian: bool
    others: Sequence[Card]


@dataclass(frozen=True)
class Standing:
    """The page that says where an application stands."""

    mine: Mine
    kind: Kind
    look: Look
    title: Text
    steps: Sequence[tuple[str, Text, Text | None]]
    building: str
    consent: consents.ConsentText | None
    team_open: bool
    needs_password: bool


def kinds() -> list[tuple[Kind, int]]:
    """Return the kinds that have open teams, with how many."""
    open_teams = queries.kinds()
    return [(kind, open_teams[code]) for code, kind in KINDS.items() if open_teams.get(code)]


def choose(kind_code: str, area_id: int | None, actor: Actor | None, *, anywhere: bool = False) -> Choice:
    """Return the page for finding a team of `kind_code` in the area: towns, then communities, then teams.

    Without an area a member starts at home, if teams of this kind work there, unless she looks `anywhere`. Raises
    NotFound.
    """
    kind = KINDS.get(kind_code)
    if kind is None:
        raise NotFound
    everywhere = queries.near(kind_code)
    if area_id is None:
        home = None if anywhere else _home_village(actor)
        if home is not None and _reaching(everywhere, home.path):
            return _teams_of(kind, home, everywhere)
        return Choice(kind, None, _with_counts(places.towns(), everywhere), (), ())
    area = places.area(area_id)
    if area is None or area.kind not in {"town", "village"}:
        raise NotFound
    here = Area(area.id, area.name, area.path)
    villages = places.within("village", area.path) if area.kind == "town" else ()
    if len(villages) > 1:
        return Choice(kind, here, _with_counts(villages, everywhere), (), ())
    if villages:
        here = Area(villages[0].id, villages[0].name, villages[0].path)
    return _teams_of(kind, here, everywhere)


def joining(team_id: int, area_id: int | None, actor: Actor | None, form: ApplyForm | None = None) -> Joining:
    """Return the page of an application to the team; raises NotFound for a team that is not there."""
    team = queries.card(team_id)
    if team is None:
        raise NotFound
    member = people.known_member(actor.member_id) if actor else None
    area = _village(area_id) or (_home_village(actor) if actor else None)
    minor = member.age_band == people_policies.MINOR if member else bool(form and form.minor)
    night_minor = team.night and minor
    others = queries.near("", (area.path if area else team.scope_path), night=False) if night_minor or team.full else ()
    return Joining(
        team=team,
        kind=KINDS[team.kind],
        area=area,
        consent=None if actor and _agreed(actor.member_id) else consents.current(consents.SERVICE),
        known=actor is not None,
        night_minor=night_minor,
        needs_guardian=minor and not (member is not None and member.guardian_at is not None),
        others=[other for other in others if other.id != team.id and not other.full],
    )


def form_for(team_id: int, area_id: int | None, actor: Actor | None) -> ApplyForm:
    """Return the application's form with the choices that this person has in this team."""
    page = joining(team_id, area_id, actor)
    form = ApplyForm.for_(
        known=page.known,
        buildings=_buildings(page) if page.team.kind == "captains" else None,
        homes=_homes(page.team),
        agreed=page.consent is None,
    )
    if "home_area_id" in form and not form.is_submitted() and page.area:
        form.home_area_id.data = str(page.area.id)
    return form


def standing(actor: Actor, membership_id: int) -> Standing:
    """Return the page of the actor's own membership; raises NotFound for anybody else's."""
    mine = queries.own_membership(actor.member_id, membership_id)
    if mine is None:
        raise NotFound
    team = queries.card(mine.team_id)
    return Standing(
        mine=mine,
        kind=KINDS[mine.kind],
        look=STATES[mine.state],
        title=_TITLES[mine.state],
        steps=_steps(mine),
        building=places.names([mine.building_id]).get(mine.building_id or 0, ""),
        consent=consents.current(consents.SERVICE) if mine.open and not _agreed(actor.member_id) else None,
        team_open=team is not None and team.state == "open",
        needs_password=mine.open and people.known_member(actor.member_id).password_hash is None,
    )


_TITLES: dict[str, Text] = {
    "waiting_guardian": _("等监护人同意"),
    "applied": _("申请已收到"),
    "approved": _("申请通过了"),
    "active": _("您已在队"),
    "refused": _("这次没有通过"),
    "left": _("您已退出"),
}


def _steps(mine: Mine) -> list[tuple[str, Text, Text | None]]:
    steps: list[tuple[str, Text, Text | None]] = [("done", _("收到申请"), display.instant(mine.applied_at))]
    guardian = mine.moves and mine.moves[0][0] == "waiting_guardian"
    if guardian:
        steps.append(_guardian_step(mine))
    if mine.state == "refused":
        return [*steps, ("now", _("没有通过"), display.instant(mine.ended_at))]
    steps += [_answer_step(mine), _start_step(mine)]
    if mine.state == "left":
        steps = [step for step in steps if step[0] == "done"]
        steps.append(("now", _("已退出"), display.instant(mine.ended_at)))
    return steps


def _guardian_step(mine: Mine) -> tuple[str, Text, Text | None]:
    at = mine.reached_at("applied")
    if at is not None:
        return "done", _("监护人同意了"), display.instant(at)
    if mine.state == "waiting_guardian":
        return "now", _("等监护人同意"), _("社区会打监护人的电话；也可以和监护人一起到居委会签字，当场就好。")
    return "todo", _("监护人同意"), None


def _answer_step(mine: Mine) -> tuple[str, Text, Text | None]:
    at = mine.reached_at("approved")
    if at is not None:
        return "done", _("审核通过"), display.instant(at)
    if mine.state != "applied":
        return "todo", _("社区或联合会审核"), _("监护人同意后两天内答复。")
    due = policies.due_at(mine.reached_at("applied") or mine.applied_at)
    if clock.now() > due:
        return "now", _("正在审核"), _("比说好的 %(day)s 晚了，抱歉。可以到居委会问一问。", day=display.day(due))
    return "now", _("正在审核"), _("最晚 %(time)s 前答复。社区可能会打电话核对您是谁。", time=display.instant(due))


def _start_step(mine: Mine) -> tuple[str, Text, Text | None]:
    if mine.active_at is not None:
        return "done", _("正式在队"), display.instant(mine.active_at)
    if mine.state == "approved":
        return "now", _("看新的说明"), _("同意后马上就能打卡。")
    return "todo", _("正式在队"), _("到岗点扫码打卡，就有积分和服务时长。")


def _agreed(member_id: int) -> bool:
    return people.consented(member_id, consents.SERVICE, consents.current(consents.SERVICE).version)


def _home_village(actor: Actor | None) -> Area | None:
    if actor is None or not actor.home_path:
        return None
    found = places.by_path([places.village_path(actor.home_path)])
    return next((Area(area.id, area.name, area.path) for area in found.values() if area.kind == "village"), None)


def _village(area_id: int | None) -> Area | None:
    area = places.area(area_id) if area_id else None
    return Area(area.id, area.name, area.path) if area is not None and area.kind == "village" else None


def _reaching(teams: Sequence[Card], path: str) -> list[Card]:
    return [team for team in teams if team.works_at(path) or any(own.startswith(path) for own in team.paths)]


def _with_counts(areas: Sequence[Any], teams: Sequence[Card]) -> list[Area]:
    counted = [Area(area.id, area.name, area.path, len(_reaching(teams, area.path))) for area in areas]
    return sorted(counted, key=lambda area: not area.teams)


def _teams_of(kind: Kind, area: Area, everywhere: Sequence[Card]) -> Choice:
    near = _reaching(everywhere, area.path)
    elsewhere = [] if near else [team for team in everywhere if not team.full]
    return Choice(kind, area, (), near, elsewhere)


def _homes(team: Card) -> list[Pick]:
    villages = places.within("village")

    def far(town_path: str) -> bool:
        return not any(town_path.startswith(own) or own.startswith(town_path) for own in team.paths)

    # The team's own towns come first.
    towns = sorted(places.towns(), key=lambda town: (far(town.path), town.path))
    return [
        Pick(str(village.id), village.name, town.name)
        for town in towns
        for village in villages
        if village.path.startswith(town.path)
    ]


def _buildings(page: Joining) -> list[Pick]:
    if page.area is None or not page.team.works_at(page.area.path):
        return []
    buildings = places.within("building", page.area.path)
    held = queries.taken(building.id for building in buildings)
    return [Pick(str(building.id), building.name) for building in buildings if building.id not in held]
