"""Lay the history of the demo district: check-ins day by day through patrols, and their points through points."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from community.core import clock
from community.core.authz import Actor
from community.demo.chance import dice
from community.demo.district import BudgetPlan, RulePlan
from community.demo.loading import Loaded
from community.demo.rounds import CheckIn, make_check_ins, until
from community.patrols import backfill as patrols
from community.patrols.backfill import PastCheckIn, PastSettlement, WrittenCheckIn
from community.patrols.events import CheckInAccepted
from community.points.backfill.ledger import PastAwards, Tally
from community.points.backfill.walk import PastAct, PastDecision, cost
from community.points.services import books, budget
from community.points.services.awarding import Act
from community.points.services.books import NewRule

_BATCH = 2000
# Another town's budget is never the first thing to run out, whatever the number of people and days.
_AMPLE = 1.25


@dataclass(frozen=True, slots=True)
class Told:
    """How much history there is now."""

    check_ins: int
    awards: Tally


def load_history(actor: Actor, loaded: Loaded, *, progress: Callable[[int], object]) -> Told:
    """Write check-ins, their settlements and their points, up to now. `progress` is told how many days were written."""
    return _History(actor, loaded).write(progress)


class _History:
    """One history, generated twice: once to know what it costs, so that budgets can be set, and once to write it."""

    def __init__(self, actor: Actor, loaded: Loaded) -> None:
        self.actor, self.loaded, self.now = actor, loaded, clock.now()
        self.devices = [
            f"{dice(loaded.district.seed, 'device', person.number).getrandbits(128):032x}"
            for person in loaded.population.people
        ]

    def write(self, progress: Callable[[int], object]) -> Told:
        self._open_books()
        awards = PastAwards(self.actor)
        batch: list[CheckIn] = []
        days = made = 0
        for day in self._days():
            batch.extend(day)
            days += 1
            if len(batch) >= _BATCH:
                made += self._write_batch(batch, awards)
                progress(days)
                batch, days = [], 0
        made += self._write_batch(batch, awards)
        told = Told(made, awards.finish())
        progress(days)
        return told

    def _days(self) -> Iterator[list[CheckIn]]:
        loaded = self.loaded
        made = make_check_ins(
            loaded.district,
            loaded.population,
            days=loaded.days,
            today=loaded.today,
            zone=clock.zone(),
            seed=loaded.district.seed,
        )
        return (list(until(day, self.now)) for day in made)

    # Check-ins

    def _write_batch(self, batch: Sequence[CheckIn], awards: PastAwards) -> int:
        written = [patrols.prepare(self._past(row)) for row in batch]
        patrols.add_check_ins(self.actor, written)
        awards.take(self._act(row.post.name, one) for row, one in zip(batch, written, strict=True))
        return len(written)

    def _past(self, row: CheckIn) -> PastCheckIn:
        post, settled = self.loaded.posts[row.post.name], row.settlement
        decision = None
        if settled is not None:
            by_id = self.loaded.members[settled.by]
            decision = PastSettlement(settled.accepted, by_id, settled.at, settled.reason)
        return PastCheckIn(
            member_id=self.loaded.members[row.person],
            post_id=post.id,
            print_id=post.print_id,
            team_id=self.loaded.teams[row.team],
            town_id=post.town_id,
            scope_path=post.scope_path,
            kind=row.kind,
            at=row.at,
            src=row.src,
            band=row.band,
            device=self.devices[row.person],
            flag=row.flag or "",
            far_m=row.far_m,
            settlement=decision,
        )

    # Points

    def _act(self, place: str, written: WrittenCheckIn) -> PastAct:
        past, settled = written.past, written.past.settlement
        act = Act(
            trigger=CheckInAccepted.__name__,
            evidence_ref=f"checkin:{written.id}",
            subject_id=past.member_id,
            town_id=past.town_id,
            scope_path=past.scope_path,
            earned_at=past.at,
            grade=written.grade,
            place=place,
            team_id=past.team_id,
        )
        decision = None
        if settled is not None:
            decision = PastDecision(settled.accepted, settled.by_id, settled.at, settled.reason)
        return PastAct(act, flagged=bool(past.flag), decision=decision)

    def _open_books(self) -> None:
        """Open every town's books, and give each year a budget that fits what the history will have cost."""
        towns = {plan.town.code: self.loaded.areas[plan.town.code].id for plan in self.loaded.district.budgets}
        for town_id in towns.values():
            books.set_up_town(
                self.actor, town_id, rules=[self._rule(r) for r in self.loaded.district.rules], budgets={}
            )
        acts = (self._act(row.post.name, patrols.prepare(self._past(row))) for day in self._days() for row in day)
        spent = cost(self.actor, acts)
        for plan in self.loaded.district.budgets:
            town_id = towns[plan.town.code]
            for year in range(self.loaded.first_day.year, self.loaded.today.year + 1):
                amount = self._budget(plan, spent[town_id, year], this_year=year == self.loaded.today.year)
                self._fund(plan, town_id, year, amount)

    def _fund(self, plan: BudgetPlan, town_id: int, year: int, amount: int) -> None:
        """Decide the year's budget in January, a fifth of it only in June when that has come."""
        january, june, today = dt.date(year, 1, 15), dt.date(year, 6, 15), self.loaded.today
        steps = [(min(january, today), amount)]
        if june <= today:
            steps = [(january, amount - amount // 5), (june, amount)]
        for (day, so_far), resolution in zip(steps, plan.resolutions, strict=False):
            with clock.frozen(clock.at_local(day, dt.time(10))):
                budget.fund(self.actor, town_id, year, so_far, resolution=resolution, fen_per_point=plan.fen)

    def _budget(self, plan: BudgetPlan, spent: int, *, this_year: bool) -> int:
        if plan.held_awards and this_year:
            one = self.loaded.district.rules[0].amount
            return max(0, spent - plan.held_awards * one) + one - 1  # what is left pays for no further award
        wished = (plan.points or 0) * len(self.loaded.members) // self.loaded.district.people
        return max(wished, math.ceil(spent * _AMPLE))

    def _rule(self, plan: RulePlan) -> NewRule:
        first_day = self.loaded.first_day
        return NewRule(
            code=plan.code,
            version=plan.version,
            trigger=plan.trigger,
            min_grade=plan.min_grade,
            amount=plan.amount,
            once_per=plan.once_per,
            cap_day=plan.cap_day,
            expires_months=plan.expires_months,
            text_zh=plan.text.zh,
            text_en=plan.text.en,
            resolution=plan.resolution,
            published_on=first_day - dt.timedelta(days=plan.published_days_before),
            effective_on=first_day - dt.timedelta(days=plan.effective_days_before),
        )
