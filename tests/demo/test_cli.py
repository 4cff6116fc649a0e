"""`flask demo` from a terminal."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.db import session
from community.people.models import Member


def _people(app: Flask) -> int:
    with app.app_context():
        return session().scalar(select(func.count(Member.id))) or 0


def test_it_loads_as_many_people_and_days_as_asked_and_says_so(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="tools")
    result = app.test_cli_runner().invoke(args=["demo", "--people", "80", "--days", "10"])

    assert result.exit_code == 0, result.output
    assert "80 people" in result.output
    assert "10 days" in result.output
    assert _people(app) == 80


def test_a_second_time_it_says_what_to_do(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="demo")
    first, second = (app.test_cli_runner().invoke(args=["demo", "--people", "60", "--days", "3"]) for _time in range(2))
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "空的数据库" in second.output
    assert "Traceback" not in second.output
    assert _people(app) == 60


def test_production_has_no_demo(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="production")
    result = app.test_cli_runner().invoke(args=["demo"])

    assert result.exit_code == 1
    assert "production" in result.output
    assert _people(app) == 0


@pytest.mark.parametrize("arguments", [["--people", "0"], ["--days", "0"], ["--people", "many"], ["--people", "12"]])
def test_a_senseless_number_is_refused(make_app: Callable[..., Flask], arguments: list[str]) -> None:
    app = make_app(mode="tools")
    result = app.test_cli_runner().invoke(args=["demo", *arguments])

    assert result.exit_code in {1, 2}
    assert _people(app) == 0
