"""Databases for tests: migrated once for a whole run, then copied, because migrating for every test takes minutes.

SQLite: one template file; a test gets a copy (milliseconds). PostgreSQL: one template database, one clone per worker
for tests that stay inside one connection, one clone per test where processes race.
"""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tests.harness.postgres import locked, server_url

Migrate = Callable[[str], None]


class Databases:
    """The databases of one run, seen from one worker.

    `shared` is the run's common folder, `owner_pid` the run's own process, `migrate` brings the database at a URL to
    the newest revision. `durable` makes the run's own PostgreSQL keep what it commits, as measurements need it.
    """

    def __init__(self, shared: Path, *, owner_pid: int, migrate: Migrate, durable: bool = False) -> None:
        self.shared = shared
        self._durable = durable
        self.run = shared.name.rpartition("-")[2].lower()
        self._owner_pid = owner_pid
        self._migrate = migrate

    def sqlite_template(self) -> Path:
        """The migrated file, made by whichever worker comes first."""
        template = self.shared / "template.sqlite3"
        with locked(self.shared / "template.lock"):
            if not template.exists():
                draft = self.shared / "draft.sqlite3"
                self._migrate(f"sqlite:///{draft}")
                with closing(sqlite3.connect(draft)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                draft.rename(template)
        return template

    def sqlite_copy(self, target: Path) -> str:
        """Make `target` a fresh migrated database, whatever it was before, and return its URL."""
        for leftover in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copyfile(self.sqlite_template(), target)
        return f"sqlite:///{target}"

    def server(self) -> URL:
        """The PostgreSQL server: the one in TEST_POSTGRES_URL, else the run's own."""
        given = os.environ.get("TEST_POSTGRES_URL")
        if given:
            return make_url(given).set(drivername="postgresql+psycopg")
        return make_url(server_url(self.shared, self._owner_pid, durable=self._durable))

    def postgres_template(self) -> str:
        """Name of the migrated template database, made by whichever worker comes first."""
        name, made = f"linli_{self.run}_template", self.shared / "template.postgres"
        with locked(self.shared / "template.lock"):
            if not made.exists():
                self._create(name, template="template0")
                self._migrate(self._url(name))
                made.touch()
        return name

    def postgres_clone(self, label: str) -> str:
        """Create a migrated database and return its URL; `label` only makes its name readable."""
        name = f"linli_{self.run}_{label}_{uuid.uuid4().hex[:8]}"
        template = self.postgres_template()
        # CREATE DATABASE wants the template to itself.
        with locked(self.shared / "clone.lock"):
            self._create(name, template=template)
        return self._url(name)

    def postgres_empty(self, label: str) -> str:
        """Create a database with nothing in it and return its URL."""
        name = f"linli_{self.run}_{label}_{uuid.uuid4().hex[:8]}"
        self._create(name, template="template0")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(url))))

    def drop_all(self) -> None:
        """Drop what this run left on a server that is not its own."""
        if not os.environ.get("TEST_POSTGRES_URL"):
            return
        with self._connect() as connection:
            pattern = f"linli\\_{self.run}\\_%"
            rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [pattern]).fetchall()
        for (name,) in rows:
            self.drop(self._url(name))

    def _url(self, name: str) -> str:
        return self.server().set(database=name).render_as_string(hide_password=False)

    def _create(self, name: str, *, template: str) -> None:
        # FILE_COPY is quicker than logging every page of a small template (measured: 20 ms against 60 ms).
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        server = self.server().set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(server, autocommit=True)


def _name(url: str) -> str:
    return make_url(url).database or ""
