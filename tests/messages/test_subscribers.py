"""What people read in their inbox about decisions of staff."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.access.events import RoleChanged, RoleEnded, RoleGiven
from community.core import clock
from community.core.db import session, transaction
from community.messages import subscribers
from community.messages.models import Message
from community.messages.wording import names_in, words
from community.people import erasing
from community.people.events import MemberMerged, MemberReinstated, MemberSuspended, SignInCodeMade
from tests.factories.people import make_member

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def member():
    with transaction():
        return make_member()


def read(member):
    rows = session().scalars(select(Message).where(Message.member_id == member.id).order_by(Message.id))
    return [words(row.kind, row.params) for row in rows]


def test_a_suspended_member_reads_why_and_later_that_it_is_over(member):
    with transaction():
        subscribers.tell_suspended(MemberSuspended(member.id, 1, "共用账号"))
        subscribers.tell_reinstated(MemberReinstated(member.id, 1, "说清楚了"))
    (stopped, again) = read(member)
    assert "共用账号" in stopped[1]
    assert "说清楚了" in again[1]


def test_the_member_learns_of_a_merge_and_what_to_do_if_it_was_not_her(member):
    with transaction():
        subscribers.tell_merged(MemberMerged(7, member.id, 1))
    assert "不认得那份登记" in read(member)[0][1]


def test_an_office_is_told_with_place_last_day_and_reason(member):
    until = clock.at_local(dt.date(2027, 2, 1), dt.time.min)
    fact = (member.id, "网格员", "Grid worker", "晚潮社区")
    with transaction():
        subscribers.tell_role_given(RoleGiven(*fact, None, "接任"))
        subscribers.tell_role_changed(RoleChanged(*fact, until, "到春节"))
        subscribers.tell_role_ended(RoleEnded(*fact, until, "调离"))
    given, changed, ended = read(member)
    assert given[0] == "您被任命为晚潮社区网格员"
    assert "没有结束日期" in given[1]
    assert "2027年1月31日" in changed[1], "the last day, not the midnight after it"
    assert "调离" in ended[1]


def test_who_made_a_code_is_named_as_she_is_called_today_and_not_once_she_is_erased(member, statements):
    with transaction():
        by = make_member(display_name="陈建国")
        for _time in range(3):
            subscribers.tell_code_made(SignInCodeMade(member.id, by.id, "read_out"))
    assert "陈建国当面确认是您" in read(member)[0][1]
    with transaction():
        erasing._blank(by, clock.now())
    assert all("陈建国" not in str(row.params) for row in session().scalars(select(Message)))
    statements.clear()
    rows = session().scalars(select(Message)).all()
    names = names_in(row.params for row in rows)
    told = [words(row.kind, row.params, names)[1] for row in rows]
    assert len(told) == 3
    assert all(one.startswith("已注销用户当面确认是您") for one in told)
    assert len(statements) == 2, "the messages, and all their names"
