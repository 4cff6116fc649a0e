"""`flask doctor`: what is configured, what is missing, and how to mend it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import make_url, text

from community.core import scheduler
from community.core.config import SECRET_NAMES, Mode, Settings, problems, settings
from community.core.db import session
from community.core.uploads import storage
from community.core.web import counting

LEAST_FREE_BYTES = 1 << 30
SILENT_SECONDS = 180
_OLDEST_POSTGRES = 150000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `mend` must be mended before people use the site, `note` is worth knowing."""

    state: Literal["ok", "note", "mend"]
    subject: str
    text: str
    how: str = ""


Check = Callable[[], Iterator[Finding]]


def examine(mode: Mode, checks: tuple[Check, ...] = (), env: Mapping[str, str] | None = None) -> list[Finding]:
    """Return every finding for running in `mode`; `checks` are those of the rooms, asked once the database is well."""
    found = [*_settings(mode, env), *_instance(settings()), *_storage(settings()), *_map(settings()), *_limits(mode)]
    database = list(_database())
    found += database
    # Without its tables there is nothing more to ask.
    if not any(finding.state == "mend" for finding in database):
        for check in (_scheduler, *checks):
            found += check()
    return found


def _settings(mode: Mode, env: Mapping[str, str] | None) -> Iterator[Finding]:
    given = os.environ if env is None else env
    yield Finding(
        "note" if mode == "demo" else "ok", "mode", mode, "LINLI_MODE names another" if mode == "demo" else ""
    )
    wrong = problems(mode, env)
    for problem in wrong:
        yield Finding("mend", "settings", problem, _remedy(problem))
    if not wrong:
        yield Finding("ok", "secrets", "strong, each its own")
        yield Finding("ok", "public address", settings().public_url if mode == "demo" else given["PUBLIC_URL"])
    if mode == "production" and not given.get("METRICS_TOKEN"):
        yield Finding("note", "metrics", "/metrics answers this machine only", "METRICS_TOKEN lets others read it")
    if mode == "production" and not int(given.get("TRUSTED_PROXIES") or 0):
        yield Finding(
            "note", "proxy", "no proxy is trusted: every visitor has the address of the proxy", "TRUSTED_PROXIES=1"
        )


def _remedy(problem: str) -> str:
    if any(name in problem for name in SECRET_NAMES):
        return "docs/operations.md, “Secrets”, has a line that makes them"
    return "docs/operations.md lists every setting"


def _instance(current: Settings) -> Iterator[Finding]:
    folder = current.instance_dir
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding("mend", "instance folder", f"{folder} cannot be written", f"chown it to this user: {folder}")
        return
    loose = [path for path in (folder, *sorted(folder.iterdir())) if _open_to_others(path, folder)]
    for path in loose:
        mode = "700" if path.is_dir() else "600"
        yield Finding("mend", "instance folder", f"{path} can be read by other users", f"chmod {mode} {path}")
    if not loose:
        yield Finding("ok", "instance folder", f"{folder} is writable, and closed to others")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        yield Finding(
            "mend", "disk", f"only {free >> 20} MB free below {folder}", "make room before the database stops"
        )


def _storage(current: Settings) -> Iterator[Finding]:
    try:
        where = storage.check()
    except storage.StorageFault as fault:
        yield Finding("mend", "uploads", str(fault), "check STORAGE_URL, its rights, and that its driver is installed")
        return
    if current.storage_url or current.mode != "production":
        yield Finding("ok", "uploads", where)
    else:
        yield Finding("note", "uploads", where, "several hosts need one place: STORAGE_URL=s3://… or a shared folder")


def _map(current: Settings) -> Iterator[Finding]:
    if current.map is not None:
        yield Finding("ok", "map", f"{current.map.origin}, {current.map.approval}")


def _limits(mode: Mode) -> Iterator[Finding]:
    url = settings().redis_url
    if not url:
        if mode == "production":
            yield Finding("note", "rate limits", "each process counts for itself", "several hosts share: REDIS_URL")
        return
    parts = urlsplit(url)
    where = f"redis {parts.hostname}:{parts.port or 6379}"
    if counting.connect(url).check():
        yield Finding("ok", "rate limits", where)
    else:
        yield Finding(
            "mend", "rate limits", f"{where} does not answer: each process counts for itself", "check REDIS_URL"
        )


def _open_to_others(path: Path, folder: Path) -> bool:
    if path != folder and path.name not in {"secrets.json", "tls-key.pem"}:
        return False  # a closed folder closes what is in it
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _database() -> Iterator[Finding]:
    url = make_url(settings().database_url)
    where = f"{url.get_backend_name()} {url.host or ''} {url.database}".replace("  ", " ")
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("mend", "database", f"{where} does not exist yet", "flask db upgrade")
        return
    try:
        session().execute(text("SELECT 1"))
    except Exception as error:
        session().rollback()
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0][:160]
        yield Finding("mend", "database", f"{where} cannot be reached: {reason}", "check DATABASE_URL and the server")
        return
    yield Finding("ok", "database", where)
    if url.get_backend_name() == "postgresql":
        version = session().scalar(text("SELECT current_setting('server_version_num')::int")) or 0
        if version < _OLDEST_POSTGRES:
            yield Finding("mend", "database", f"PostgreSQL {version // 10000} is too old", "use 15 or newer")
    head = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    at = MigrationContext.configure(session().connection()).get_current_revision()
    if at == head:
        yield Finding("ok", "migrations", f"at {at}")
    else:
        yield Finding("mend", "migrations", f"at {at or 'nothing'}, the program needs {head}", "flask db upgrade")


def _scheduler() -> Iterator[Finding]:
    age = scheduler.heartbeat_age()
    if age is None or age > SILENT_SECONDS:
        told = "never ran here" if age is None else f"was last alive {int(age)} s ago"
        yield Finding("mend", "scheduler", told, "start `flask worker` (the demo server runs it by itself)")
    else:
        yield Finding("ok", "scheduler", f"alive {int(age)} s ago")
    for state in scheduler.states():
        if state.last_error:
            yield Finding("mend", f"job {state.job}", state.last_error, "its full trace is in the worker's log")
