"""What is written down of an error: where it happened and which constraint, never what people had typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from community.core import telling
from community.core.db import session, transaction
from community.core.web.rights import public
from community.people.models import Member
from tests.factories.people import make_member

# Here alone: a traceback shows the lines of the program.
TYPED = ("王小明", "hash-of-her-number", "2026-01-0 about noon")
FIELDS: dict[str, Any] = {"display_name": TYPED[0], "phone_hash": TYPED[1]}


def unknown_age() -> None:
    with transaction():
        make_member(age_band="bad", **FIELDS)


def known_number() -> None:
    with transaction():
        make_member(**FIELDS)
        make_member(**FIELDS)


def twice() -> None:
    with transaction():
        member = make_member(**FIELDS)
        session().execute(insert(Member).values(id=member.id, age_band="60+", **FIELDS))


def nothing() -> None:
    with transaction():
        member = make_member(**FIELDS)
        session().execute(update(Member).where(Member.id == member.id).values(display_name=None))


def senseless() -> None:
    session().execute(text("SELECT nothing FROM member WHERE display_name = :name"), {"name": TYPED[0]})


def half() -> None:
    with transaction():
        make_member(created_at=TYPED[2], **FIELDS)


def caught(act: Callable[[], object]) -> tuple[Any, Any, Any]:
    try:
        act()
    except Exception:
        return sys.exc_info()
    raise AssertionError("nothing was raised")


@pytest.mark.engine
@pytest.mark.parametrize("act", [unknown_age, twice, nothing, senseless, half])
def test_what_a_database_says_is_told_without_a_value(app: Flask, act: Callable[[], None]) -> None:
    assert app
    info = caught(act)
    assert isinstance(info[1], StatementError)
    for told in (telling.short(info[1]), telling.whole(info)):
        assert not [value for value in TYPED if value in told], told
        assert type(info[1]).__name__ in told
    assert f"in {act.__name__}" in telling.whole(info)


@pytest.mark.engine
def test_the_violated_constraint_is_named(app: Flask) -> None:
    assert app
    info = caught(unknown_age)
    assert "ck_member_age_band" in telling.short(info[1])
    assert "ck_member_age_band" in telling.whole(info)


@pytest.mark.engine
def test_an_error_that_a_databases_error_led_to_tells_no_more(app: Flask) -> None:
    """Registered refusals are raised from the database's own error, which is printed with them."""
    assert app

    def wrapped() -> None:
        try:
            unknown_age()
        except DBAPIError as error:
            raise RuntimeError("could not be done") from error

    for info in (caught(known_number), caught(wrapped)):
        told = telling.whole(info)
        assert not [value for value in TYPED if value in told], told
        assert "Error" in told
    assert "could not be done" in telling.whole(caught(wrapped))


def test_other_errors_keep_their_words_and_their_causes() -> None:
    def divides() -> None:
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            raise OSError("disk full")  # noqa: B904 - the context is what this is about

    def hides() -> None:
        try:
            divides()
        except OSError:
            raise KeyError("x") from None

    assert telling.short(OSError("disk full")) == "OSError: disk full"
    told = telling.whole(caught(divides))
    assert told.index("ZeroDivisionError: division by zero") < told.index("OSError: disk full")
    assert "disk full" not in telling.whole(caught(hides))


def test_an_error_that_is_its_own_cause_is_told_once() -> None:
    error = OSError("round")
    error.__cause__ = error
    assert telling.whole((OSError, error, None)).count("round") == 1


def test_a_servers_log_holds_no_value(make_app: Callable[..., Flask], capsys: pytest.CaptureFixture[str]) -> None:
    app = make_app()
    app.testing = False  # a server does not hand its errors to the visitor

    def fail() -> str:
        unknown_age()
        return ""

    app.add_url_rule("/planted", view_func=public("x")(fail))
    answer = app.test_client().get("/planted")
    printed = capsys.readouterr()
    assert answer.status_code == 500
    assert "request_failed" in printed.out
    assert "ck_member_age_band" in printed.out
    assert not [value for value in TYPED if value in printed.out + printed.err]
