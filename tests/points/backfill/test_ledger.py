"""Past awards leave the same rows as the same acts do online, and a ledger that is sound."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, text

from community.core import clock
from community.core.authz import Actor, system_actor
from community.core.db import session, transaction
from community.core.errors import Forbidden
from community.points.backfill.ledger import PastAwards, Tally
from community.points.backfill.walk import PastAct, PastDecision
from community.points.models import Account, Award, BudgetSlot, Entry, Lot, RuleUsage, Txn
from community.points.services import awarding
from community.points.services.awarding import Act
from tests.factories.people import make_member
from tests.factories.places import make_town
from tests.factories.points import open_books
from tests.points.invariants import assert_sound

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
SEVEN = dt.datetime(2026, 9, 1, 11, 5, tzinfo=dt.UTC)  # five past seven in Shanghai
MINUTE = dt.timedelta(minutes=1)
WORDS = "同组队员证实"


class Town:
    """A town with books and two people; makes acts at minutes after seven."""

    def __init__(self, budget: int) -> None:
        with transaction():
            town = make_town()
            self.member, self.leader = make_member(town), make_member(town, display_name="李守田")
            open_books(town, budget=budget, years=(2026,))
        self.id, self.path = town.id, town.path

    def act(self, minutes: int, *, flagged: bool = False, accepted: bool | None = None) -> PastAct:
        act = Act(
            trigger="CheckInAccepted",
            evidence_ref=f"checkin:{minutes}",
            subject_id=self.member.id,
            town_id=self.id,
            scope_path=self.path,
            earned_at=SEVEN + minutes * MINUTE,
            grade="B",
            place="晚潮苑南门岗",
        )
        if accepted is None:
            return PastAct(act, flagged)
        return PastAct(act, True, PastDecision(accepted, self.leader.id, SEVEN + (minutes + 90) * MINUTE, WORDS))

    def past(self, *acts: PastAct) -> Tally:
        with transaction():
            awards = PastAwards(IMPORT)
            awards.take(acts)
            return awards.finish()

    def online(self, *acts: PastAct) -> None:
        """Do the same through the online services, at the moments when things happened."""
        moments = [(past.act.earned_at, 0, past) for past in acts]
        moments += [(past.decision.at, 1, past) for past in acts if past.decision]
        for at, _order, past in sorted(moments, key=lambda moment: moment[:2]):
            with clock.frozen(at), transaction():
                self._happen(at, past)

    def _happen(self, at: dt.datetime, past: PastAct) -> None:
        decision = past.decision
        if decision is not None and at == decision.at:
            awarding.settle(
                past.act.evidence_ref,
                accepted=decision.accepted,
                verified=True,
                by_id=decision.by_id,
                words=decision.words,
            )
        elif past.flagged:
            awarding.award_later(past.act)
        else:
            awarding.award(past.act, verified=True)


def _rows(of: Town) -> dict[str, list[tuple[Any, ...]]]:
    """What the ledger says about a town, without ids."""
    queries = {
        "account": select(Account.kind, Account.posted, Account.held, Account.seq).where(Account.town_id == of.id),
        "txn": select(
            Txn.kind, Txn.effective_on, Txn.recorded_at, Txn.evidence_ref, Txn.reason_code, Txn.explain,
            Txn.actor_id == of.member.id, Txn.approver_id == of.leader.id,
        ).where(Txn.town_id == of.id),
        "entry": select(Entry.seq, Entry.delta, Entry.balance_after).join(Account).where(Account.town_id == of.id),
        "lot": select(Lot.granted, Lot.remaining, Lot.held, Lot.expires_on).join(Account).where(
            Account.town_id == of.id
        ),
        "usage": select(RuleUsage.period_key, RuleUsage.used, RuleUsage.cap).where(
            RuleUsage.subject_id == of.member.id, RuleUsage.used > 0
        ),
        "budget": select(text("sum(amount)"), text("sum(used)")).select_from(BudgetSlot).where(
            BudgetSlot.town_id == of.id
        ),
        "award": select(
            Award.evidence_ref, Award.state, Award.reason_code, Award.amount, Award.earned_at, Award.created_at,
            Award.decided_at, Award.decided_by == of.leader.id, Award.decision, Award.txn_id.is_not(None),
        ).where(Award.town_id == of.id),
    }  # fmt: skip
    return {name: sorted((tuple(row) for row in session().execute(query)), key=repr) for name, query in queries.items()}


STORIES = {
    "plain": lambda town: (town.act(0), town.act(10), town.act(60), town.act(120)),
    "flagged and accepted": lambda town: (town.act(0, accepted=True), town.act(240)),
    "flagged and rejected": lambda town: (town.act(0, accepted=False), town.act(240)),
    "flagged and waiting": lambda town: (town.act(0, flagged=True), town.act(10)),
    "accepted too late for its hour": lambda town: (town.act(0, accepted=True), town.act(10)),
    "accepted too late for its day": lambda town: (
        town.act(0, accepted=True),
        town.act(60),
        town.act(70),
        town.act(85),
    ),
}


@pytest.mark.parametrize("budget", [0, 5, 7, 1000])
@pytest.mark.parametrize("story", sorted(STORIES))
def test_the_past_is_written_as_it_would_have_been_online(story: str, budget: int) -> None:
    one, other = Town(budget), Town(budget)
    one.past(*STORIES[story](one))
    other.online(*STORIES[story](other))

    for name, rows in _rows(one).items():
        expected = [_without_paths(row, other) for row in _rows(other)[name]]
        assert [_without_paths(row, one) for row in rows] == expected, name
    assert_sound()


def _without_paths(row: tuple[Any, ...], town: Town) -> str:
    return repr(row).replace(town.path, "here/")


def test_the_tally_says_what_became_of_the_acts() -> None:
    town = Town(5)
    tally = town.past(
        town.act(0), town.act(60), town.act(125, flagged=True), town.act(190, accepted=False), town.act(250)
    )
    assert tally == Tally(posted=1, flagged=1, without_budget=1, refused=1)


def test_many_batches_make_one_sound_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("community.points.backfill.ledger._BATCH", 3)
    town = Town(1000)
    with transaction():
        awards = PastAwards(IMPORT)
        for day in range(20):
            awards.take([town.act(day * 1440), town.act(day * 1440 + 60)])
        tally = awards.finish()

    assert tally.posted == 40
    assert session().execute(select(Account.posted).where(Account.subject_id == town.member.id)).scalar_one() == 200
    assert_sound()


def test_nobody_with_an_account_is_given_a_second_beginning() -> None:
    town = Town(1000)
    town.past(town.act(0))
    with pytest.raises(RuntimeError, match="account"):
        town.past(town.act(1440))


def test_a_person_may_not_backfill() -> None:
    with pytest.raises(Forbidden):
        PastAwards(Actor(1))
