"""`python app.py`: one command from nothing to a running district."""

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

from tests.harness.server import ROOT, Server, clean_environment, free_port


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
