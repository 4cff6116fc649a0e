"""Make the check-ins of the demo's volunteers, day by day: pure, and the same for the same seed and day.

A day is made from its own dice, whatever the length of the history before it. The habits below are ours; they
follow what teams of each kind say about their work: patrols at night, school gates in the morning, riders all day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import cos, hypot, radians
from zoneinfo import ZoneInfo

from community.demo.chance import dice
from community.demo.district import District, PostPlan, TeamPlan
from community.demo.people import Membership, Person, Population

_WEEK = frozenset(range(7))
_SCHOOL_DAYS = frozenset(range(5))
_SCHOOL_MONTHS = frozenset({1, 3, 4, 5, 6, 9, 10, 11, 12})
_NIGHT_FROM, _NIGHT_UNTIL = time(18), time(6, 30)

WALKING, RIDING = 1.2, 6.0  # metres a second, well below what the check-in rules call too fast
_FLAGGED_SHARE = 0.009
_ALWAYS_THERE = 0.55  # the cast of the sign-in page comes more often than others, so that it has something to look at


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a second person decided on a flagged check-in."""

    accepted: bool
    by: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """One scan. `flag` is the code of the rule that marked it, `far_m` its distance in whole hundreds of metres.

    `settlement` is None while a flagged one waits.
    """

    person: int
    team: str
    post: PostPlan
    at: datetime
    kind: str
    src: str
    band: str
    flag: str | None = None
    far_m: int | None = None
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    """When, how often and how far the members of a kind of team go out on one day."""

    weekdays: frozenset[int]
    months: frozenset[int]
    share: float
    start: time
    end: time
    stops: tuple[int, int]
    pace: float
    pause_minutes: tuple[int, int]
    leaves: time | None = None


_ALL_YEAR = frozenset(range(1, 13))
_SUMMER = frozenset({5, 6, 7, 8, 9})
HABITS: dict[str, tuple[Habit, ...]] = {
    "patrol": (
        Habit(_WEEK, _ALL_YEAR, 0.13, time(19, 2), time(19, 14), (5, 6), WALKING, (2, 4)),
        Habit(_WEEK, _ALL_YEAR, 0.13, time(20, 3), time(20, 15), (5, 6), WALKING, (2, 4)),
    ),
    "captains": (
        Habit(_WEEK, _ALL_YEAR, 0.09, time(8, 30), time(10, 30), (2, 4), WALKING, (4, 11)),
        Habit(_WEEK, _ALL_YEAR, 0.05, time(16, 0), time(17, 10), (2, 3), WALKING, (4, 11)),
    ),
    "riders": (Habit(_WEEK, _ALL_YEAR, 0.5, time(9, 30), time(18, 30), (1, 3), RIDING, (40, 130)),),
    "school_gate": (
        Habit(_SCHOOL_DAYS, _SCHOOL_MONTHS, 0.16, time(7, 16), time(7, 34), (1, 1), WALKING, (2, 4), time(8, 6)),
    ),
    "flood_watch": (
        Habit(_WEEK, _SUMMER, 0.22, time(16, 30), time(17, 50), (1, 1), WALKING, (2, 4)),
        Habit(frozenset({5, 6}), _ALL_YEAR - _SUMMER, 0.2, time(15, 0), time(16, 30), (1, 1), WALKING, (2, 4)),
    ),
    "mediation": (Habit(frozenset({1, 3, 5, 6}), _ALL_YEAR, 0.3, time(14, 0), time(16, 0), (1, 2), WALKING, (20, 40)),),
    "publicity": (Habit(frozenset({5, 6}), _ALL_YEAR, 0.3, time(9, 30), time(11, 0), (1, 1), WALKING, (2, 4)),),
}


def make_check_ins(
    district: District, population: Population, *, days: int, today: date, zone: ZoneInfo, seed: int
) -> Iterator[tuple[CheckIn, ...]]:
    """Yield the check-ins of each of the last `days` days, today included, oldest day first, each in order of time.

    Days before the dense ones are thin. Today is made whole: cut it with `until` at the moment of loading.
    """
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        density = 1.0 if back < district.dense_days else district.thin_share
        yield _Day(district, population, day, zone, seed, density, recent=back < 2).check_ins()


