"""Random histories of several people against the oracle: caps, budget, flags, midnight, Feb 29, year end, replays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import func, select

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.patrols.events import CheckInFact
from community.people.events import MemberVerified
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Award, BudgetSlot, Txn
from community.points.queries import balance
from community.points.services import awarding, budget
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, make_rule, open_books, settled, town_of
from tests.points.invariants import assert_sound, posted
from tests.points.oracle import LEAST, MONTHS, Act, Oracle

STARTS = ("2026-11-23T13:07:00Z", "2027-12-31T14:40:00Z", "2028-02-28T14:40:00Z", "2027-02-28T15:20:00Z")
YEARS = (2026, 2027, 2028, 2029, 2030)
people = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("scan"), people, st.sampled_from("ABCCD"), st.sampled_from((0, 0, 0, 20, 70, 26 * 60))),
    st.tuples(st.just("round"), people, st.integers(2, 4), st.sampled_from((20, 60))),
    st.tuples(st.just("flag"), people, st.sampled_from("BCD"), st.sampled_from((0, 0, 50))),
    st.tuples(st.just("settle"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("replay"), st.integers(0, 9)),
    st.tuples(st.just("verify"), people),
    st.tuples(st.just("fund"), st.sampled_from((5, 7, 20))),
    st.tuples(st.just("release"), people),
    st.tuples(st.just("tick"), st.sampled_from((5, 20, 40, 60, 60, 23 * 60, 31 * 24 * 60, 366 * 24 * 60))),
)


@dataclass
class World:
    """A town with three people, the first of them unverified, and the oracle beside it."""

    village: Area
    members: list[Member]
    leader: Member
    oracle: Oracle
    clock: FrozenClock
    verified: set[int] = field(default_factory=lambda: {1, 2})
    told: list[tuple[CheckInFact, Act, bool]] = field(default_factory=list)

    def do(self, step: tuple[Any, ...]) -> None:
        with transaction():
            getattr(self, f"do_{step[0]}")(*step[1:])

    def do_tick(self, minutes: int) -> None:
        self.clock.tick(minutes=minutes)

    def do_scan(self, who: int, grade: str, ago: int) -> None:
        act, fact = self._act(who, grade, ago)
        subscribers.award_checkin(accepted(self.members[who], self.village, **fact))
        self.told.append((accepted(self.members[who], self.village, **fact), act, False))
        self.oracle.scan(act, clock.now(), verified=who in self.verified)

    def do_round(self, who: int, times: int, minutes: int) -> None:
        """Several posts on one evening."""
        for _post in range(times):
            self.do_scan(who, "B", 0)
            self.do_tick(minutes)

    def do_flag(self, who: int, grade: str, ago: int) -> None:
        act, fact = self._act(who, grade, ago)
        event = flagged(self.members[who], self.village, **fact)
        subscribers.hold_flagged_checkin(event)
        self.told.append((event, act, True))
        self.oracle.flag(act)

    def do_settle(self, which: int, accept: bool) -> None:
        waiting = [told for told in self.told if told[2]]
        if waiting:
            event, act, _flagged = waiting[which % len(waiting)]
            fresh = replace(event, verified=act.who in self.verified)
            subscribers.settle_checkin(settled(fresh, accepted=accept, by=self.leader))
            self.oracle.settle(act, clock.now(), accepted=accept, verified=act.who in self.verified)

    def do_replay(self, which: int) -> None:
        """The same fact once more: whatever was posted, waits or was refused stays as it is."""
        known = [told for told in self.told if told[1].state]
        if known:
            event, act, was_flagged = known[which % len(known)]
            again = subscribers.hold_flagged_checkin if was_flagged else subscribers.award_checkin
            again(replace(event, verified=act.who in self.verified))  # type: ignore[arg-type]

    def do_verify(self, who: int) -> None:
        self.verified.add(who)
        subscribers.release_verified(MemberVerified(self.members[who].id, self.leader.id))
        self.oracle.release(who, "unverified", clock.now())

    def do_release(self, who: int) -> None:
        awarding.release(self.members[who].id, "budget")
        self.oracle.release(who, "budget", clock.now())

    def do_fund(self, more: int) -> None:
        year = clock.today().year
        town = town_of(self.village)
        whole = session().scalar(
            select(func.sum(BudgetSlot.amount)).where(BudgetSlot.town_id == town.id, BudgetSlot.year == year)
        )
        budget.fund(system_actor("tests"), town.id, year, (whole or 0) + more)
        self.oracle.budget[year] = self.oracle.budget.get(year, 0) + more

    def _act(self, who: int, grade: str, ago: int) -> tuple[Act, dict[str, Any]]:
        event = accepted(self.members[who], self.village)
        at = clock.now() - dt.timedelta(minutes=ago)
        fact = {"checkin_id": event.checkin_id, "used_at": at, "grade": grade, "verified": who in self.verified}
        return Act(f"checkin:{event.checkin_id}", who, at, grade), fact

    def agrees(self) -> None:
        """Compare every balance, posting and waiting award with the oracle's."""
        session().rollback()
        ids = {member.id: who for who, member in enumerate(self.members)}
        for member_id, who in ids.items():
            assert posted(self.members[who]) == self.oracle.posted(who)
            assert balance(member_id).available == self.oracle.balance(who, clock.today())
        txns = session().scalars(select(Txn).where(Txn.subject_id.in_(ids)))
        assert {(t.evidence_ref, t.explain["expires_on"]) for t in txns} == {
            (act.ref, str(act.expires_on)) for act in self.oracle.acts if act.state == "posted"
        }
        awards = session().scalars(select(Award).where(Award.subject_id.in_(ids), Award.state != "posted"))
        assert {(a.evidence_ref, a.state, a.reason_code, (a.decision or "").partition(":")[0]) for a in awards} == {
            (act.ref, act.state, act.reason, act.decision)
            for act in self.oracle.acts
            if act.state in {"held", "refused"}
        }
        assert_sound()


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@given(st.sampled_from(STARTS), st.sampled_from((0, 12, 40, 1000)), st.lists(STEPS, min_size=3, max_size=30))
def test_any_history_gives_what_the_oracle_says(start: str, points: int, steps: list[tuple[Any, ...]]) -> None:
    with clock.frozen(start) as stopped:
        with transaction():
            village = make_village()
            open_books(
                town_of(village), make_rule(min_grade=LEAST, expires_months=MONTHS), budget=points, years=YEARS[:2]
            )
            members = [make_member(village, verified=who > 0) for who in range(3)]
            leader = make_member(village)
        world = World(village, members, leader, Oracle(dict.fromkeys(YEARS[:2], points)), stopped)
        for step in steps:
            world.do(step)
        world.agrees()
