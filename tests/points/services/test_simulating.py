"""A set tried on the last ninety days: the numbers are those of the rules, and nothing of the trial stays."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists
from sqlalchemy import func, select

from community.core import clock
from community.core.authz import Actor
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area, Post
from community.points.models import BudgetSlot, Rule, RuleVersion, Txn
from community.points.queries import rule_sets
from community.points.services import proposing, simulating
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post
from tests.factories.points import town_of
from tests.factories.rules import DAY, make_set, past_check_in, proposal
from tests.factories.teams import make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def writer(village: Area) -> Actor:
    with transaction():
        member = make_member(village)
        make_grant(member, "town_admin", town_of(village))
    return actor_of(member)


def act(member: Member, post: Post, days_ago: int, hour: int = 20, team_id: int | None = None) -> None:
    at = clock.at_local(clock.today() - days_ago * DAY, dt.time(hour, 5))
    past_check_in(member, post, at, team_id=team_id)


def tried(writer: Actor, village: Area, *wanted: object, rule: Rule | None = None) -> dict[str, object]:
    with transaction():
        made = proposing.create(writer, area_id=town_of(village).id, title="试一试")
        for one in wanted:
            proposing.put(writer, made, one, rule_id=rule.id if rule else None)  # type: ignore[arg-type]
        proposing.simulate(writer, made)
    found = rule_sets.one(made).simulation
    assert found
    return found


def test_a_changed_amount_costs_what_the_arithmetic_says(village: Area, writer: Actor) -> None:
    rule = session().scalars(select(Rule)).one()
    with transaction():
        post, member, other = make_post(village), make_member(village), make_member(village)
        for day in (1, 2, 90):
            act(member, post, day, 19)
            act(member, post, day, 20)
            act(member, post, day, 21)
        act(other, post, 5)
        act(other, post, 91)
        act(other, post, 0)
    found = tried(writer, village, proposal(amount=6, cap_day=18), rule=rule)
    # Before: 5 an hour, 10 a day. After: 6 an hour, 18 a day. Today and the ninety-first day do not count.
    assert found["points"] == [3 * 10 + 5, 3 * 18 + 6]
    assert (found["acts"], found["members"], found["gain"], found["lose"]) == (10, 2, 2, 0)
    assert found["rules"] == [["P01", 35, 60]]
    assert sum(week[1] for week in found["weeks"]) == 35  # type: ignore[attr-defined]


def test_nothing_of_a_trial_stays(village: Area, writer: Actor) -> None:
    with transaction():
        post, member = make_post(village), make_member(village)
        act(member, post, 3)
    tables = (Rule, RuleVersion, Txn)
    before = [session().scalar(select(func.count()).select_from(one)) for one in tables]
    ends = session().scalars(select(RuleVersion.ends_on)).all()
    tried(writer, village, proposal(amount=9, cap_day=18), rule=session().scalars(select(Rule)).one())
    assert [session().scalar(select(func.count()).select_from(one)) for one in tables] == before
    assert session().scalars(select(RuleVersion.ends_on)).all() == ends


def test_losers_and_a_rule_that_ends_are_counted(village: Area, writer: Actor) -> None:
    rule = session().scalars(select(Rule)).one()
    with transaction():
        post, member = make_post(village), make_member(village)
        act(member, post, 3)
        made = proposing.create(writer, area_id=town_of(village).id, title="停用")
        proposing.end_rule(writer, made, rule.id)
        proposing.simulate(writer, made)
    found = rule_sets.one(made).simulation
    assert found
    assert (found["points"], found["gain"], found["lose"]) == ([5, 0], 0, 1)


def test_groups_of_fewer_than_five_people_are_not_told_apart(village: Area, writer: Actor) -> None:
    with transaction():
        post = make_post(village)
        patrol, riders = make_team(village), make_team(village, kind="riders")
        grid = make_area("grid", "第一网格", village)
        for _each in range(6):
            act(make_member(grid), post, 3, team_id=patrol.id)
        for _each in range(5):
            act(make_member(grid), post, 3, team_id=riders.id)
        act(make_member(village), post, 3, team_id=None)
    found = tried(writer, village, proposal(amount=3, cap_day=3, team_kind="riders"))
    groups: dict[str, list[list[object]]] = found["groups"]  # type: ignore[assignment]
    assert groups["team"] == [["patrol", 6, 30, 30, 0, 0], ["*", 6, 30, 45, 5, 0]], "the one person hides among riders"
    assert all(row[1] >= simulating.FEWEST for rows in groups.values() for row in rows)  # type: ignore[operator]
    assert sum(int(str(row[1])) for row in groups["grid"]) == 12


def test_a_budget_that_would_not_do_is_told(village: Area, writer: Actor) -> None:
    with transaction():
        post, member = make_post(village), make_member(village)
        for day in range(1, 61):
            act(member, post, day)
    small = tried(writer, village, proposal(amount=5, cap_day=10), rule=session().scalars(select(Rule)).one())
    assert small["budget"]["breach"] is False  # type: ignore[index]
    with transaction():
        for slot in session().scalars(select(BudgetSlot)):
            slot.amount = 1
    left = tried(writer, village, proposal(amount=5, cap_day=10), rule=session().scalars(select(Rule)).one())
    # 300 points in 90 days are 126 in the 38 days that the year still has.
    assert left["budget"] == {
        "year": 2026, "amount": 16, "left": 16, "need": [126, 126], "whole_year": [1216, 1216], "breach": True,
    }  # fmt: skip


def test_minutes_and_reviews_are_counted_apart(village: Area, writer: Actor) -> None:
    with transaction():
        post, member = make_post(village), make_member(village)
        act(member, post, 2)
        act(member, post, 1)
    found = tried(
        writer,
        village,
        proposal(asset="minutes", amount=60, cap_day=480),
        proposal(amount=4, cap_day=None, once_per="", review=True),
    )
    assert (found["points"], found["minutes"], found["reviews"]) == ([10, 18], [0, 120], [0, 2])


def test_above_the_most_acts_a_share_of_the_members_stands_for_all(
    village: Area, writer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        post = make_post(village)
        for _each in range(40):
            act(make_member(village), post, 3)
    monkeypatch.setattr(simulating, "MOST_ACTS", 20)
    found = tried(writer, village, proposal())
    assert found["share"] == 2
    assert 0 < int(str(found["acts"])) < 40
    assert found["points"] == [10 * int(str(found["acts"])), 22 * int(str(found["acts"]))]


@given(lists(integers(0, 500), max_size=40))
def test_the_gini_lies_between_equal_and_everything_for_one(amounts: list[int]) -> None:
    assert 0 <= simulating.gini(amounts) <= 1
    assert simulating.gini([7] * 5) == 0
    assert simulating.gini([0] * 9 + [10]) == 0.9
    assert simulating.top_tenth([10] + [0] * 9) == 100


def test_an_empty_set_is_not_tried(village: Area, writer: Actor) -> None:
    with transaction():
        made = make_set(writer, town_of(village))
        proposing.remove(writer, made, rule_sets.drafts(made)[0].id)
    with pytest.raises(Exception, match="no_rules"), transaction():
        proposing.simulate(writer, made)
