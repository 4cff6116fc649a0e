"""Fixtures for every test: an app on a fresh migrated database, its pages, a stopped clock, a browser, real servers.

How to write tests with them is told in tests/README.md.
"""

import dataclasses
import multiprocessing.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.harness", "tests.factories")

# Settings of a developer's own shell must not leak into tests. TEST_POSTGRES_URL is meant for them and stays.
for _name in ("DATABASE_URL", "INSTANCE_DIR", "PUBLIC_URL", "TLS", "PORT", "SECRET_KEY", "FLASK_APP", "FLASK_DEBUG"):
    os.environ.pop(_name, None)

from flask import Flask  # noqa: E402 - after the environment is clean
from hypothesis import HealthCheck, settings as hypothesis_settings  # noqa: E402
from sqlalchemy import event  # noqa: E402

from community.core import clock  # noqa: E402
from community.core.config import Settings, parse_secrets  # noqa: E402
from community.core.db import bind_for_tests, db  # noqa: E402
from community.factory import create_app  # noqa: E402
from tests.harness.browser import Phone, chromium, find_chromium  # noqa: E402
from tests.harness.client import Client, Visitor  # noqa: E402
from tests.harness.databases import Databases  # noqa: E402
from tests.harness.server import ROOT, Server  # noqa: E402

ENGINES = ("sqlite", "postgresql")
NOW = "2026-11-23T13:07:00Z"  # a Monday, 21:07 in Shanghai
PUBLIC_URL = "http://linli.test"
# Of the right form, and secret to nobody.
SECRETS = {
    "SECRET_KEY": "tests only: 0f2c7be1a94d5836",
    "POSTER_KEYS": "a=tests only: 51c09d7e8ab3f246",
    "PHONE_CIPHER_KEYS": "1=dGVzdHMgb25seTogMDEyMzQ1Njc4OWFiY2RlZmdoaWo=",
    "PHONE_HASH_KEY": "tests only: a3d1908b7c6e5f42",
}

# Tests wait for databases and share two cores: an example's time says nothing.
_shared_rules = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
hypothesis_settings.register_profile("ci", max_examples=60, derandomize=True, **_shared_rules)
hypothesis_settings.register_profile("deep", max_examples=3000, **_shared_rules)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# --- one folder and one PostgreSQL server for the whole run, whatever the number of workers ---


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder kept in memory, where Linux has one
ROOM = 4 * 2**30  # bytes free that a run may want there


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The controlling process makes the run's folder; workers inherit its name.

    Every commit of SQLite waits for the disk, thousands of times in a run, and no test takes the machine's power
    away: temporary files live in memory where there is room, unless TMPDIR says otherwise.
    """
    if not hasattr(config, "workerinput"):
        roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
        shared = tempfile.mkdtemp(prefix="linli-run-", dir=MEMORY if roomy and "TMPDIR" not in os.environ else None)
        os.environ["LINLI_TEST_RUN"] = shared
        os.environ["LINLI_TEST_OWNER"] = str(os.getpid())
        os.environ["TMPDIR"] = shared
        tempfile.tempdir = None  # look at TMPDIR again


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controlling process removes what the run left; the PostgreSQL server ends with this process."""
    multiprocessing.util._exit_function()  # now and not at exit: it empties a folder inside the run's
    if not hasattr(config, "workerinput"):
        shared = Path(os.environ["LINLI_TEST_RUN"])
        if (shared / "template.postgres").exists():
            _databases(shared).drop_all()
        shutil.rmtree(shared, ignore_errors=True)


def _databases(shared: Path) -> Databases:
    return Databases(shared, owner_pid=int(os.environ["LINLI_TEST_OWNER"]), migrate=_migrate)


def _migrate(url: str) -> None:
    from flask_migrate import upgrade  # noqa: PLC0415 - only the first worker of a run migrates

    app = create_app(settings_for(Path(os.environ["LINLI_TEST_RUN"]) / "instance", url))
    with app.app_context():
        upgrade()
        db.engine.dispose()


