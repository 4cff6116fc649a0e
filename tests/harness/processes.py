"""Several real processes on one database, started at the same moment: what threads of one process cannot show.

    results = together(race_database, "tests.core.db.racers:count_up", processes=4, times=80)

Each process builds the program on the database, waits for the others, calls the function in an application context with
its number and your keywords, and returns what the function returned (as JSON).
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from tests.harness.server import ROOT, clean_environment

TIMEOUT = 120


class Process:
    """One process on its way to call `target` ("module:function"): `go()` lets it begin, `result()` waits for it."""

    def __init__(self, url: str, target: str, number: int = 0, **arguments: Any) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.processes", url, target, str(number), json.dumps(arguments)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.pid = self._popen.pid

    @property
    def _in(self) -> IO[str]:
        assert self._popen.stdin
        return self._popen.stdin

    def wait_for(self, word: str) -> str:
        """Read what it prints until a line begins with `word`; return the rest of that line."""
        assert self._popen.stdout
        printed = []
        for line in self._popen.stdout:
            if line.startswith(f"{word} "):
                return line[len(word) + 1 :].strip()
            printed.append(line)
        raise RuntimeError(f"the process ended before it said {word!r}:\n{''.join(printed)}")

    def go(self) -> None:
        """Let it begin."""
        self._in.write("go\n")
        self._in.flush()

    def result(self) -> Any:
        """Wait until the function has returned and return its value."""
        value = json.loads(self.wait_for("result"))
        self._popen.communicate(timeout=TIMEOUT)
        return value

    def kill(self) -> None:
        """End it without a warning (SIGKILL) and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.communicate(timeout=TIMEOUT)


def together(url: str, target: str, *, processes: int = 2, **arguments: Any) -> list[Any]:
    """Let `processes` processes call `target` at the same moment; return their results."""
    started = [Process(url, target, number, **arguments) for number in range(processes)]
    try:
        for process in started:
            process.wait_for("ready")
        for process in started:
            process.go()
        return [process.result() for process in started]
    finally:
        for process in started:
            process.kill()


def say(word: str, value: object = "") -> None:
    """In the called function: tell the test something (`wait_for(word)`)."""
    sys.stdout.write(f"{word} {json.dumps(value)}\n")
    sys.stdout.flush()


def hear() -> None:
    """In the called function: wait until the test says `go()` again."""
    sys.stdin.readline()


def _main(url: str, target: str, number: str, arguments: str) -> None:
    from community.factory import create_app  # noqa: PLC0415
    from tests.conftest import settings_for  # noqa: PLC0415 - in the process only

    module, _, function = target.partition(":")
    app = create_app(settings_for(Path(os.environ.get("TMPDIR", "/tmp")) / "linli-process", url))  # noqa: S108
    called = getattr(importlib.import_module(module), function)
    say("ready")
    hear()
    with app.app_context():
        say("result", called(int(number), **json.loads(arguments)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
