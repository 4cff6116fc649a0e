"""The same SQL without the program: the statements of real check-ins, recorded once, sent by two bare processes.

Each check-in is recorded with its own parameters by running it through the application on a copy of the database; the
replay runs on another copy, where none of these rows exist yet. The replay uses the driver alone (psycopg, sqlite3),
one transaction a check-in, and reads every result.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Self

import psycopg
from flask import Flask
from sqlalchemy import event, make_url

from community.core.db import db
from community.core.db.engine import POSTGRES_OPTIONS, SQLITE_PRAGMAS

PROCESSES = 2
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Call:
    """One statement of a check-in: its number on the tape and its parameters (a list of them for many rows)."""

    number: int
    parameters: Any
    many: bool


@dataclass(slots=True)
class Tape:
    """Check-ins as the database sees them: the distinct statements, and for each check-in its calls."""

    statements: list[str] = field(default_factory=list)
    checkins: list[list[Call]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def note(self, statement: str, parameters: Any, *, many: bool) -> None:
        """Add a statement to the check-in recorded now."""
        number = self._numbers.setdefault(statement, len(self.statements))
        if number == len(self.statements):
            self.statements.append(statement)
        # sqlite3 wraps bytes into views, which do not travel to another process.
        if isinstance(parameters, tuple):
            parameters = tuple(bytes(one) if isinstance(one, memoryview) else one for one in parameters)
        self.checkins[-1].append(Call(number, parameters, many))

    def of_one(self) -> list[str]:
        """Return the statements of the last check-in, BEGIN and COMMIT included."""
        return ["BEGIN", *(self.statements[call.number] for call in self.checkins[-1]), "COMMIT"]


def record(app: Flask, requests: Sequence[bytes]) -> Tape:
    """Return the tape of `requests`, each made once through `app`, which stands on a database to throw away."""
    tape, client = Tape(), app.test_client(use_cookies=False)
    with app.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
        if not statement.startswith(("BEGIN", "PRAGMA")):
            tape.note(statement, parameters, many=many)

    event.listen(engine, "before_cursor_execute", note)
    try:
        for request in requests:
            head, _, body = request.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            tape.checkins.append([])
            answer = client.post(first.split(" ")[1], data=body, headers=[tuple(line.split(": ", 1)) for line in lines])
            if "/checkins/" not in answer.headers.get("Location", ""):
                raise RuntimeError(f"not an accepted check-in: {answer.status} {answer.headers.get('Location')}")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return tape


class Replay:
    """Processes with a connection each that share the tape; they wait between the parts they are told to send."""

    def __init__(self, tape: Tape, url: str, *, processes: int = PROCESSES) -> None:
        self._pipes: list[Connection] = []
        self._processes: list[SpawnProcess] = []
        spawn = multiprocessing.get_context("spawn")
        for number in range(processes):
            ours, theirs = spawn.Pipe()
            half = Tape(tape.statements, tape.checkins[number::processes])
            process = spawn.Process(target=_send, args=(theirs, url, half), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        for pipe in self._pipes:
            _hear(pipe)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.close()
            process.join(5)
            process.kill()

    def send(self, count: int) -> float:
        """Send the next `count` check-ins of the tape (as many for each process); return how many a second."""
        began = time.perf_counter()
        for pipe in self._pipes:
            pipe.send(count // len(self._pipes))
        for pipe in self._pipes:
            _hear(pipe)
        return count / (time.perf_counter() - began)


def _hear(pipe: Connection) -> None:
    if not pipe.poll(_PATIENCE):
        raise RuntimeError("the direct SQL did not finish in time")
    pipe.recv()


def _send(pipe: Connection, url: str, tape: Tape) -> None:
    opened = make_url(url)
    run: Callable[[Tape, list[list[Call]]], None]
    if opened.get_backend_name() == "sqlite":
        lite = sqlite3.connect(str(opened.database), timeout=5, isolation_level=None)
        for pragma in SQLITE_PRAGMAS:
            lite.execute(pragma)
        run = partial(_sqlite, lite)
    else:
        plain = opened.set(drivername="postgresql").render_as_string(hide_password=False)
        run = partial(_postgres, psycopg.connect(plain, options=POSTGRES_OPTIONS))
    at = 0
    pipe.send("ready")
    with contextlib.suppress(EOFError):
        while True:
            count = pipe.recv()
            run(tape, tape.checkins[at : at + count])
            at += count
            pipe.send("done")


def _postgres(connection: psycopg.Connection[Any], tape: Tape, checkins: list[list[Call]]) -> None:
    for checkin in checkins:
        with connection.cursor() as cursor:
            for call in checkin:
                (cursor.executemany if call.many else cursor.execute)(tape.statements[call.number], call.parameters)
                if cursor.description:
                    cursor.fetchall()
        connection.commit()


def _sqlite(connection: sqlite3.Connection, tape: Tape, checkins: list[list[Call]]) -> None:
    for checkin in checkins:
        connection.execute("BEGIN IMMEDIATE")
        with contextlib.closing(connection.cursor()) as cursor:
            for call in checkin:
                (cursor.executemany if call.many else cursor.execute)(tape.statements[call.number], call.parameters)
                cursor.fetchall()
        connection.execute("COMMIT")