def settings_for(instance: Path, database_url: str, **changed: Any) -> Settings:
    """Settings of mode "test"; `changed` replaces fields."""
    instance.mkdir(parents=True, exist_ok=True)
    plain = Settings(
        mode="test",
        instance_dir=instance,
        database_url=database_url,
        public_url=PUBLIC_URL,
        secrets=parse_secrets(SECRETS, strict=False),
    )
    return dataclasses.replace(plain, **changed)


# --- engines ---


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `engine` on both engines."""
    if metafunc.definition.get_closest_marker("engine") is None:
        return
    if "engine_name" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} is marked `engine` and uses no database fixture")
    # Indirect, so that a test without the mark gets an app of its own engine and not the one made last.
    metafunc.parametrize("engine_name", ENGINES, scope="session", indirect=True)


@pytest.fixture(scope="session")
def engine_name(request: pytest.FixtureRequest) -> str:
    """ "sqlite" or "postgresql"; without the `engine` mark always SQLite."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def databases() -> Databases:
    """The run's databases, for tests about databases themselves."""
    return _databases(Path(os.environ["LINLI_TEST_RUN"]))


@pytest.fixture(scope="session")
def worker_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's folder: its SQLite file and its instance."""
    return tmp_path_factory.mktemp("worker")


@pytest.fixture(scope="session")
def _worker_app(engine_name: str, databases: Databases, worker_folder: Path) -> Iterator[Flask]:
    """One app per worker and engine: making one costs more than most tests."""
    file = worker_folder / "test.sqlite3"
    url = databases.sqlite_copy(file) if engine_name == "sqlite" else databases.postgres_clone("worker")
    app = create_app(settings_for(worker_folder / "instance", url))
    app.test_client_class = Client
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(engine_name: str, _worker_app: Flask, databases: Databases, worker_folder: Path) -> Iterator[Flask]:
    """The app in mode "test" on a fresh migrated database, its application context pushed for the whole test.

    On PostgreSQL everything runs on one connection inside an outer transaction that is rolled back: a commit only
    releases a savepoint, so a second thread or process sees nothing. Tests that need those take `race_database`.
    """
    with ExitStack() as stack:
        if engine_name == "sqlite":
            with _worker_app.app_context():
                db.engine.dispose()
            databases.sqlite_copy(worker_folder / "test.sqlite3")
        else:
            with _worker_app.app_context():
                connection = stack.enter_context(db.engine.connect())
            outer = connection.begin()
            stack.callback(outer.rollback)
            stack.enter_context(bind_for_tests(connection))
        _forget_between_tests(_worker_app)
        stack.enter_context(_worker_app.app_context())
        yield _worker_app


def _forget_between_tests(app: Flask) -> None:
    """Empty what an app remembers outside its database."""
    for limiter in app.extensions.get("limiter", ()):
        limiter.reset()


@pytest.fixture
def make_app(tmp_path: Path, databases: Databases) -> Iterator[Callable[..., Flask]]:
    """Make an app with other settings: `make_app(mode="demo", public_url="https://x.test")`.

    It stands on a SQLite file of its own (or `database_url=`), and no application context is pushed.
    """
    made: list[Flask] = []

    def make(**changed: Any) -> Flask:
        folder = tmp_path / f"app{len(made)}"
        folder.mkdir()
        changed.setdefault("database_url", databases.sqlite_copy(folder / "linli.sqlite3"))
        url = changed.pop("database_url")
        app = create_app(settings_for(folder / "instance", url, **changed))
        app.test_client_class = Client
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def race_database(engine_name: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh migrated database that several threads or processes may open; real commits, dropped afterwards."""
    if engine_name == "sqlite":
        yield databases.sqlite_copy(tmp_path / "race.sqlite3")
        return
    url = databases.postgres_clone("race")
    yield url
    databases.drop(url)


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """SQL sent from here on, in order; `statements.clear()` before the part to count. Savepoints and BEGIN left out."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO", "BEGIN", "PRAGMA")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


