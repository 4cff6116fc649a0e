"""Several real processes on one database, started at the same moment: what threads of one process cannot show.

    results = together(race_database, "tests.core.db.racers:count_up", processes=4, times=80)

Each process builds the program on the database, waits for the others, calls the function in an application context with
its number and your keywords, and returns what the function returned (as JSON).
"""

import contextlib
import importlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TIMEOUT = 120
# A process is forked from a small one that has read the program already and holds no thread, file or connection:
# reading it anew takes seconds of processor time, and a race needs sixteen.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["community.factory", "tests.conftest"])


class Process:
    """One process on its way to call `target` ("module:function"): `go()` lets it begin, `result()` waits for it."""

    def __init__(self, url: str, target: str, number: int = 0, **arguments: Any) -> None:
        theirs, self._in = _FORKS.Pipe(duplex=False)
        self._out, ours = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_main, args=(theirs, ours, url, target, number, json.dumps(arguments)))
        self._process.start()
        theirs.close()
        ours.close()
        self._printed = os.fdopen(os.dup(self._out.fileno()))
        assert self._process.pid
        self.pid = self._process.pid

    def wait_for(self, word: str) -> str:
        """Read what it prints until a line begins with `word`; return the rest of that line."""
        printed = []
        for line in self._printed:
            if line.startswith(f"{word} "):
                return line[len(word) + 1 :].strip()
            printed.append(line)
        raise RuntimeError(f"the process ended before it said {word!r}:\n{''.join(printed)}")

    def go(self) -> None:
        """Let it begin."""
        os.write(self._in.fileno(), b"go\n")

    def result(self) -> Any:
        """Wait until the function has returned and return its value."""
        value = json.loads(self.wait_for("result"))
        self._end()
        return value

    def kill(self) -> None:
        """End it without a warning (SIGKILL) and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        """Wait until it is gone and close what led to it."""
        self._process.join(TIMEOUT)
        assert self._process.exitcode is not None, "it does not end"
        self._printed.close()
        self._out.close()
        self._in.close()


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


def _main(heard: Connection, said: Connection, url: str, target: str, number: int, arguments: str) -> None:
    """Be the process: what it hears is its standard input, what it prints is told to the test."""
    os.setsid()
    os.dup2(heard.fileno(), 0)
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    heard.close()
    said.close()
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    try:
        _call(url, target, number, json.loads(arguments))
    except Exception:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        raise SystemExit(1) from None


def _call(url: str, target: str, number: int, arguments: dict[str, Any]) -> None:
    from community.factory import create_app  # noqa: PLC0415
    from tests.conftest import settings_for  # noqa: PLC0415 - in the process only

    module, _, function = target.partition(":")
    app = create_app(settings_for(Path(tempfile.gettempdir()) / "linli-process", url))
    called = getattr(importlib.import_module(module), function)
    say("ready")
    hear()
    with app.app_context():
        say("result", called(number, **arguments))
