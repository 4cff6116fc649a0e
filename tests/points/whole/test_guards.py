"""Who holds the database, and not its triggers, changes nothing that was decided: it is refused or found."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import CaseVote, RuleSet
from community.points.services import adopting, appealing, cases, handing, ordering, proposing
from tests.factories.access import actor_of
from tests.factories.deciding import evidence, make_admin, manual_rule, yesterday
from tests.factories.ledger import give, make_item
from tests.factories.points import town_of
from tests.factories.rules import make_set, published
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine

REFUSED = [
    "UPDATE points_case SET state = 'open', done_at = NULL, done_txn_id = NULL, not_before = NULL",
    "UPDATE points_case SET written_off = 3",
    "UPDATE points_case SET reason = '另一件事'",
    "UPDATE appeal SET answer = 'x', decided_by = NULL, state = 'open'",
    "UPDATE appeal SET answer = 'x'",
    "UPDATE appeal SET words = 'x'",
    "UPDATE reward_order SET words = 'x', done_by = by_id WHERE state = 'collected'",
    "UPDATE reward_order SET state = 'expired', txn_id = NULL WHERE state = 'collected'",
    "UPDATE rule_objection SET words = 'x'",
    "UPDATE rule_set SET resolution_no = 'X'",
    "UPDATE rule_set SET effective_on = '2026-11-24'",
    "UPDATE rule_set SET effective_on = NULL",
    "UPDATE rule_set SET state = 'draft'",
]
REPLACED = [
    "INSERT OR REPLACE INTO case_vote (case_id, seq, by_id, proposed_by, subject_id, accepts, takes_back, words, at)"
    " SELECT case_id, seq, :other, proposed_by, subject_id, accepts, takes_back, words, at FROM case_vote",
    "REPLACE INTO budget_move (id, town_id, year, amount, fen_per_point, resolution, by_id, at)"
    " SELECT id, town_id, year, amount, fen_per_point, 'forged', by_id, at FROM budget_move",
    "INSERT OR REPLACE INTO txn (id, town_id, kind, dedupe_key, effective_on, recorded_at, evidence_ref, actor_id,"
    " reason_code, explain) SELECT id + 1, town_id, 'adjust', dedupe_key, effective_on, recorded_at, evidence_ref, 0,"
    " '', '{}' FROM txn",
]


@pytest.fixture
def other(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> int:
    """An award that two decided, an objection answered, a reward handed over, rules objected to; returns a third."""
    with transaction():
        first, second, third = (make_admin(village, name) for name in "甲乙丙")
        keeper = make_admin(village, "店", "shop_keeper")
        item, rule = make_item(village, first), manual_rule(village)
        give(member, village, 100)
    with transaction():
        order = ordering.reserve(actor_of(member), item.id)
        handing.hand_over(actor_of(keeper), order)
        case = cases.propose_award(
            actor_of(first), member.id, rule_version_id=rule, earned_on=yesterday(), where=village.path,
            reason="帮忙", picture=evidence(),
        )  # fmt: skip
        cases.vote(actor_of(second), case, accept=True)
    frozen_clock.tick(seconds=11)
    jobs.post_decided()
    with transaction():
        rules = published(actor_of(first), actor_of(second), town_of(village))
        proposing.object_to(actor_of(leader), rules, "我觉得太多了吧")
        txn = session().scalars(select(cases.PointsCase.done_txn_id)).one()
        appeal = appealing.appeal(actor_of(member), f"txn:{txn}", "少了")
        appealing.decide(actor_of(third), appeal, change=False, answer="对的")
    return third.id


@pytest.mark.usefixtures("other")
def test_what_was_decided_is_not_changed_by_anybody() -> None:
    for attack in REFUSED:
        with pytest.raises(DBAPIError, match=r"said|frozen"), transaction():
            assert session().execute(text(attack)).rowcount  # type: ignore[attr-defined]
    assert_sound()


def test_rules_published_by_hand_come_into_force_no_sooner_than_all_could_object(
    village: Area, leader: Member, frozen_clock: FrozenClock
) -> None:
    with transaction():
        made = make_set(actor_of(make_admin(village, "乙")), town_of(village))
        with pytest.raises(DBAPIError, match="said"), session().begin_nested():
            _by_hand(made, "in_force", leader)
    with transaction():
        _by_hand(made, "published", leader)
    for _day in range(7):
        with transaction():
            assert not adopting.bring_in(made)
        frozen_clock.tick(days=1)
    with transaction():
        assert adopting.bring_in(made)


def _by_hand(set_id: uuid.UUID, state: str, by: Member) -> None:
    """What whoever has the database would write of a draft."""
    session().execute(
        update(RuleSet.__table__)  # type: ignore[arg-type]
        .where(RuleSet.__table__.c.id == set_id)
        .values(
            state=state, published_by=by.id, published_on=clock.today(), resolution_no="1",
            effective_on=clock.today() + dt.timedelta(days=1), simulated_digest=RuleSet.__table__.c.draft_digest,
        )
    )  # fmt: skip


def test_a_connection_of_ones_own_replaces_nothing(other: int, engine_name: str) -> None:
    if engine_name == "postgresql":
        pytest.skip("PostgreSQL has no REPLACE")
    decided = session().scalars(select(CaseVote.by_id)).all()
    with transaction():
        # As whoever opens the file without this program.
        session().execute(text("PRAGMA recursive_triggers = OFF"))
    try:
        for attack in REPLACED:
            with pytest.raises((DBAPIError, DomainError)), transaction():
                session().execute(text(attack), {"other": other} if ":other" in attack else {})
    finally:
        with transaction():
            session().execute(text("PRAGMA recursive_triggers = ON"))
    assert session().scalars(select(CaseVote.by_id)).all() == decided
