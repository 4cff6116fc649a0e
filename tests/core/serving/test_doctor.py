"""What the doctor finds, each with the way to mend it."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from community.core import clock, scheduler
from community.core.config import new_secrets, settings
from community.core.db import schema_changes, session, transaction
from community.core.maps import TileMap
from community.core.scheduler import Job, run_job
from community.core.serving import doctor
from community.core.serving.doctor import Finding, examine
from tests.harness.server import ROOT

ENV = {"PUBLIC_URL": "https://linli.example.org", "METRICS_TOKEN": "x", "TRUSTED_PROXIES": "1"}


def mends(found: list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.text for finding in found if finding.state == "mend"}


def broken() -> None:
    """A job."""
    raise OSError("no space")


@pytest.fixture
def good(app: Flask) -> dict[str, str]:
    """An environment in which everything is in order."""
    settings().instance_dir.chmod(0o700)
    run_job(app, Job(scheduler.HEARTBEAT, "community.core.scheduler.runner:beat", dt.timedelta(seconds=30)))
    session().commit()
    return ENV | new_secrets()


@pytest.mark.engine
def test_a_deployment_in_order_has_nothing_to_mend(good: dict[str, str]) -> None:
    assert mends(examine("production", env=good)) == {}


@pytest.mark.engine
def test_a_database_behind_the_program_is_told(good: dict[str, str]) -> None:
    with schema_changes():
        session().execute(text("UPDATE alembic_version SET version_num = '0000'"))
    found = examine("production", env=good)
    newest = max((ROOT / "migrations" / "versions").glob("[0-9]*.py")).name[:4]
    assert mends(found) == {"migrations": f"at 0000, the program needs {newest}"}
    assert [finding.how for finding in found if finding.subject == "migrations"] == ["flask db upgrade"]


def test_a_silent_scheduler_is_told(good: dict[str, str]) -> None:
    with clock.frozen(clock.now() + dt.timedelta(minutes=10)):
        assert "was last alive 6" in mends(examine("production", env=good))["scheduler"]


def test_a_failing_job_is_told_with_its_error(app: Flask, good: dict[str, str]) -> None:
    run_job(app, Job("sweep", f"{__name__}:broken", dt.timedelta(hours=1)))
    session().commit()
    assert mends(examine("production", env=good)) == {"job sweep": "OSError: no space"}


def test_an_instance_folder_that_others_can_read_is_told(good: dict[str, str]) -> None:
    folder = settings().instance_dir
    folder.chmod(0o755)
    (folder / "secrets.json").write_text("{}")
    (folder / "secrets.json").chmod(0o644)
    found = [finding for finding in examine("production", env=good) if finding.state == "mend"]
    (folder / "secrets.json").unlink()
    assert [finding.how for finding in found] == [f"chmod 700 {folder}", f"chmod 600 {folder / 'secrets.json'}"]


def test_a_full_disk_is_told(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 60)
    assert "disk" in mends(examine("production", env=good))


def test_a_database_that_is_away_is_told_without_its_password(make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url="postgresql+psycopg://linli:hush@127.0.0.1:1/linli")
    with app.app_context():
        found = examine("production", env=ENV | new_secrets())
    assert "cannot be reached" in mends(found)["database"]
    assert "hush" not in str(found)


def test_rooms_add_their_own_checks_and_are_not_asked_without_tables(good: dict[str, str]) -> None:
    def check() -> Iterator[Finding]:
        yield Finding("mend", "messages", "3 were given up")

    assert mends(examine("production", (check,), good)) == {"messages": "3 were given up"}
    with transaction():
        session().execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "messages" not in mends(examine("production", (check,), good))


@pytest.mark.usefixtures("good")
def test_every_missing_setting_is_told_in_one_go() -> None:
    found = [finding.text for finding in examine("production", env={}) if finding.subject == "settings"]
    assert len(found) == 2
    assert "PUBLIC_URL" in found[0]
    assert "PHONE_HASH_KEY" in found[1]


def test_a_storage_that_cannot_be_written_is_told(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    app = make_app(storage_url=f"file://{tmp_path}/file")
    with app.app_context():
        assert "cannot be used" in mends(examine("demo"))["uploads"]


def test_where_pictures_are_kept_and_whose_map_is_shown_is_told(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    tiles = TileMap("https://tiles.example.org/{z}/{x}/{y}", "© 天地图", "GS(2026)0001号")
    app = make_app(storage_url=f"file://{tmp_path}/pictures", map=tiles)
    with app.app_context():
        told = {finding.subject: finding.text for finding in examine("demo")}
    assert told["uploads"] == f"file {tmp_path}/pictures"
    assert told["map"] == "https://tiles.example.org, GS(2026)0001号"
    assert not list((tmp_path / "pictures").rglob("*.jpg"))
