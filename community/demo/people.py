"""Make the people of the demo district and their memberships: pure, and the same for the same seed and day."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from community.demo.chance import dice
from community.demo.district import ApplicationPlan, AreaPlan, CastPlan, District, TeamPlan
from community.demo.names import name_for

# 199 0000 xxxx: a block that no carrier hands out. A demo of more people leaves the rest without a phone rather than
# touching numbers that may ring somewhere.
PHONE_BLOCK = "1990000"
PHONES = 10_000
SMALLEST_DEMO = 60


class AgeBand(StrEnum):
    """What is kept of an age. Under 14 nobody registers."""

    MINOR = "14-17"
    ADULT = "18-59"
    ELDER = "60+"


class State(StrEnum):
    """Where a membership stands at the moment of loading."""

    APPLIED = "applied"
    WAITING_GUARDIAN = "waiting_guardian"
    REFUSED = "refused"
    ACTIVE = "active"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo; `number` is the place in the population, `key` names the cast of the sign-in page."""

    number: int
    name: str
    phone: str | None
    band: AgeBand
    home: AreaPlan
    joined_at: datetime
    key: str | None = None
    role: str = "resident"
    area: AreaPlan | None = None
    guardian: int | None = None

    @property
    def minor(self) -> bool:
        """Whether a guardian has to agree, and nights are out of bounds."""
        return self.band is AgeBand.MINOR


@dataclass(frozen=True, slots=True)
class Membership:
    """One person in one team. `active_from` is set once it was approved, `left_at` once it ended."""

    person: int
    team: str
    role: str
    state: State
    applied_at: datetime
    note: str = ""
    building: AreaPlan | None = None
    decided_at: datetime | None = None
    decided_by: int | None = None
    reason: str | None = None
    active_from: datetime | None = None
    left_at: datetime | None = None

    def holds_at(self, instant: datetime) -> bool:
        """Whether the membership was active at that instant."""
        if self.active_from is None or instant < self.active_from:
            return False
        return self.left_at is None or instant < self.left_at


@dataclass(frozen=True)
class Population:
    """Everybody, and who is in which team. People are in the order of their number."""

    people: tuple[Person, ...]
    memberships: tuple[Membership, ...]

    def by_key(self, key: str) -> Person:
        """Return one of the cast. Raises KeyError when the file names no such person."""
        for person in self.people:
            if person.key == key:
                return person
        raise KeyError(key)

    def members_of(self, team: str) -> tuple[Membership, ...]:
        """Memberships of a team that were ever active."""
        return tuple(m for m in self.memberships if m.team == team and m.active_from is not None)


def cast_phone(place: int) -> str:
    """Return the phone (E.164) of the person at that place of the file's cast, who have the first numbers."""
    return f"+86{PHONE_BLOCK}{place:04d}"


def band_of(age: int) -> AgeBand:
    """Return the band of an age in years. Raises ValueError under 14."""
    if age < 14:
        raise ValueError("nobody under 14 is registered")
    if age < 18:
        return AgeBand.MINOR
    return AgeBand.ADULT if age < 60 else AgeBand.ELDER


def make_population(
    district: District, *, people: int, days: int, today: date, zone: ZoneInfo, seed: int
) -> Population:
    """Make `people` persons who joined over the last `days` days and before.

    Applications that wait are counted back from the first minute of `today`, so that none lies in the future. Raises
    ValueError when so few people are asked for that the cast and the smallest teams do not fit.
    """
    if people < SMALLEST_DEMO:
        raise ValueError(f"a demo needs at least {SMALLEST_DEMO} people")
    return _Making(district, people, days, today, zone, seed).population()


