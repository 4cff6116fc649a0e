"""What a measurement stands on: databases filled once and copied, and servers started as production starts them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from community.core.config import Settings, new_secrets
from community.core.db import db
from community.core.db.engine import SQLITE_PRAGMAS
from community.core.serving.server import command
from community.factory import create_app
from tests.harness.databases import Databases
from tests.harness.server import Server

HOST = "bench.linli.test"  # printed in codes and sent in headers; nobody resolves it


def environment(url: str, instance: Path) -> dict[str, str]:
    """Return what production needs in its environment to serve a database: secrets of its own, https behind a proxy."""
    return {
        **new_secrets(),
        "DATABASE_URL": url,
        "PUBLIC_URL": f"https://{HOST}",
        "TRUSTED_PROXIES": "1",
        "HOST": "127.0.0.1",
        "INSTANCE_DIR": str(instance),
    }


def program(given: dict[str, str]) -> Flask:
    """Build the program in this process from an environment: as production does, but for its log on the terminal."""
    return create_app(replace(Settings.from_env("production", given), mode="test"))


def serve_command() -> list[str]:
    """Return the command that README names for production."""
    return [str(Path(sys.executable).with_name("flask")), "serve"]


class Stage:
    """One engine ("sqlite" or "postgresql") with a filled database; `fill` writes into the app it is given."""

    def __init__(self, engine: str, folder: Path, fill: Callable[[Flask], None]) -> None:
        self.engine, self.folder = engine, folder
        # Two levels, as a test run has them: the run's name makes the names of its databases.
        shared = folder / f"bench-{os.getpid()}"
        shared.mkdir()
        self._fill = fill
        self._databases = Databases(shared, owner_pid=os.getpid(), migrate=self._prepare, durable=True)
        self._given = environment("", folder / "instance")
        self._made = 0

    def database(self) -> str:
        """Make a fresh copy of the filled database and return its URL."""
        self._made += 1
        if self.engine == "sqlite":
            return self._databases.sqlite_copy(self.folder / f"copy{self._made}.sqlite3")
        return self._databases.postgres_clone(f"copy{self._made}")

    def app(self, url: str) -> Flask:
        """Build the program in this process on a database."""
        return program(self._given | {"DATABASE_URL": url})

    def write(self, url: str, statement: str) -> None:
        """Write to a database directly, without the program."""
        import psycopg  # noqa: PLC0415

        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
                file.execute(statement)
            return
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1)) as server:
            server.execute(statement)

    def close(self) -> None:
        """Drop databases on a server that is not ours; our own ends with this process."""
        self._databases.drop_all()

    @contextmanager
    def serve(self, url: str) -> Iterator[Server]:
        """Serve the program on a database, as production does: `flask serve`."""
        with self._running(serve_command(), self._given | {"DATABASE_URL": url}) as server:
            yield server

    @contextmanager
    def serve_bare(self) -> Iterator[Server]:
        """Serve the smallest Flask application by the same server with the same arguments."""
        words = self._server_words()
        port = words.index("--port") + 1
        with self._running([*words[:port], "PORT", *words[port + 1 : -1], "bench.bare:app"], {}) as server:
            yield server

    def described(self) -> str:
        """Return the settings that the figures depend on, in words."""
        words = self._server_words()
        workers, threads = (words[words.index(name) + 1] for name in ("--workers", "--blocking-threads"))
        return f"Granian, {workers} workers of {threads} threads; {_database_words(self.database())}"

    def _server_words(self) -> list[str]:
        return command(Settings.from_env("production", self._given))

    @contextmanager
    def _running(self, words: list[str], environment: dict[str, str]) -> Iterator[Server]:
        self._made += 1
        server = Server(self.folder / f"server{self._made}", command=words, ready="/healthz", **environment)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def _prepare(self, url: str) -> None:
        app = self.app(url)
        with app.app_context():
            upgrade()
        self._fill(app)
        with app.app_context():
            db.engine.dispose()


@contextmanager
def staged(engine: str, fill: Callable[[Flask], None]) -> Iterator[Stage]:
    """Make a stage in a folder of its own and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    stage = Stage(engine, folder, fill)
    try:
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder, ignore_errors=True)


def _database_words(url: str) -> str:
    if url.startswith("sqlite"):
        pragmas = ", ".join(
            pragma.removeprefix("PRAGMA ") for pragma in SQLITE_PRAGMAS if "mode" in pragma or "sync" in pragma
        )
        return f"SQLite {sqlite3.sqlite_version}, {pragmas}"
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    found = {name: rows(url, f"SHOW {name}")[0][0] for name in names}
    return f"PostgreSQL {found.pop('server_version')}, " + ", ".join(f"{name}={value}" for name, value in found.items())


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Ask a database directly, without the program."""
    import psycopg  # noqa: PLC0415

    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1)) as server:
        return server.execute(query).fetchall()
