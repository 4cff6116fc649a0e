"""What the demo's people decided about points: an award by hand, one taken back, objections, and what waits for a word.

All of it in the demo's first town, through the room's services, each act at its own moment of the past days.
"""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Row

from community.access import queries as access
from community.core import clock, todo, uploads
from community.core.authz import Actor, must_be_system
from community.core.clock import FrozenClock
from community.core.ids import new_uuid
from community.demo.loading import Loaded
from community.demo.pictures import photo
from community.people import queries as people
from community.points.queries import accounts, cases as known, rules as rule_queries
from community.points.services import appealing, cases, waiting
from community.points.services.posting import Claim

_FILE = Path(__file__).parent / "decisions.yaml"


def load_decisions(actor: Actor, loaded: Loaded) -> None:
    """Let the cast decide as `decisions.yaml` tells. Comes after the rules: awards by hand name one of them.

    What moves points happens now, after everything that was posted before; what waits may lie back.
    """
    must_be_system(actor)
    with _FILE.open(encoding="utf-8") as lines:
        plan = yaml.safe_load(lines)
    desk = _Desk(loaded, plan["area"])
    for told in plan["awards"]:
        desk.award(told)
    for told in plan["reviews"]:
        desk.wait(told)
    for told in plan["reversals"]:
        desk.reverse(told)
    for told in plan["appeals"]:
        desk.appeal(told)


class _Desk:
    """The town's desk and what comes before it."""

    def __init__(self, loaded: Loaded, name: str) -> None:
        self.loaded = loaded
        self.area = loaded.areas[next(plan.code for plan in loaded.district.areas if plan.name == name)]

    def wait(self, told: dict[str, Any]) -> None:
        """An award that a person has to look at first."""
        rule = self._rule("points")
        named = rule_queries.version(rule.id) if rule else None
        if named is None or not named.terms.review:
            return
        with _ago(told["days"]):
            claim = Claim(
                terms=named.terms,
                town_id=named.town_id,
                scope_path=self.area.path,
                subject_id=self._id(told["for"]),
                evidence_ref=f"note:{new_uuid()}",
                earned_at=clock.now(),
                grade="",
                place=told["place"],
            )
            waiting.hold(claim, "review")

    def _rule(self, asset: str) -> Row[Any] | None:
        """Return the version of the first rule that people apply."""
        rules = known.rules_to_name([self.area.town_id or self.area.id])
        return next((row for row in rules if row.trigger == "Manual" and row.asset == asset), None)

    def award(self, told: dict[str, Any]) -> None:
        """An award by hand, by the first rule that people apply; decided by `decided_by`, or waiting."""
        rule = self._rule(told["asset"])
        if rule is None:
            return
        # In a short past the rule itself is younger than the act would be.
        with _ago(min(told["days"], (clock.today() - rule.effective_on).days)):
            case = cases.propose_award(
                self._actor(told["by"]),
                self._id(told["for"]),
                rule_version_id=rule.id,
                earned_on=clock.today(),
                where=self.area.path,
                reason=told["reason"],
                picture=uploads.prepare(photo(told["days"])),
                amount=told.get("amount"),
                again=True,
            )
        self._decide(case, told)

    def reverse(self, told: dict[str, Any]) -> None:
        """A wrong award, the newest that is old enough, proposed to be taken back."""
        line = self._line(told["from"])
        if line is None:
            return
        with _ago(told["days"]):
            case = cases.propose_reversal(self._actor(told["by"]), line, amount=1, reason=told["reason"])
        self._decide(case, told)

    def appeal(self, told: dict[str, Any]) -> None:
        """An objection to the newest line, answered by `answered_by` or waiting."""
        line = self._line(told["from"])
        if line is None:
            return
        member = self._actor(told["from"])
        with _ago(told["days"]):
            made = appealing.appeal(member, f"txn:{line}", told["words"])
        if told.get("answer"):
            with _ago(told["days"] - 2):
                by = self._actor(told["answered_by"])
                appealing.decide(by, made, change=False, answer=told["answer"])

    def _decide(self, case: uuid.UUID, told: dict[str, Any]) -> None:
        if "decided_by" not in told:
            return
        by = self._actor(told["decided_by"])
        with clock.frozen(clock.now() - 2 * todo.UNDO_WITHIN):
            cases.vote(by, case, accept=True)
        cases.carry_out(case)

    def _line(self, key: str) -> int | None:
        purses = accounts.balance(self._id(key)).purses
        lines = accounts.statement(purses[0].account_id, limit=50).lines if purses else ()
        earned = [row.txn_id for row in lines if row.kind == "award"]
        return earned[0] if earned else None

    def _id(self, key: str) -> int:
        return self.loaded.members[self.loaded.population.by_key(key).number]

    def _actor(self, key: str) -> Actor:
        member_id = self._id(key)
        found = access.load_actor(member_id, people.known_member(member_id).session_epoch, lock=False)
        if found is None:
            raise LookupError(f"the demo's {key} cannot act")
        return found


def _ago(days: int) -> AbstractContextManager[FrozenClock]:
    return clock.frozen(clock.at_local(clock.today() - dt.timedelta(days=days), dt.time(9, 30)))