class _Making:
    """One run of the generator: its dice and what it has made so far."""

    def __init__(self, district: District, size: int, days: int, today: date, zone: ZoneInfo, seed: int) -> None:
        self.district, self.size, self.days, self.zone, self.today = district, size, days, zone, today
        self.midnight = datetime.combine(today, time(), zone).astimezone(UTC)
        self.chance = dice(seed, "people")
        self.cast = {plan.key: number for number, plan in enumerate(district.cast)}
        self.named = len(district.cast) + len(district.leaders)
        self.people: list[Person] = []
        self.memberships: list[Membership] = []
        self.sizes: Counter[str] = Counter()
        self.buildings = {town.code: district.areas_of("building", within=town) for town in district.areas_of("town")}
        tail = list(range(100, PHONES))  # the first hundred belong to the people whom the file names
        self.chance.shuffle(tail)
        self.phones = iter([*range(100), *tail])

    def population(self) -> Population:
        for plan in (*self.district.cast, *self.district.leaders):
            self._named(plan)
        for application in self.district.applications:
            self._application(application)
        for team in self.district.teams:
            self._fill(team)
        while len(self.people) < self.size:
            self._person(self._home(), self.chance.randint(18, 84), self._long_ago())
        self._second_teams()
        self._departures()
        return Population(tuple(self.people), tuple(self.memberships))

    # People

    def _person(
        self,
        home: AreaPlan,
        age: int,
        joined_at: datetime,
        *,
        name: str | None = None,
        cast: CastPlan | None = None,
        guardian: int | None = None,
    ) -> Person:
        place = next(self.phones, None)
        person = Person(
            number=len(self.people),
            name=name or name_for(self.chance, born=self.today.year - age),
            phone=None if place is None else f"{PHONE_BLOCK}{place:04d}",
            band=band_of(age),
            home=home,
            joined_at=joined_at,
            key=cast.key if cast else None,
            role=cast.role if cast else "resident",
            area=cast.area if cast else None,
            guardian=guardian,
        )
        self.people.append(person)
        return person

    def _home(self, areas: tuple[AreaPlan, ...] = ()) -> AreaPlan:
        towns = self.district.areas_of("town")
        if areas:
            towns = tuple(town for town in towns if any(area.path.startswith(town.path) for area in areas))
        town = self.chance.choices(towns, weights=[town.homes for town in towns])[0]
        return self.chance.choice(self.buildings[town.code])

    def _named(self, plan: CastPlan) -> None:
        # The named were there before the first generated check-in, so that they may lead and decide from its day on.
        joined_at = self._at(self.today - timedelta(days=self.days + self.chance.randint(40, 90)))
        person = self._person(plan.home, plan.age, joined_at, name=plan.name, cast=plan)
        if plan.team is not None:
            self._member(person, plan.team, joined_at, role=plan.team_role, building=plan.building)

    def _application(self, plan: ApplicationPlan) -> None:
        applied_at = self.midnight - timedelta(hours=plan.hours_before)
        guardian = None
        if plan.guardian is not None:
            name, age = plan.guardian
            guardian = self._person(plan.home, age, applied_at - timedelta(days=40), name=name).number
        joined_at = applied_at - timedelta(minutes=12)
        person = self._person(plan.home, plan.age, joined_at, name=plan.name, guardian=guardian)
        hours = plan.decided_hours_before
        self.memberships.append(
            Membership(
                person=person.number,
                team=plan.team,
                role="member",
                state=State(plan.state),
                applied_at=applied_at,
                note=plan.note,
                building=plan.building,
                decided_at=None if hours is None else self.midnight - timedelta(hours=hours),
                decided_by=None if hours is None else self._decider(person),
                reason=plan.reason,
            )
        )

    # Teams

    def _fill(self, team: TeamPlan) -> None:
        wanted = max(2, round(team.size * self.size / self.district.people))
        for place in range(wanted - self.sizes[team.name]):
            if len(self.people) >= self.size:
                return
            age = self._age(team)
            role, building = self._place(team, place)
            home = building or self._home(team.areas)
            guardian = self._guardian(home) if age < 18 else None
            person = self._person(home, age, self._long_ago(), guardian=guardian)
            self._member(person, team.name, person.joined_at, role=role, building=building)

    def _age(self, team: TeamPlan) -> int:
        if team.youngest < 18 and self.chance.random() < 0.15:
            return self.chance.randint(team.youngest, 17)
        return max(round(self.chance.triangular(team.youngest, team.oldest)), 18)

    def _guardian(self, home: AreaPlan) -> int:
        """An adult of the same house, or the first of all when the house has none."""
        adults = [person for person in self.people if not person.minor]
        return next((person.number for person in adults if person.home is home), adults[0].number)

    def _place(self, team: TeamPlan, place: int) -> tuple[str, AreaPlan | None]:
        """Role and building: captains get a building each, further ones are deputies; other teams have one deputy."""
        if team.kind != "captains":
            return ("deputy" if place == 0 else "member"), None
        taken = {m.building.code for m in self.memberships if m.building is not None}
        buildings = [b for area in team.areas for b in self.district.areas_of("building", within=area)]
        free = next((building for building in buildings if building.code not in taken), None)
        return ("deputy", self.chance.choice(buildings)) if free is None else ("member", free)

    def _member(
        self, person: Person, team: str, since: datetime, *, role: str, building: AreaPlan | None = None
    ) -> None:
        applied_at = since + timedelta(minutes=self.chance.randint(3, 40))
        decided_at = applied_at + timedelta(minutes=self.chance.randint(90, 5400))
        self.sizes[team] += 1
        self.memberships.append(
            Membership(
                person=person.number,
                team=team,
                role=role,
                state=State.ACTIVE,
                applied_at=applied_at,
                building=building,
                decided_at=decided_at,
                decided_by=self._decider(person),
                active_from=decided_at,
            )
        )

    def _decider(self, applicant: Person) -> int:
        """The village's admin for people of the village, otherwise the association's; never the applicant."""
        village = self.district.cast[self.cast["village_admin"]].area
        nearby = village is not None and applicant.home.path.startswith(village.path)
        keys = (*(("village_admin",) if nearby else ()), "association_admin", "district_office")
        return next(self.cast[key] for key in keys if self.cast[key] != applicant.number)

    def _second_teams(self) -> None:
        """A few adults help in a second team that works at other hours."""
        publicity = next(team.name for team in self.district.teams if team.kind == "publicity")
        helpers = [m for m in self.memberships if m.active_from and m.role == "member" and m.team != publicity]
        for membership in helpers[:: max(1, len(helpers) * 50 // self.size)]:
            person = self.people[membership.person]
            self._member(person, publicity, person.joined_at, role="member")

    def _departures(self) -> None:
        """One membership in forty has ended; nobody named leaves."""
        for place, membership in enumerate(self.memberships):
            if membership.active_from is None or membership.person < self.named or place % 40 != 7:
                continue
            span = self.midnight - membership.active_from
            if span > timedelta(days=30):
                left_at = membership.active_from + span * 4 // 5
                self.memberships[place] = replace(membership, state=State.LEFT, left_at=left_at)

    # Time

    def _long_ago(self) -> datetime:
        """Six in ten joined before the history begins, the others all along it, until ten days ago."""
        before = self.chance.random() < 0.6
        days_ago = self.days + self.chance.randint(5, 200) if before else self.chance.randint(10, max(11, self.days))
        return self._at(self.today - timedelta(days=days_ago))

    def _at(self, day: date) -> datetime:
        local = datetime.combine(day, time(self.chance.randint(8, 20), self.chance.randint(0, 59)), self.zone)
        return local.astimezone(UTC)
