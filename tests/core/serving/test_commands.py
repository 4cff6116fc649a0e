"""`flask` finds the program by itself; its commands say what is missing instead of failing somewhere inside."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from community.core.config import new_secrets
from community.core.scheduler import heartbeat_age
from tests.harness.databases import Databases
from tests.harness.server import ROOT, clean_environment

FLASK = str(Path(sys.executable).with_name("flask"))
PUBLIC_URL = "https://linli.example.org"


def flask(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FLASK, *words], cwd=ROOT, env=clean_environment(**env), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_serving_people_without_secrets_is_refused_in_one_line(command: str, tmp_path: Path) -> None:
    done = flask(command, INSTANCE_DIR=str(tmp_path), PUBLIC_URL=PUBLIC_URL)
    assert done.returncode == 1
    assert done.stderr.startswith("Linli does not start: missing in the environment: SECRET_KEY, POSTER_KEYS")
    assert "Traceback" not in done.stderr


def test_serving_people_with_a_weak_secret_is_refused_and_says_which(tmp_path: Path) -> None:
    secrets = {**new_secrets(), "SECRET_KEY": "secret"}
    done = flask("serve", INSTANCE_DIR=str(tmp_path), PUBLIC_URL=PUBLIC_URL, **secrets)
    assert done.returncode == 1
    assert "SECRET_KEY is too weak" in done.stderr


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    done = flask("doctor", INSTANCE_DIR=str(tmp_path), LINLI_MODE="prod")
    assert (done.returncode, "LINLI_MODE" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "words", [("admin", "create", "--phone", "19900000001", "--name", "x"), ("admin", "password"), ("demo",)]
)
def test_a_command_that_needs_the_keys_says_so_in_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    env = {"INSTANCE_DIR": str(tmp_path)}
    assert flask("db", "upgrade", **env).returncode == 0
    done = flask(*words, **env)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: This command needs the keys: set SECRET_KEY, POSTER_KEYS")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["POSTER_KEYS", "PHONE_CIPHER_KEYS"])
@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_ring_of_another_form_is_named(name: str, command: str, tmp_path: Path) -> None:
    done = flask(command, INSTANCE_DIR=str(tmp_path), PUBLIC_URL=PUBLIC_URL, **{**new_secrets(), name: "foo"})
    assert done.returncode == 1
    assert f"{name} must look like a=SECRET" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_tools_work_without_secrets_and_say_so_and_the_doctor_names_what_is_missing(tmp_path: Path) -> None:
    env = {"INSTANCE_DIR": str(tmp_path)}
    before = flask("doctor", **env)
    assert "does not exist yet" in before.stdout
    migrated = flask("db", "upgrade", **env)
    assert migrated.returncode == 0, migrated.stderr
    assert "no secrets in the environment" in migrated.stderr
    told = flask("doctor", **env)
    assert told.returncode == 1
    for subject in ("PUBLIC_URL", "SECRET_KEY", "scheduler: never ran here", "ok    migrations: at"):
        assert subject in told.stdout


@pytest.mark.slow
@pytest.mark.faults
def test_the_worker_works_until_it_is_told_to_stop(
    databases: Databases, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    url = databases.sqlite_copy(tmp_path / "worker.sqlite3")
    env = {"DATABASE_URL": url, "INSTANCE_DIR": str(tmp_path / "i"), "PUBLIC_URL": PUBLIC_URL, **new_secrets()}
    with subprocess.Popen(
        [FLASK, "worker"], cwd=ROOT, env=clean_environment(**env), stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout
        assert "worker_started" in worker.stdout.readline()
        with make_app(database_url=url).app_context():
            deadline = time.monotonic() + 20
            while heartbeat_age() is None:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        told = flask("doctor", **env)
        assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "Everything is in order."), told.stdout
        worker.send_signal(signal.SIGTERM)
        assert "worker_stopped" in worker.communicate(timeout=20)[0]
    assert worker.returncode == 0