def until(check_ins: Iterable[CheckIn], moment: datetime) -> Iterator[CheckIn]:
    """Yield what had happened by a moment: later check-ins drop out, those settled later still wait."""
    for check_in in check_ins:
        if check_in.at <= moment:
            settled = check_in.settlement
            yield check_in if settled is None or settled.at <= moment else replace(check_in, settlement=None)


def metres(one: PostPlan, other: PostPlan) -> float:
    """Distance of two posts, on a plane: exact enough within a district."""
    metre = 111_195.0
    return hypot((one.lat - other.lat) * metre, (one.lon - other.lon) * metre * cos(radians(one.lat)))


class _Day:
    """One day of the district."""

    def __init__(
        self,
        district: District,
        population: Population,
        day: date,
        zone: ZoneInfo,
        seed: int,
        density: float,
        *,
        recent: bool,
    ) -> None:
        self.district, self.population, self.day, self.zone = district, population, day, zone
        self.density, self.recent = density, recent
        self.chance = dice(seed, "day", day.isoformat())

    def check_ins(self) -> tuple[CheckIn, ...]:
        made = [row for team in self.district.teams for row in self._team(team)]
        return tuple(self._flagged(self._plausible(sorted(made, key=lambda row: (row.at, row.person)))))

    # Going out

    def _team(self, team: TeamPlan) -> Iterator[CheckIn]:
        for habit in HABITS[team.kind]:
            if self.day.weekday() not in habit.weekdays or self.day.month not in habit.months:
                continue
            for group in self._groups(team, habit):
                yield from self._outing(team, habit, group)

    def _groups(self, team: TeamPlan, habit: Habit) -> Iterator[list[Membership]]:
        """Draw who goes out: patrols in groups of two to five, the others one by one."""
        noon = self._instant(habit.start)
        active = [m for m in self.population.members_of(team.name) if m.holds_at(noon) and self._may(m, habit)]
        wanted = self._about(len(active) * habit.share * self.density)
        keen = [m for m in active if self._of_cast(m) and self.chance.random() < _ALWAYS_THERE * self.density]
        others = [m for m in active if m not in keen]
        going = [*keen, *self.chance.sample(others, max(0, min(wanted, len(others)) - len(keen)))]
        if team.kind != "patrol":
            yield from ([member] for member in going)
            return
        if len(going) == 1:  # nobody patrols at night alone
            rest = [member for member in active if member not in going]
            going.extend(self.chance.sample(rest, min(1, len(rest))))
        while len(going) > 1:
            size = self.chance.randint(2, min(5, len(going)))
            size = len(going) if len(going) - size == 1 else size
            yield going[:size]
            del going[:size]

    def _may(self, member: Membership, habit: Habit) -> bool:
        """Minors help by day only."""
        late = habit.end >= _NIGHT_FROM or habit.start < _NIGHT_UNTIL
        return not (late and self._person(member.person).minor)

    def _outing(self, team: TeamPlan, habit: Habit, group: list[Membership]) -> Iterator[CheckIn]:
        stops = self._stops(team, habit)
        arrival = self._instant(habit.start) + timedelta(seconds=self.chance.randint(0, _seconds(habit)))
        kind = "in"
        for place, post in enumerate(stops):
            if place:
                pause = timedelta(minutes=self.chance.randint(*habit.pause_minutes))
                arrival += pause + timedelta(seconds=round(metres(stops[place - 1], post) / habit.pace))
                kind = "pass"
            for member in group:
                if kind == "in" or self.chance.random() < 0.9:
                    yield self._scan(team, member, post, arrival + timedelta(seconds=self.chance.randint(0, 55)), kind)
        if habit.leaves is not None:
            for member in group:
                left = self._instant(habit.leaves) + timedelta(seconds=self.chance.randint(0, 400))
                yield self._scan(team, member, stops[-1], left, "out")

    def _stops(self, team: TeamPlan, habit: Habit) -> list[PostPlan]:
        wanted = min(self.chance.randint(*habit.stops), len(team.posts))
        first = self.chance.randrange(len(team.posts))
        return [team.posts[(first + step) % len(team.posts)] for step in range(wanted)]

    def _scan(self, team: TeamPlan, member: Membership, post: PostPlan, at: datetime, kind: str) -> CheckIn:
        band = self.chance.choices(("near", "compatible", "none", "coarse"), weights=(70, 17, 8, 5))[0]
        src = "typed" if self.chance.random() < 0.06 else "poster"
        return CheckIn(member.person, team.name, post, at, kind, src, band)

    # What the rules would say

    def _plausible(self, rows: list[CheckIn]) -> list[CheckIn]:
        """Drop what one body cannot do: two teams at once, or posts reached faster than on foot or by e-bike."""
        last: dict[int, CheckIn] = {}
        kept: list[CheckIn] = []
        for row in rows:
            before = last.get(row.person)
            if before is not None:
                gap = (row.at - before.at).total_seconds()
                pace = RIDING if row.team == before.team and self._rides(row) else WALKING
                if gap < 120 or gap < metres(before.post, row.post) / (2 * pace) or self._again(before, row, gap):
                    continue
            last[row.person] = row
            kept.append(row)
        return kept

    @staticmethod
    def _again(before: CheckIn, row: CheckIn, gap: float) -> bool:
        return before.post is row.post and before.kind == row.kind and gap <= 300

    def _rides(self, row: CheckIn) -> bool:
        return self.district.teams_by_name[row.team].kind == "riders"

    def _flagged(self, rows: list[CheckIn]) -> Iterator[CheckIn]:
        if self.recent:
            # One early and one late, so that a demo loaded at noon has one of today too.
            middle = len(rows) // 3
            halves = [half for half in (range(middle), range(middle, len(rows))) if half]
            marked = {self.chance.choice(half) for half in halves}
        else:
            marked = {place for place in range(len(rows)) if self.chance.random() < _FLAGGED_SHARE}
        flagged = [self._flag(row) if place in marked else row for place, row in enumerate(rows)]
        return iter(sorted(flagged, key=lambda row: (row.at, row.person)))

    def _flag(self, row: CheckIn) -> CheckIn:
        paused = next((p for p in self.district.posts if p.paused_because and p.area is row.post.area), None)
        if paused is not None and self.chance.random() < 0.5:
            row = replace(row, post=paused, flag="post_paused")
        else:
            row = replace(row, band="far", far_m=self.chance.randrange(400, 2600, 100), src="poster", flag="geo_far")
        return row if self.recent else replace(row, settlement=self._settle(row))

    def _settle(self, row: CheckIn) -> Settlement:
        """The team's leader decides by day, within 48 hours; on the leader's own, the association."""
        leader = next((m.person for m in self.population.members_of(row.team) if m.role == "leader"), None)
        by = self.population.by_key("association_admin").number
        if leader is not None and leader != row.person:
            by = leader
        local = (row.at + timedelta(hours=self.chance.randint(1, 20))).astimezone(self.zone)
        if not time(8) <= local.time() < time(21):
            day = local.date() if local.time() < time(8) else local.date() + timedelta(days=1)
            local = datetime.combine(day, time(8, self.chance.randint(5, 59)), self.zone)
        accepted = self.chance.random() < 0.85
        reasons = self.district.accepted_reasons if accepted else self.district.rejected_reasons
        return Settlement(accepted, by, local.astimezone(UTC), self.chance.choice(reasons))

    # Small words

    def _instant(self, at: time) -> datetime:
        return datetime.combine(self.day, at, self.zone).astimezone(UTC)

    def _person(self, number: int) -> Person:
        return self.population.people[number]

    def _of_cast(self, member: Membership) -> bool:
        return self._person(member.person).key is not None

    def _about(self, expected: float) -> int:
        return int(expected) + (self.chance.random() < expected % 1)


def _seconds(habit: Habit) -> int:
    start, end = (at.hour * 3600 + at.minute * 60 for at in (habit.start, habit.end))
    return end - start
