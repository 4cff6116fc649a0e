"""How the server is started, and that it is the real thing: killed workers come back, a taken port is told."""

import contextlib
import dataclasses
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from community.core.config import Settings, new_secrets
from community.core.serving import server
from tests.conftest import settings_for
from tests.harness.databases import Databases
from tests.harness.server import Server


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "instance", "sqlite:///:memory:", port=8123)


def test_a_killed_worker_is_replaced_and_certificates_allow_older_phones(settings: Settings, tmp_path: Path) -> None:
    words = server.command(settings, (tmp_path / "c.pem", tmp_path / "k.pem"))
    line = " ".join(words)
    assert "--respawn-failed-workers" in words
    assert "--interface wsgi" in line
    assert "--host 127.0.0.1 --port 8123 --workers 2 --blocking-threads 4" in line
    assert line.endswith(f"--ssl-keyfile {tmp_path / 'k.pem'} --ssl-protocol-min tls1.2 app:app")
    assert "--ssl-certificate" not in server.command(settings)


def test_workers_start_with_an_empty_folder_for_their_metrics(settings: Settings) -> None:
    folder = settings.instance_dir / "metrics-8123"
    folder.mkdir()
    (folder / "counter_1.db").write_text("old")
    env = server.environment(settings, scheduler_inside=False)
    assert env["PROMETHEUS_MULTIPROC_DIR"] == str(folder)
    assert list(folder.iterdir()) == []
    assert env["LINLI_MODE"] == "test"
    assert server.SCHEDULER_INSIDE not in env
    assert server.environment(settings, scheduler_inside=True)[server.SCHEDULER_INSIDE] == "1"


def test_a_taken_port_is_told_with_another_one(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(server.PortTaken, match=f"PORT={taken + 1}"):
            server.check_port(dataclasses.replace(settings, port=taken))
    server.check_port(dataclasses.replace(settings, port=taken))


@pytest.fixture
def production(start_server: Callable[..., Server], databases: Databases, tmp_path: Path) -> Server:
    """The program in production, as `flask serve` starts it, on SQLite."""
    return start_server(
        command=[str(Path(sys.executable).with_name("flask")), "serve"],
        ready="/healthz",
        DATABASE_URL=databases.sqlite_copy(tmp_path / "production.sqlite3"),
        **new_secrets(),
    )


def answer(url: str, tries: int = 1) -> tuple[int, str]:
    """Status and text; of several tries some may fall with a worker that was killed."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own loopback port
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        if tries == 1:
            raise
        time.sleep(0.1)
        return answer(url, tries - 1)


def children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listens(pid: int, port: int) -> bool:
    """Say whether the process holds a socket that listens on the port, as the kernel tells."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{line[9]}]" for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")}
    held = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            held.add(os.readlink(one))
    return not held.isdisjoint(sockets)


@pytest.mark.slow
@pytest.mark.faults
def test_production_serves_adds_its_workers_up_and_survives_the_death_of_one(production: Server) -> None:
    assert production.process
    workers = children(production.process.pid)
    assert len(workers) == 2
    for _times in range(8):
        assert answer(f"{production.url}/healthz")[0] == 200
    status, text = answer(f"{production.url}/readyz")
    assert status == 503
    assert "no scheduler has run yet" in text
    counted = [line for line in answer(f"{production.url}/metrics")[1].splitlines() if 'route="/healthz"' in line]
    assert any(line.startswith("linli_requests_total") and float(line.split()[-1]) >= 8 for line in counted), counted
    deadline = time.monotonic() + 20
    while not all(listens(pid, production.port) for pid in workers):  # ready is who answers first
        assert time.monotonic() < deadline, production.printed()
        time.sleep(0.1)
    os.kill(workers[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(children(production.process.pid)) < 2 or workers[0] in children(production.process.pid):
        assert answer(f"{production.url}/healthz", tries=5)[0] == 200, "the other worker goes on"
        assert time.monotonic() < deadline, production.printed()
        time.sleep(0.2)
