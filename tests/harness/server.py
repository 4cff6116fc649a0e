"""The real program, started as an operator starts it, on a free loopback port with an instance folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 90


class Server:
    """A running server. `url` is its address; `log` holds what it printed.

    `command` is what to run (default: the door, as `make run` does), `ready` the address that answers 200 once it is
    up. A word `PORT` in the command becomes the port.
    """

    def __init__(
        self, instance: Path, *, command: list[str] | None = None, ready: str = "/readyz", **environment: str
    ) -> None:
        self.instance = instance
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = instance.with_suffix(".log")
        self._command = command or [sys.executable, "app.py"]
        self._environment = environment
        self._ready = ready
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start and wait until it says that it is ready. RuntimeError with its log when it does not."""
        self.instance.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [part.replace("PORT", str(self.port)) for part in self._command],
                cwd=ROOT,
                env=clean_environment(
                    **{"PORT": str(self.port), "INSTANCE_DIR": str(self.instance), "PUBLIC_URL": self.url}
                    | self._environment
                ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """End it and everything it started."""
        if self.process is None:
            return
        for attempt in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, attempt)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        with contextlib.suppress(ProcessLookupError):  # workers that outlived their parent
            os.killpg(self.process.pid, signal.SIGKILL)

    def printed(self) -> str:
        """Everything it printed so far."""
        return self.log.read_text(errors="replace")

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}{self._ready}", timeout=5):  # noqa: S310 - our own loopback port
                    return
            except (urllib.error.URLError, OSError) as problem:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"The server did not become ready ({problem}):\n{self.printed()}") from problem
            time.sleep(0.1)


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without the settings of Linli that somebody may have set, plus yours."""
    own = ("DATABASE_", "INSTANCE_DIR", "PUBLIC_URL", "SECRET_", "TLS", "PORT", "FLASK_", "LINLI_", "SITE_", "TIMEZONE")
    own += ("REDIS_",)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
