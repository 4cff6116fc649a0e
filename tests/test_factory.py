"""The program as a whole: what `python app.py` makes, and that no room is forgotten."""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from community.core.config import Settings
from community.factory import create_app
from tests.conftest import settings_for
from tests.harness.server import ROOT, Server, clean_environment, free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "instance", f"sqlite:///{tmp_path / 'x.sqlite3'}")


def test_an_app_is_made_without_touching_a_database(settings: Settings, tmp_path: Path) -> None:
    app = create_app(settings)
    assert isinstance(app, Flask)
    assert not (tmp_path / "x.sqlite3").exists()


def test_the_commands_of_operators_are_there(make_app: Callable[..., Flask]) -> None:
    assert {"db", "demo", "serve", "worker", "doctor", "admin"} <= set(make_app().cli.commands)


def test_bodies_and_sessions_have_their_bounds(make_app: Callable[..., Flask]) -> None:
    config = make_app(public_url="https://linli.test").config
    assert config["MAX_CONTENT_LENGTH"] <= 1 << 20
    assert config["SESSION_COOKIE_SECURE"]
    assert config["SESSION_COOKIE_HTTPONLY"]
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_a_host_header_of_somebody_else_never_gets_into_a_link(make_app: Callable[..., Flask]) -> None:
    page = make_app().test_client().get("/", headers={"Host": "evil.example"})
    assert "evil.example" not in page.text


def fetch(url: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:  # noqa: S310 - our own loopback port
        return answer.status, answer.read().decode()


@pytest.mark.slow
def test_one_command_migrates_loads_the_district_and_serves_with_the_scheduler(demo_server: Server) -> None:
    status, text = fetch(f"{demo_server.url}/readyz")
    assert (status, json.loads(text)["ready"]) == (200, True)
    assert "演示" in fetch(f"{demo_server.url}/")[1]
    assert stat.S_IMODE((demo_server.instance / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_second_start_keeps_what_is_there(demo_server: Server, start_server: Callable[..., Server]) -> None:
    demo_server.stop()
    secrets = (demo_server.instance / "secrets.json").read_bytes()
    again = start_server(instance=demo_server.instance)
    assert (demo_server.instance / "secrets.json").read_bytes() == secrets
    assert fetch(f"{again.url}/readyz")[0] == 200


@pytest.mark.slow
def test_a_phone_that_needs_https_gets_it_by_one_setting(demo_server: Server, tmp_path: Path) -> None:
    demo_server.stop()
    port = free_port()
    with (tmp_path / "tls.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=clean_environment(TLS="1", PORT=str(port), INSTANCE_DIR=str(demo_server.instance)),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        context = ssl.create_default_context(cafile=None)
        context.check_hostname = True
        deadline = time.monotonic() + 60
        while True:
            try:
                context.load_verify_locations(demo_server.instance / "tls-cert.pem")
                status, text = fetch(f"https://localhost:{port}/readyz", context)
                break
            except (OSError, urllib.error.URLError):
                assert time.monotonic() < deadline, (tmp_path / "tls.log").read_text()
                time.sleep(0.2)
        assert (status, json.loads(text)["database"]) == (200, "ok")
        assert f"https://localhost:{port}" in (tmp_path / "tls.log").read_text()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_taken_port_is_told_before_anything_slow(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104 - what the demo would listen on
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=clean_environment(PORT=str(port), INSTANCE_DIR=str(tmp_path / "i")),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"PORT={port + 1}" in done.stderr
    assert not (tmp_path / "i" / "linli.sqlite3").exists()
