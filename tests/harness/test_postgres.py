"""The run's PostgreSQL server starts once, serves every worker, and leaves nothing when the run is gone."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.harness.postgres import server_url

pytestmark = pytest.mark.faults


def test_the_server_ends_with_a_killed_run(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        url = server_url(tmp_path, owner.pid)
        assert server_url(tmp_path, owner.pid) == url
        home = make_url(url).query["host"]
        assert isinstance(home, str)
        with psycopg.connect(host=home, user="postgres", dbname="postgres") as connection:
            assert connection.info.server_version >= 150000
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    deadline = time.monotonic() + 15
    while Path(home).exists():
        assert time.monotonic() < deadline, "the server outlived its run"
        time.sleep(0.1)


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "fcntl.py").write_text("raise SystemExit('planted')")
    with pytest.raises(RuntimeError, match="planted"):
        server_url(tmp_path, 1)
