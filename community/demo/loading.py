"""Load the demo district through the rooms: areas, people, teams and posts; `history` adds what they have done.

Everything happens in the caller's one transaction: a load that is interrupted leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from community.access import backfill as access
from community.access.backfill import PastGrant
from community.core import clock
from community.core.authz import Actor
from community.core.errors import Conflict
from community.core.i18n import _
from community.core.ids import new_id
from community.demo.district import AreaPlan, District
from community.demo.people import AgeBand, Membership, Person, Population, State, make_population
from community.people import backfill as people, consents
from community.people.backfill import Guardian, PastMember, Verified
from community.places import backfill as places
from community.places.backfill import AreaRef, NewArea, NewPost, NewUnit, PastImport, PostRef
from community.teams import backfill as teams
from community.teams.backfill import NewTeam, PastMembership, PastMove

# Whose members without a phone carry a paper card, and how many of them.
_CARDS_IN, _CARDS = "晚潮夜巡队", 3


@dataclass(frozen=True)
class Loaded:
    """The district as it was written: ids of the rooms beside the plans they were made from."""

    district: District
    population: Population
    today: dt.date
    days: int
    areas: dict[str, AreaRef]
    members: list[int]
    teams: dict[str, int]
    posts: dict[str, PostRef]

    @property
    def first_day(self) -> dt.date:
        """The first day of the history."""
        return self.today - dt.timedelta(days=self.days - 1)


def load_district(actor: Actor, district: District, *, people_wanted: int, days: int) -> Loaded:
    """Write the district and its people as of now.

    Raises Conflict when the database holds any area already, ValueError for too few people. Members have no password:
    demo mode lets one become any of the cast with one tap.
    """
    if not places.is_empty(actor):
        raise Conflict(
            "demo_database_used",
            _("这个数据库里已经有数据，示例区只装进空的数据库"),
            next_step=_("要重新装载，请换一个空的数据库，或删除 instance 目录里的数据库文件后再来。"),
        )
    population = make_population(
        district, people=people_wanted, days=days, today=clock.today(), zone=clock.zone(), seed=district.seed
    )
    return _Load(actor, district, population, days).run()


class _Load:
    """One load: the stages in the order in which rows refer to each other."""

    def __init__(self, actor: Actor, district: District, population: Population, days: int) -> None:
        self.actor, self.district, self.population, self.days = actor, district, population, days
        self.today = clock.today()
        self.founded_at = clock.at_local(self.today - dt.timedelta(days=days + 20), dt.time(9))
        self.areas: dict[str, AreaRef] = {}
        self.ids = [new_id() for _person in population.people]
        self.teams: dict[str, int] = {}
        self.volunteers = {m.person for m in population.memberships if m.active_from is not None}

    def run(self) -> Loaded:
        self.areas = places.add_areas(self.actor, (_area(plan) for plan in self.district.areas))
        self._people()
        self._teams()
        access.add_grants(self.actor, self._grants())
        self._units()
        return Loaded(
            district=self.district,
            population=self.population,
            today=self.today,
            days=self.days,
            areas=self.areas,
            members=self.ids,
            teams=self.teams,
            posts=self._posts(),
        )

    # People

    def _people(self) -> None:
        verified = self._verifications()
        # A row refers to whoever verified it: first the founder, whom a command made, then the admins, then all others.
        for rank in ("founder", "staff", "resident"):
            ranked = [person for person in self.population.people if self._rank(person) == rank]
            people.add_members(self.actor, [self._member(person, verified.get(person.number)) for person in ranked])

    def _rank(self, person: Person) -> str:
        if person is self._founder:
            return "founder"
        return "resident" if person.role == "resident" else "staff"

    @property
    def _founder(self) -> Person:
        return self.population.by_key("association_admin")

    def _member(self, person: Person, verified: Verified | None) -> PastMember:
        volunteers = person.number in self.volunteers
        return PastMember(
            id=self.ids[person.number],
            name=person.name,
            phone=_e164(person.phone),
            age_band=person.band.value,
            home_id=self.areas[person.home.code].id,
            home_path=person.home.path,
            town_id=self.areas[person.home.code].town_id,
            joined_at=person.joined_at,
            verified=verified,
            guardian=self._guardian(person, verified),
            consents=(consents.SERVICE, consents.PRESENCE) if volunteers else (consents.SERVICE,),
        )

    def _guardian(self, person: Person, verified: Verified | None) -> Guardian | None:
        if person.guardian is None:
            return None
        guardian = self.population.people[person.guardian]
        return Guardian(guardian.name, _e164(guardian.phone), verified)

    def _verifications(self) -> dict[int, Verified]:
        """Who was checked by whom: volunteers on their approval, residents a day after joining, applicants not yet."""
        found: dict[int, Verified] = {self._founder.number: Verified(self._founder.joined_at, None)}
        waiting = set()
        for membership in self.population.memberships:
            if membership.active_from is None:
                waiting.add(membership.person)
            elif membership.decided_by is not None:
                by_id = self.ids[membership.decided_by]
                found.setdefault(membership.person, Verified(membership.active_from, by_id))
        for person in self.population.people:
            if person.number not in waiting:
                at = person.joined_at + dt.timedelta(days=1)
                found.setdefault(person.number, Verified(at, self.ids[self._founder.number]))
        return found

    # Teams

    def _teams(self) -> None:
        branches = teams.add_branches(self.actor, [(plan.code, plan.name) for plan in self.district.branches])
        codes = {plan.name: plan.code for plan in self.district.branches}
        new = [
            NewTeam(
                name=plan.name,
                kind=plan.kind,
                branch_code=codes[plan.branch],
                town_id=_town(self.areas[plan.areas[0].code]),
                areas=tuple((self.areas[area.code].id, area.path) for area in plan.areas),
                about=plan.does,
                hours=plan.hours,
                colour=plan.colour,
                night=plan.night,
                places=plan.size * max(2, len(self.ids) // self.district.people * 2),
            )
            for plan in self.district.teams
        ]
        made = teams.add_teams(self.actor, new, branches=branches)
        self.teams = dict(zip((plan.name for plan in self.district.teams), made, strict=True))
        teams.add_memberships(self.actor, (self._membership(m) for m in self.population.memberships))
        people.add_member_areas(self.actor, sorted(set(self._belongings())))
        self._cards()

    def _cards(self) -> None:
        """Paper cards for the oldest of the evening patrol, who have no use for a phone."""
        admin = self.population.by_key("village_admin")
        elders = [
            membership
            for membership in self.population.members_of(_CARDS_IN)
            if membership.state is State.ACTIVE
            and not self.population.people[membership.person].key
            and self.population.people[membership.person].band is AgeBand.ELDER
        ]
        holders = [(self.ids[m.person], m.active_from) for m in elders[:_CARDS] if m.active_from]
        people.add_cards(self.actor, holders, issued_by=self.ids[admin.number])

    def _membership(self, membership: Membership) -> PastMembership:
        person = self.population.people[membership.person]
        building = membership.building
        return PastMembership(
            team_id=self.teams[membership.team],
            member_id=self.ids[membership.person],
            role=membership.role,
            scope_path=building.path if building else self._serves(membership.team, person.home),
            moves=tuple(self._moves(membership, person)),
            building_id=self.areas[building.code].id if building else None,
        )

    def _serves(self, team: str, home: AreaPlan) -> str:
        """Her own house where the team works there, else the team's first area: whose admin decides."""
        areas = self.district.teams_by_name[team].areas
        inside = any(home.path.startswith(area.path) for area in areas)
        return home.path if inside else areas[0].path

    def _moves(self, membership: Membership, person: Person) -> Iterator[PastMove]:
        own_id = self.ids[membership.person]
        decided_at, active_from, left_at = membership.decided_at, membership.active_from, membership.left_at
        by_id = None if membership.decided_by is None else self.ids[membership.decided_by]
        first = "waiting_guardian" if person.minor else "applied"
        yield PastMove("new", first, membership.applied_at, own_id)
        if decided_at is None:
            return
        if person.minor:
            half_way = membership.applied_at + (decided_at - membership.applied_at) / 2
            yield PastMove("waiting_guardian", "applied", half_way, by_id)
        if membership.state is State.REFUSED:
            yield PastMove("applied", "refused", decided_at, by_id, membership.reason)
        if active_from is not None:
            yield PastMove("applied", "approved", decided_at, by_id)
            yield PastMove("approved", "active", active_from)
        if left_at is not None:
            yield PastMove("active", "left", left_at, own_id)

    def _belongings(self) -> Iterator[tuple[int, int, str]]:
        """Areas of her teams and her building as a captain, where her home lies outside them."""
        for membership in self.population.memberships:
            if membership.state is not State.ACTIVE:
                continue
            home = self.population.people[membership.person].home.path
            serves = list(self.district.teams_by_name[membership.team].areas)
            serves += [membership.building] if membership.building else []
            for area in serves:
                if not home.startswith(area.path):
                    yield self.ids[membership.person], self.areas[area.code].id, area.path

    # Rights and posts

    def _grants(self) -> Iterator[PastGrant]:
        for person in self.population.people:
            if person.area is not None:
                area = self.areas[person.area.code]
                yield PastGrant(
                    member_id=self.ids[person.number],
                    role=person.role,
                    place=person.area.name,
                    starts_at=person.joined_at,
                    area_id=area.id,
                    area_path=area.path,
                )
        for membership in self.population.memberships:
            if membership.role == "leader" and membership.active_from is not None:
                yield PastGrant(
                    member_id=self.ids[membership.person],
                    role="team_leader",
                    place=membership.team,
                    starts_at=membership.active_from,
                    team_id=self.teams[membership.team],
                )

    def _posts(self) -> dict[str, PostRef]:
        printed_by = self.ids[self.population.by_key("village_admin").number]
        numbers: dict[str, int] = {}
        new = []
        for plan in self.district.posts:
            town = plan.area.town_code or ""
            numbers[town] = numbers.get(town, 0) + 1
            new.append(
                NewPost(
                    area_code=plan.area.code,
                    number=f"{town[-3:]}-{numbers[town]:02d}",
                    name=plan.name,
                    kind=plan.kind,
                    lat=plan.lat,
                    lon=plan.lon,
                    radius_m=plan.radius,
                    open_to=plan.open_to,
                    state="paused" if plan.paused_because else "active",
                    created_at=self.founded_at,
                    printed_by=printed_by,
                    spot=plan.spot,
                    state_why=plan.paused_because,
                )
            )
        made = places.add_posts(self.actor, new, areas=self.areas)
        return {plan.name: ref for plan, ref in zip(self.district.posts, made, strict=True)}

    def _units(self) -> None:
        """Flats for the buildings of the first community, as its admin once brought them in a table."""
        admin = self.population.by_key("village_admin")
        if admin.area is None:
            raise ValueError("a village admin has a village")
        buildings = [
            one for one in self.district.areas if one.kind == "building" and one.path.startswith(admin.area.path)
        ]
        flats = [flat for building in buildings for flat in _flats(building)]
        rows = places.add_units(self.actor, flats, areas=self.areas)
        at = clock.at_local(self.today - dt.timedelta(days=12), dt.time(10, 24))
        brought = PastImport(admin.area.code, f"{admin.area.name}住户单元.csv", rows, self.ids[admin.number], at)
        places.add_import(self.actor, brought, areas=self.areas)


def _flats(building: AreaPlan) -> Iterator[NewUnit]:
    """Two stairs of six floors with two flats each; a floor's flats keep their size from bottom to top."""
    for stair in (1, 2):
        for floor in range(1, 7):
            for door in (1, 2):
                area = Decimal(8950 + 1240 * (door - 1) + 360 * (stair - 1)) / 100
                code = f"{building.code}{stair}{floor:02d}{door:02d}"
                yield NewUnit(building.code, f"{stair}-{floor}0{door}", area, code)


def _area(plan: AreaPlan) -> NewArea:
    return NewArea(
        code=plan.code,
        kind=plan.kind,
        title=plan.label or "",
        name=plan.name,
        parent_code=plan.parent_code,
        path=plan.path,
        population=plan.population,
        phone=plan.phone,
    )


def _e164(phone: str | None) -> str | None:
    return None if phone is None else f"+86{phone}"


def _town(area: AreaRef) -> int:
    if area.town_id is None:
        raise ValueError("a team belongs to a town")
    return area.town_id