# --- time and network ---


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop the clock before any other fixture makes a row: half a scene made today would not yet be valid at NOW."""
    for item in items:
        names = getattr(item, "fixturenames", [])
        if "frozen_clock" in names:
            names.remove("frozen_clock")
            names.insert(0, "frozen_clock")


@pytest.fixture
def frozen_clock() -> Iterator[clock.FrozenClock]:
    """The clock stopped at 2026-11-23 21:07 in Shanghai; `frozen_clock.tick(minutes=5)` moves it."""
    with clock.frozen(NOW) as stopped:
        yield stopped


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"a test tried to reach {address}")
        original(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = original  # type: ignore[method-assign]


# --- pages ---


@pytest.fixture
def client(app: Flask) -> Client:
    """A browser without eyes: cookies are kept, redirects are not followed, pages are not checked."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client


@pytest.fixture
def client_page(client: Client) -> Visitor:
    """A visitor whose every page is checked (see tests/harness/pages.py). CSRF protection is on."""
    return Visitor(client, PUBLIC_URL)


@pytest.fixture
def new_visitor(app: Flask) -> Callable[[], Visitor]:
    """Make more visitors with cookies of their own, for tests with two people."""

    def make() -> Visitor:
        client = app.test_client()
        assert isinstance(client, Client)
        return Visitor(client, PUBLIC_URL)

    return make


# --- real servers and browsers ---


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start the real program: `start_server(DATABASE_URL=url)`, or `start_server(command=[...], SECRET_KEY=…)`.

    A command's word PORT becomes the port; `ready="/healthz"` waits for less than readiness (no scheduler there).
    Every server gets an instance folder of its own, or the one given as `instance=`. All are ended after the test.
    """
    running: list[Server] = []

    def start(
        *, instance: Path | None = None, command: list[str] | None = None, ready: str = "/readyz", **environment: str
    ) -> Server:
        server = Server(instance or tmp_path / f"server{len(running)}", command=command, ready=ready, **environment)
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def _demo_instance(databases: Databases) -> Path:
    """An instance folder with the demo district loaded, made once for the whole run by starting the program once."""
    from tests.harness.postgres import locked  # noqa: PLC0415

    folder = databases.shared / "demo"
    with locked(databases.shared / "demo.lock"):
        if not (databases.shared / "demo.made").exists():
            Server(folder).start().stop()
            (databases.shared / "demo.made").touch()
    return folder


@pytest.fixture
def demo_server(_demo_instance: Path, tmp_path: Path, start_server: Callable[..., Server]) -> Server:
    """The program as `make run` starts it, on its own copy of the demo district; one worker serves one reader well."""
    shutil.copytree(_demo_instance, tmp_path / "demo")
    return start_server(instance=tmp_path / "demo", SERVE_WORKERS="1")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of Chromium. Without one the test is skipped, loudly; in CI (CI=true) it fails."""
    path = find_chromium()
    if path is None:
        advice = "no Chromium found: install one (Debian: apt install chromium) or set CHROMIUM=/path"
        if os.environ.get("CI") == "true":
            pytest.fail(advice)
        print(f"\n*** BROWSER TEST NOT RUN: {advice}", file=sys.__stderr__)
        pytest.skip(advice)
    return path


@pytest.fixture(scope="session")
def browser(browser_path: str) -> Iterator[Any]:
    """One Chromium per worker (Playwright's Browser)."""
    with chromium(browser_path) as running:
        yield running


@pytest.fixture
def new_phone(browser: Any) -> Iterator[Callable[..., Phone]]:
    """Make phones: `new_phone(server, java_script_enabled=False)`; Playwright's context options are passed on.

    Script errors, content refused by the policy and foreign addresses fail the test when it ends.
    """
    phones: list[Phone] = []

    def make(server: Server, **context: Any) -> Phone:
        phone = Phone(browser, server.url, **context)
        phones.append(phone)
        return phone

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return ROOT
