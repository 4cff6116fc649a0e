"""The queue of SQLite's writers, of which one at a time writes.

SQLite lets writers poll for their turn with longer and longer sleeps: under load the processor idles while everybody
sleeps, and some are overtaken for seconds. Here the threads of a process wait at a lock of their own, and one of them
at two lock files beside the database. The queue only says who tries next: BEGIN IMMEDIATE still guards the data,
against programs too that know of no queue, and the kernel takes the locks of a process that dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from community.core.errors import Busy

PATIENCE = 5.0
_PAUSE = 0.0003
_TURN = "turn in the queue of writers"
_opening = threading.Lock()


class WriterQueue:
    """Who writes next. `enter()` waits for its turn, `leave()` ends it; one turn a process at a time."""

    def __init__(self, database: Path) -> None:
        self._paths = [database.with_name(f"{database.name}.{name}") for name in ("gate", "turn")]
        self._pid = 0
        self._threads = threading.Lock()
        self._files: list[int] = []

    def enter(self) -> None:
        """Wait for the turn; raises Busy after five seconds."""
        self._open()
        deadline = time.monotonic() + PATIENCE
        if not self._threads.acquire(timeout=PATIENCE):
            raise Busy
        gate, turn = self._files
        try:
            # Who waits for the turn holds the gate: a process that just had its turn cannot overtake.
            _lock(gate, deadline)
            try:
                _lock(turn, deadline)
            finally:
                fcntl.flock(gate, fcntl.LOCK_UN)
        except BaseException:
            self._threads.release()
            raise

    def leave(self) -> None:
        """End the turn, in whichever thread."""
        fcntl.flock(self._files[1], fcntl.LOCK_UN)
        self._threads.release()

    def _open(self) -> None:
        with _opening:
            if self._pid == os.getpid():
                return
            # A forked process shares its parent's files, and with them its locks: it needs its own.
            self._threads = threading.Lock()
            self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in self._paths]
            self._pid = os.getpid()


def queue_writers(engine: Engine) -> WriterQueue | None:
    """Return the queue for `engine`'s database file; a turn ends when its connection goes back to the pool."""
    file = engine.url.database
    if not file or file == ":memory:":
        return None
    queue = WriterQueue(Path(file))

    def checkin(_connection: Any, record: Any) -> None:
        if record.record_info.pop(_TURN, None):
            queue.leave()

    event.listen(engine, "checkin", checkin)
    return queue


def take_turn(queue: WriterQueue, connection: Connection) -> None:
    """Enter the queue for `connection`, unless it has its turn already."""
    kept = connection.connection.record_info
    if kept is not None and _TURN not in kept:
        queue.enter()
        kept[_TURN] = True


def _lock(file: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy from None
            time.sleep(_PAUSE)
        else:
            return
