"""What happens to points when check-ins are accepted, flagged, settled, and when a member is verified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import event, func, select

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.people.events import MemberVerified
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Award, BudgetSlot, Entry, Lot, RuleUsage, Transfer, Txn, Unsealed
from community.points.services import awarding, budget
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, make_rule, open_books, settled, town_of
from tests.points.invariants import assert_sound, posted, waiting

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture(autouse=True)
def _sound(app: object) -> Iterator[None]:
    yield
    assert_sound()


def test_an_accepted_check_in_earns_five_points_with_every_row_of_the_ledger(member: Member, village: Area) -> None:
    happened = accepted(member, village)

    with transaction():
        subscribers.award_checkin(happened)

    txn = session().scalars(select(Txn)).one()
    transfer = session().scalars(select(Transfer)).one()
    entry = session().scalars(select(Entry)).one()
    lot = session().scalars(select(Lot)).one()
    assert (txn.evidence_ref, txn.subject_id, txn.actor_id, txn.approver_id) == (
        f"checkin:{happened.checkin_id}", member.id, member.id, None,
    )  # fmt: skip
    assert len(txn.salt or b"") == 16
    assert (transfer.amount, entry.seq, entry.delta, entry.balance_after) == (5, 1, 5, 5)
    assert (lot.granted, lot.remaining, lot.held, lot.expires_on) == (5, 5, 0, dt.date(2028, 11, 23))
    assert session().scalars(select(Unsealed.txn_id)).all() == [txn.id]
    assert txn.explain["place"] == "晚潮苑南门岗"
    assert txn.explain["used"] == {"2026-11-23": 5, "2026-11-23T21": 5}
    assert posted(member) == 5


def test_an_award_takes_few_statements_the_first_and_every_later_one(
    member: Member, village: Area, frozen_clock: FrozenClock, engine_name: str
) -> None:
    rows = ["INSERT INTO txn", "INSERT INTO transfer", "INSERT INTO entry", "INSERT INTO lot", "INSERT INTO unsealed"]
    posting = rows if engine_name == "sqlite" else ["WITH"]
    first = ["SELECT", "INSERT INTO rule_usage", "UPDATE budget_slot", "INSERT INTO account", *posting]
    assert _statements(accepted(member, village)) == first
    assert _statements(accepted(member, village)) == ["SELECT"], "a counted hour costs one look"
    frozen_clock.tick(hours=1)
    assert len(_statements(accepted(member, village))) == len(first)


def _statements(happened: object) -> list[str]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "BEGIN")):
            words = statement.split()
            seen.append(" ".join(words[: {"INSERT": 3, "UPDATE": 2}.get(words[0], 1)]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with transaction():
            subscribers.award_checkin(happened)  # type: ignore[arg-type]
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


def test_the_second_check_in_of_an_hour_and_the_third_hour_of_a_day_earn_nothing(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    totals = []
    for _hour in range(3):
        for _again in range(2):
            with transaction():
                subscribers.award_checkin(accepted(member, village))
            totals.append(posted(member))
            frozen_clock.tick(minutes=10)
        frozen_clock.tick(minutes=40)

    # 21:07, 22:07 fill the day; 23:07 finds it full.
    assert totals == [5, 5, 10, 10, 10, 10]
    usage = {row.period_key: row.used for row in session().execute(select(RuleUsage.period_key, RuleUsage.used))}
    assert usage == {"2026-11-23": 10, "2026-11-23T21": 5, "2026-11-23T22": 5}


def test_hour_and_day_are_those_of_the_used_time_not_of_the_upload(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    before_midnight = dt.datetime(2026, 11, 23, 15, 59, tzinfo=dt.UTC)
    frozen_clock.move_to(before_midnight + dt.timedelta(minutes=30))

    with transaction():
        subscribers.award_checkin(accepted(member, village, used_at=before_midnight))
        subscribers.award_checkin(accepted(member, village))

    assert [txn.explain["hour"] for txn in session().scalars(select(Txn).order_by(Txn.id))] == [
        "2026-11-23T23", "2026-11-24T00",
    ]  # fmt: skip
    assert session().scalars(select(Txn.effective_on).order_by(Txn.id)).all() == [
        dt.date(2026, 11, 23), dt.date(2026, 11, 24),
    ]  # fmt: skip


def test_the_same_check_in_told_again_earns_nothing_more(member: Member, village: Area) -> None:
    happened = accepted(member, village)
    for _again in range(3):
        with transaction():
            subscribers.award_checkin(happened)
    assert posted(member) == 5
    assert not waiting(member)


def test_a_town_without_rules_and_a_grade_below_the_rule_earn_nothing(member: Member) -> None:
    with transaction():
        elsewhere = make_village()
        strict = make_village()
        open_books(town_of(strict), make_rule(min_grade="B"))
        subscribers.award_checkin(accepted(member, elsewhere))
        subscribers.award_checkin(accepted(member, strict, grade="C"))
    assert posted(member) == 0

    with transaction():
        subscribers.award_checkin(accepted(member, strict, grade="B"))
    assert posted(member) == 5


def test_a_flagged_check_in_waits_and_pays_after_a_second_person_accepted_it(
    member: Member, leader: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    happened = flagged(member, village)
    with transaction():
        subscribers.hold_flagged_checkin(happened)
        subscribers.hold_flagged_checkin(happened)
    assert waiting(member) == [("held", "flagged", None)]
    assert posted(member) == 0

    frozen_clock.tick(days=2)
    with transaction():
        subscribers.settle_checkin(settled(happened, accepted=True, by=leader))

    assert waiting(member) == [("posted", "flagged", "confirmed:同组队员证实")]
    txn = session().scalars(select(Txn)).one()
    assert (txn.approver_id, txn.actor_id, txn.effective_on) == (leader.id, leader.id, dt.date(2026, 11, 23))
    assert txn.explain["waited"]["reason"] == "flagged"
    assert session().scalars(select(RuleUsage.period_key).order_by(RuleUsage.period_key)).all() == [
        "2026-11-23", "2026-11-23T21",
    ]  # fmt: skip


def test_a_flag_settled_after_its_hour_was_counted_pays_nothing_and_says_why(
    member: Member, leader: Member, village: Area
) -> None:
    doubtful = flagged(member, village)
    with transaction():
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.award_checkin(accepted(member, village))
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=leader))
    assert posted(member) == 5
    assert waiting(member) == [("refused", "flagged", "hour:同组队员证实")]


def test_a_rejected_flag_refuses_the_award_with_the_reason(member: Member, leader: Member, village: Area) -> None:
    doubtful = flagged(member, village)
    with transaction():
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=leader, reason="在家误扫"))
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=leader))
    assert waiting(member) == [("refused", "flagged", "rejected:在家误扫")]
    assert posted(member) == 0


def test_silence_settles_without_an_approver(member: Member, village: Area) -> None:
    doubtful = flagged(member, village)
    with transaction():
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=None))
    assert session().scalars(select(Txn.approver_id)).all() == [None]


def test_an_unverified_member_waits_and_gets_what_fits_when_she_is_verified(
    leader: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        newcomer = make_member(village, verified=False)
    for minutes in (10, 50, 60, 60):  # 21:07, again 21:17, 22:07, 23:07 beyond the day's cap
        with transaction():
            subscribers.award_checkin(accepted(newcomer, village))
        frozen_clock.tick(minutes=minutes)
    assert waiting(newcomer) == [("held", "unverified", None)] * 2, "nothing is promised that caps would refuse"

    with transaction():
        subscribers.release_verified(MemberVerified(newcomer.id, leader.id))

    assert posted(newcomer) == 10
    assert [row[0] for row in waiting(newcomer)] == ["posted", "posted"]
    assert session().scalars(select(Txn.approver_id)).all() == [leader.id, leader.id]
    assert session().scalars(select(Entry.balance_after).order_by(Entry.seq)).all() == [5, 10]


def test_a_flag_settled_before_its_member_is_verified_goes_on_waiting(leader: Member, village: Area) -> None:
    with transaction():
        newcomer = make_member(village, verified=False)
        doubtful = flagged(newcomer, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=True, by=leader))
    assert waiting(newcomer) == [("held", "unverified", None)]
    with transaction():
        subscribers.release_verified(MemberVerified(newcomer.id, 0))
    assert posted(newcomer) == 5


def test_an_empty_budget_lets_awards_wait_takes_no_cap_and_pays_when_it_is_filled(
    frozen_clock: FrozenClock,
) -> None:
    with transaction():
        village = make_village()
        town = town_of(village)
        open_books(town, budget=5)
        first, second = make_member(village), make_member(village)
        subscribers.award_checkin(accepted(first, village))
        subscribers.award_checkin(accepted(second, village))
    assert (posted(first), posted(second)) == (5, 0)
    assert waiting(second) == [("held", "budget", None)]
    assert session().scalar(select(func.sum(RuleUsage.used)).where(RuleUsage.subject_id == second.id)) == 0

    frozen_clock.tick(days=3)
    with transaction():
        budget.fund(system_actor("tests"), town.id, 2026, 20)
        assert awarding.release(second.id, "budget") == 1
    assert posted(second) == 5
    assert session().scalar(select(func.sum(BudgetSlot.used))) == 10
    assert session().scalar(select(func.sum(BudgetSlot.amount))) == 20


def test_a_flagged_act_of_an_hour_that_is_counted_already_promises_nothing(village: Area, member: Member) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
        subscribers.hold_flagged_checkin(flagged(member, village))
    assert session().scalars(select(Award)).all() == []
