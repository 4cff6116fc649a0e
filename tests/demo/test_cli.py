"""`flask demo` from a terminal."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.config import Settings, new_secrets
from community.core.db import session
from community.people.models import Member
from tests.harness.databases import Databases
from tests.harness.server import ROOT, clean_environment


def _people(app: Flask) -> int:
    with app.app_context():
        return session().scalar(select(func.count(Member.id))) or 0


def test_it_loads_as_many_people_and_days_as_asked_and_says_so(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="tools")
    result = app.test_cli_runner().invoke(args=["demo", "--people", "80", "--days", "10"])

    assert result.exit_code == 0, result.output
    assert "80 people" in result.output
    assert "10 days" in result.output
    assert _people(app) == 81


def test_a_second_time_it_says_what_to_do(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="demo")
    first, second = (app.test_cli_runner().invoke(args=["demo", "--people", "60", "--days", "3"]) for _time in range(2))
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert "空的数据库" in second.output
    assert "Traceback" not in second.output
    assert _people(app) == 61


def test_production_has_no_demo(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="production")
    result = app.test_cli_runner().invoke(args=["demo"])

    assert result.exit_code == 1
    assert "production" in result.output
    assert _people(app) == 0


def _flask_demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    flask = str(Path(sys.executable).with_name("flask"))
    env = clean_environment(INSTANCE_DIR=str(folder), **environment)
    command = [flask, "demo", "--people", "60", "--days", "3"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("given", [new_secrets(), {"SECRET_KEY": new_secrets()["SECRET_KEY"]}])
def test_beside_the_secrets_of_production_there_is_no_demo(
    tmp_path: Path, databases: Databases, given: dict[str, str]
) -> None:
    url = databases.sqlite_copy(tmp_path / "linli.sqlite3")
    Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path)})  # makes the demo's own secrets.json
    done = _flask_demo(tmp_path, DATABASE_URL=url, PUBLIC_URL="https://linli.example.org", **given)
    assert done.returncode == 1, done.stdout
    assert "LINLI_MODE=demo" in done.stderr
    assert "Traceback" not in done.stderr
    assert _members(tmp_path) == 0


@pytest.mark.parametrize(
    "environment", [{}, {"LINLI_MODE": "demo", **new_secrets()}], ids=["its own secrets", "asked for"]
)
def test_a_terminal_loads_the_demo_with_its_own_secrets_or_when_asked_for(
    tmp_path: Path, databases: Databases, environment: dict[str, str]
) -> None:
    url = databases.sqlite_copy(tmp_path / "linli.sqlite3")
    Settings.from_env("demo", {"INSTANCE_DIR": str(tmp_path)})
    done = _flask_demo(tmp_path, DATABASE_URL=url, **environment)
    assert done.returncode == 0, done.stderr
    assert _members(tmp_path) == 61


def _members(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "linli.sqlite3")) as connection:
        return int(connection.execute("SELECT count(*) FROM member").fetchone()[0])


@pytest.mark.parametrize("arguments", [["--people", "0"], ["--days", "0"], ["--people", "many"], ["--people", "12"]])
def test_a_senseless_number_is_refused(make_app: Callable[..., Flask], arguments: list[str]) -> None:
    app = make_app(mode="tools")
    result = app.test_cli_runner().invoke(args=["demo", *arguments])

    assert result.exit_code in {1, 2}
    assert _people(app) == 0
