"""Everybody of the area reads of a rule set on its way: when it is published, taken back, and in force."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.messages.models import Announcement
from community.messages.queries import announcements
from community.places.models import Area
from community.points.models import RuleSet
from community.points.services import adopting, proposing
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import town_of
from tests.factories.rules import make_set, proposal, published, resolution

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("frozen_clock")]


@pytest.fixture
def staff(village: Area) -> tuple[Actor, Actor]:
    with transaction():
        people = [make_member(village, display_name=name) for name in ("起草人", "公示人")]
        for one in people:
            make_grant(one, "town_admin", town_of(village))
    first, second = (actor_of(one) for one in people)
    return first, second


def told() -> list[tuple[str, str, int]]:
    rows = session().scalars(select(Announcement).order_by(Announcement.created_at, Announcement.id))
    return [(row.title, row.body, row.created_by) for row in rows]


def test_a_published_set_is_announced_to_everybody_in_both_languages_in_the_name_of_who_published_it(
    app: Flask, village: Area, staff: tuple[Actor, Actor]
) -> None:
    with force_locale("en"), transaction():
        made = published(*staff, town_of(village))
    ((title, body, by),) = told()
    assert (title, by) == ("积分规则公示：冬季规则", staff[1].member_id)
    for said in ("居民代表会议 2026-7", "公示到 2026-11-30", "2026-12-01 起施行", f"/rules/sets/{made}"):
        assert said in body
    assert body.count("冬季规则") == 2, "once in each language"
    (shown,) = announcements.shown_to(None)
    assert shown.title == title
    row = session().scalars(select(Announcement)).one()
    assert (row.audience, row.scope_path) == ("everyone", town_of(village).path)
    assert row.until == clock.at_local(dt.date(2026, 12, 2), dt.time.min)


def test_a_villages_set_is_announced_in_the_village_and_another_town_hears_nothing(
    village: Area, staff: tuple[Actor, Actor]
) -> None:
    with transaction():
        stranger = make_member(make_village())
    made = _village_set(village, staff)
    row = session().scalars(select(Announcement)).one()
    assert row.scope_path == village.path
    assert [one.id for one in announcements.shown_to(actor_of(stranger))] == []
    assert made


def _village_set(village: Area, staff: tuple[Actor, Actor]) -> RuleSet:
    with transaction():
        made = make_set(staff[0], village, proposal(amount=2, cap_day=None, cap_month=40))
        proposing.simulate(staff[0], made)
        proposing.publish(staff[1], made, resolution(), effective_on=clock.today() + dt.timedelta(days=8))
    return session().get_one(RuleSet, made)


def test_it_is_announced_again_when_it_comes_into_force_and_a_draft_never_is(
    village: Area, staff: tuple[Actor, Actor], frozen_clock: FrozenClock
) -> None:
    with transaction():
        make_set(staff[0], town_of(village), title="还在写的")
        made = published(*staff, town_of(village))
    frozen_clock.move_to(clock.at_local(dt.date(2026, 11, 30), dt.time(23, 40)))
    with transaction():
        assert adopting.bring_in(made)
        assert not adopting.bring_in(made)
    assert [title for title, _body, _by in told()] == ["积分规则公示：冬季规则", "新的积分规则：冬季规则"]
    assert told()[-1][2] == staff[1].member_id
    assert "从 2026-12-01 起施行" in told()[-1][1]


def test_what_was_announced_and_taken_back_is_said_with_the_reason_what_nobody_heard_of_is_not(
    village: Area, staff: tuple[Actor, Actor]
) -> None:
    with transaction():
        made = published(*staff, town_of(village))
        unheard = make_set(staff[0], town_of(village), title="没公示过")
    with transaction():
        proposing.withdraw(staff[1], made, "预算没有批下来")
        proposing.withdraw(staff[0], unheard, "写错了")
    assert [title for title, _body, _by in told()] == ["积分规则公示：冬季规则", "积分规则撤回：冬季规则"]
    assert "预算没有批下来" in told()[-1][1]
