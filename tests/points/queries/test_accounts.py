"""Balances are judged by date and cost the same whatever the history."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import balance
from community.points.queries.accounts import postings_of, statement
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of

pytestmark = pytest.mark.engine


def earn(member: Member, area: Area, **overrides: object) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, area, **overrides))


def test_nobody_without_points_has_an_account(member: Member) -> None:
    assert balance(member.id).purses == ()
    assert balance(member.id).available == 0


def test_points_are_good_to_the_end_of_their_last_day_and_gone_the_day_after_without_any_job(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    earn(member, village)
    frozen_clock.tick(hours=10)
    earn(member, village)
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expires_on, purse.expiring) == (10, dt.date(2028, 11, 23), 5)

    frozen_clock.move_to(dt.datetime(2028, 11, 23, 15, 59, tzinfo=dt.UTC))  # a minute before midnight in Shanghai
    assert balance(member.id).available == 10
    frozen_clock.tick(minutes=1)
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expires_on, purse.expiring) == (5, dt.date(2028, 11, 24), 5)
    frozen_clock.tick(days=1)
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expires_on, purse.expiring) == (0, None, 0)


def test_what_is_held_is_not_available(member: Member, village: Area) -> None:
    earn(member, village)
    with transaction():
        session().execute(text("UPDATE lot SET held = 2"))
        session().execute(text("UPDATE account SET held = 2 WHERE kind = 'resident'"))
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expiring) == (3, 3)


def test_what_expires_next_is_what_no_order_holds(member: Member, village: Area, frozen_clock: FrozenClock) -> None:
    earn(member, village)
    with transaction():
        session().execute(text("UPDATE lot SET held = remaining"))
        session().execute(text("UPDATE account SET held = posted WHERE kind = 'resident'"))
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expires_on) == (0, None)
    frozen_clock.tick(days=1)
    earn(member, village)
    purse = balance(member.id).purses[0]
    assert (purse.available, purse.expires_on, purse.expiring) == (5, dt.date(2028, 11, 24), 5)


def test_each_town_has_its_own_points_the_fullest_first(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        elsewhere = make_village()
        open_books(town_of(elsewhere), make_rule(amount=8, cap_day=None))
    earn(member, village)
    earn(member, elsewhere)
    held = balance(member.id)
    assert held.available == 13
    assert [(purse.town_id, purse.available) for purse in held.purses] == [
        (elsewhere.town_id, 8), (village.town_id, 5),
    ]  # fmt: skip
    assert frozen_clock


def test_lines_are_newest_first_and_pages_do_not_overlap(
    member: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    for _day in range(7):
        earn(member, village)
        frozen_clock.tick(days=1)
    account_id = balance(member.id).purses[0].account_id
    first = statement(account_id, limit=3)
    second = statement(account_id, first.older, limit=3)
    third = statement(account_id, second.older, limit=3)
    assert [[row.balance_after for row in page.lines] for page in (first, second, third)] == [
        [35, 30, 25], [20, 15, 10], [5],
    ]  # fmt: skip
    assert third.older is None


def test_what_rests_on_a_row_is_found_by_it(member: Member, village: Area) -> None:
    happened = accepted(member, village)
    with transaction():
        subscribers.award_checkin(happened)
    assert [row.delta for row in postings_of(f"checkin:{happened.checkin_id}")] == [5]
    assert postings_of("checkin:0") == []
