"""Postings by many processes at once, with real commits: nothing twice, no cap and no budget passed, no deadlock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from community.core.db import db, session, transaction
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Award, BudgetSlot, Entry, Lot, RuleUsage, Transfer, Txn, Unsealed
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.harness.processes import together
from tests.points.invariants import assert_sound
from tests.points.racers import fact_of, points_of

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]
# An evening whose 48 hours lie in one year, whatever the machine's date.
EVENING = dt.datetime(2026, 6, 1, 1, 0, tzinfo=dt.UTC)
YEARS = tuple(range(2024, 2040))


@pytest.fixture
def books(race_database: str, make_app: Callable[..., Flask]) -> Iterator[Callable[..., Any]]:
    """`books(budget=…, people=…)`: a community with open books and people, committed; the context stays pushed."""
    app = make_app(database_url=race_database)

    def open_some(*, people: int, budget: int = 10_000) -> tuple[Area, list[Member]]:
        with transaction():
            village = make_village()
            open_books(town_of(village), make_rule(), budget=budget, years=YEARS)
            return village, [make_member(village) for _number in range(people)]

    with app.app_context():
        yield open_some


def test_all_rows_of_one_posting_are_one_statement(books: Callable[..., Any], engine_name: str) -> None:
    village, (member,) = books(people=1)
    sent: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    with transaction():
        subscribers.award_checkin(accepted(member, village))
    tables = ("txn", "transfer", "entry", "lot", "unsealed")
    written = [one for one in sent if any(f"INSERT INTO {name} " in one for name in tables)]
    assert len(written) == (1 if engine_name == "postgresql" else len(tables)), written
    assert [count(model) for model in (Txn, Transfer, Entry, Lot, Unsealed)] == [1] * 5
    assert_sound()


def count(model: Any, *conditions: Any) -> int:
    session().rollback()
    return session().scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def deadlocks() -> int:
    """How many PostgreSQL has seen in this database."""
    session().rollback()
    if session().get_bind().dialect.name == "sqlite":
        return 0
    return session().scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")) or 0


def test_sixteen_processes_award_once_never_pass_a_cap_and_spend_a_budget_to_the_last_point_but_not_twice(
    books: Callable[..., Any], race_database: str
) -> None:
    village, (same, often) = books(people=2)
    poor, members = books(people=16, budget=35)
    with transaction():
        admin = make_member(poor)
        make_grant(admin, "town_admin", town_of(poor))
    done = together(
        race_database,
        "tests.points.racers:storm",
        processes=16,
        same=fact_of(accepted(same, village, used_at=EVENING)),
        often=fact_of(accepted(often, village, used_at=EVENING)),
        once=fact_of(accepted(members[0], poor, used_at=EVENING)),
        members=[member.id for member in members],
    )
    assert done == [14] * 16
    assert deadlocks() == 0
    assert count(Txn, Txn.subject_id == same.id) == 1
    assert points_of(often.id) == 10
    assert count(RuleUsage, RuleUsage.used > RuleUsage.cap) == 0
    assert count(Txn, Txn.town_id == poor.town_id) <= 7
    # What somebody else was just taking counted as gone; the job finds what that one left.
    jobs.post_waiting()
    assert count(Txn, Txn.town_id == poor.town_id) == 7
    assert count(Award, Award.town_id == poor.town_id, Award.state == "held", Award.reason_code == "budget") == 9
    assert session().scalar(select(func.sum(BudgetSlot.used)).where(BudgetSlot.town_id == poor.town_id)) == 35
    assert count(Message, Message.member_id == admin.id) == 1, "told once, whoever found it empty first"
    assert_sound()


def test_scans_settlements_and_verifications_of_the_same_people_wait_for_each_other_and_end(
    books: Callable[..., Any], race_database: str
) -> None:
    village, members = books(people=4, budget=40)
    leader = members.pop()
    fact = fact_of(accepted(members[0], village, used_at=EVENING))
    done = together(
        race_database, "tests.points.racers:mixed", processes=4, fact=fact, members=[m.id for m in members],
        leader=leader.id, times=12,
    )  # fmt: skip
    assert done == [48] * 4
    assert deadlocks() == 0
    jobs.post_waiting()
    assert session().scalar(select(func.sum(BudgetSlot.used))) == 40
    assert_sound()
