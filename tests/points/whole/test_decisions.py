"""A history of what people decide about points, in two towns with little money: I1-I15 and the notes hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.people import erasing
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Appeal, Award, PointsCase, RuleVersion, Txn
from community.points.queries.invariants import SEALED, broken
from community.points.services import appealing, budget, cases, raising, reviewing
from tests.factories.access import actor_of
from tests.factories.deciding import evidence, make_admin, manual_rule, yesterday
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, make_rule, open_books, settled, town_of


@dataclass
class World:
    """Two towns: in each a village with two residents and three who decide; budgets for a few awards."""

    clock: FrozenClock
    villages: list[Area] = field(default_factory=list)
    residents: list[Member] = field(default_factory=list)
    admins: list[Member] = field(default_factory=list)
    rules: list[int] = field(default_factory=list)
    flagged: list[Any] = field(default_factory=list)
    done: int = 0

    def begin(self) -> World:
        with transaction():
            for _town in range(2):
                village = make_village()
                open_books(town_of(village), make_rule(), budget=25)
                self.villages.append(village)
                self.rules.append(manual_rule(village))
                self.residents += [make_member(village) for _each in range(2)]
                self.admins += [make_admin(village, name) for name in "甲乙丙"]
        return self

    def do(self, step: tuple[Any, ...]) -> None:
        act: Callable[..., object] = getattr(self, f"do_{step[0]}")
        try:
            with transaction():
                act(*step[1:])
            self.done += 1
        except DomainError:
            session().rollback()

    def do_tick(self, seconds: int) -> None:
        self.clock.tick(seconds=seconds)

    def _at(self, one: int) -> tuple[Member, Area]:
        return self.residents[one % 4], self.villages[one % 4 // 2]

    def do_scan(self, one: int) -> None:
        subscribers.award_checkin(accepted(*self._at(one)))

    def do_flag(self, one: int) -> None:
        event = flagged(*self._at(one))
        subscribers.hold_flagged_checkin(event)
        self.flagged.append(event)

    def do_settle(self, one: int, by: int, accept: bool) -> None:
        if self.flagged:
            event = self.flagged[one % len(self.flagged)]
            subscribers.settle_checkin(settled(event, accepted=accept, by=self.admins[by]))

    def do_propose(self, one: int, by: int) -> None:
        # Somebody of either town, by a rule of either: what does not fit is refused.
        member, village = self._at(one)
        cases.propose_award(
            actor_of(self.admins[by]), member.id, rule_version_id=self.rules[by % 2], earned_on=yesterday(),
            where=village.path, reason=f"帮忙 {uuid.uuid4()}", picture=evidence(),
        )  # fmt: skip

    def do_reverse(self, one: int, by: int, amount: int) -> None:
        if txn := self._one(Txn, one):
            cases.propose_reversal(actor_of(self.admins[by]), txn.id, amount=amount, reason="记错了")

    def do_vote(self, one: int, by: int, accept: bool) -> None:
        if case := self._one(PointsCase, one):
            cases.vote(actor_of(self.admins[by]), case.id, accept=accept, words="" if accept else "对不上")

    def do_undo(self, one: int, by: int) -> None:
        if case := self._one(PointsCase, one):
            cases.undo(actor_of(self.admins[by]), case.id)

    def do_review(self, one: int, by: int, accept: bool) -> None:
        if award := self._one(Award, one):
            reviewing.review(actor_of(self.admins[by]), award.id, accept=accept, words="" if accept else "对不上")

    def do_appeal(self, one: int, what: int) -> None:
        member, _village = self._at(one)
        rows = [*session().scalars(select(Award).where(Award.subject_id == member.id)),
                *session().scalars(select(Txn).where(Txn.subject_id == member.id))]  # fmt: skip
        if rows:
            row = rows[what % len(rows)]
            appealing.appeal(actor_of(member), f"{'award' if isinstance(row, Award) else 'txn'}:{row.id}", "不对")

    def do_answer(self, one: int, by: int, change: bool) -> None:
        if found := self._one(Appeal, one):
            rule = self.rules[0 if found.town_id == self.villages[0].town_id else 1]
            appealing.decide(actor_of(self.admins[by]), found.id, change=change, answer="看过了", rule_version_id=rule)

    def do_withdraw(self, one: int) -> None:
        if found := self._one(Appeal, one):
            appealing.withdraw(actor_of(session().get_one(Member, found.member_id)), found.id)

    def do_fund(self, one: int, more: int) -> None:
        town = town_of(self.villages[one % 2])
        budget.fund(system_actor("test"), town.id, clock.today().year, 25 + more * (1 + one), resolution="又定了")

    def do_erase(self, one: int) -> None:
        erasing.erase(system_actor("test"), self.residents[one % 4].id)

    def _one(self, model: Any, number: int) -> Any:
        rows = session().scalars(select(model).order_by(model.id)).all()
        return rows[number % len(rows)] if rows else None

    def agrees(self) -> None:
        """After what is due was done: the books are sound, and nothing went from one town to the other."""
        jobs.post_decided()
        jobs.post_waiting()
        for appeal_id in raising.due():
            with transaction():
                raising.raise_(appeal_id)
        session().rollback()
        assert set(broken()) <= {SEALED}, broken()
        homes = {member.id: self.villages[number // 2].town_id for number, member in enumerate(self.residents)}
        for row in session().execute(select(Txn.subject_id, Txn.town_id, Txn.actor_id, Txn.approver_id)):
            assert homes[row.subject_id] == row.town_id
            assert row.subject_id not in {row.approver_id}
        assert session().scalars(select(RuleVersion.id)).first()


HISTORY: list[tuple[Any, ...]] = [
    ("scan", 0), ("scan", 2), ("flag", 1), ("flag", 3), ("settle", 0, 0, False), ("settle", 1, 3, True),
    ("appeal", 1, 0), ("answer", 0, 1, True), ("propose", 0, 0), ("vote", 0, 1, True), ("tick", 11),
    ("propose", 2, 3), ("vote", 1, 4, False), ("reverse", 0, 0, 3), ("vote", 2, 1, True), ("tick", 11),
    ("appeal", 0, 0), ("tick", 9 * 86_400), ("scan", 0), ("tick", 3600), ("scan", 0), ("fund", 0, 40),
    ("erase", 1), ("scan", 3),
]  # fmt: skip


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_a_history_with_everything_in_it_leaves_sound_books() -> None:
    with clock.frozen("2026-11-23T01:07:00Z") as stopped:
        world = World(stopped).begin()
        for step in HISTORY:
            world.do(step)
            world.agrees()
        assert world.done >= len(HISTORY) - 4
        assert session().scalars(select(Appeal.state)).all()
        assert {"posted", "refused"} & set(session().scalars(select(PointsCase.state)))
        assert not session().get_one(Member, world.residents[1].id).home_path
