"""Who may commit, who may ask for the time, how thin a view is, and that no text escapes translation."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from sqlalchemy import Date, DateTime

from community.core.db import Base, UtcDateTime
from tests.architecture.sources import Source, broken, functions, name_of, programs

CLOCK = "community/core/clock.py"
DATABASE = "community/core/db"
NAIVE = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp", "localtime", "mktime", "ctime"}
TIME_MODULES = {"datetime", "dt", "date", "time", "_dt", "_time"}
VIEW_LINES = 25
# `looks` holds audit's decorator for views.
EDGES = {"views", "api", "cli", "jobs", "subscribers", "panels", "forms", "looks"}
WEB = ("flask.", "flask_login.", "flask_wtf.", "wtforms.", "werkzeug.", "community.core.web.")
DISPLAY = "community.core.web.display"  # how dates and names are written: no request in it
# core holds the web's own machinery, home only composes pages, demo is a command.
NOT_ROOMS = {"core", "home", "demo", "factory"}
CJK = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
TRANSLATES = {"_", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext"}
# Chinese in Python that is no text for a reader, or is the form of a text in one language.
CHINESE_ALLOWED = {
    "community/demo/": "the demo district: names and places are data",
    "community/core/web/display.py": "how dates and names are written in each language",
    "community/core/config.py": "the site's default name",
}


def asks_for_time(source: Source) -> Iterator[str]:
    """The clock is injected: only core.clock asks the machine."""
    if source.path == CLOCK:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        *before, last = name_of(node).split(".")
        if last == "fromtimestamp" and len(node.args) + len(node.keywords) == 2:
            continue  # reads a number as an aware instant and asks nobody
        if last in NAIVE and before and before[-1] in TIME_MODULES:
            yield f"line {node.lineno}: {name_of(node)}() instead of community.core.clock"
        if name_of(node) == "time.time":
            yield f"line {node.lineno}: time.time() instead of community.core.clock"


def commits(source: Source) -> Iterator[str]:
    """Only core.db commits; core's edges (error pages, job runner) may end what failed."""
    if source.path.startswith(DATABASE):
        return
    banned = {"commit"} if source.path.startswith("community/core/") else {"commit", "rollback"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and name_of(node).rpartition(".")[2] in banned:
            yield f"line {node.lineno}: {name_of(node)}() outside core.db"
    for number, line in enumerate(source.text.splitlines(), 1):
        if "noqa" in line and "TID251" in line and source.path != CLOCK:
            yield f"line {number}: a banned call is excused; only core.db and core.clock need them"


def opens_transactions(source: Source) -> Iterator[str]:
    """`transaction()` belongs to the edge: views, api, jobs, cli, and the web's own command decorator."""
    kinds = re.search(r"/(services|queries|policies|models|events|subscribers|forms)(/|\.py)", source.path)
    if not kinds or source.path.startswith("community/core/"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and name_of(node).rpartition(".")[2] == "transaction":
            yield f"line {node.lineno}: transaction() in {kinds[1]}; the edge opens it"


def web_below_the_edge(source: Source) -> Iterator[str]:
    """import-linter keeps Flask out of the named kinds; this keeps it out of every other file of a room too."""
    parts = PurePosixPath(source.path).with_suffix("").parts
    if len(parts) < 3 or parts[1] in NOT_ROOMS or parts[2] in EDGES:
        return
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found = [name for name in names if (name + ".").startswith(WEB) and not name.startswith(DISPLAY)]
        if found:
            yield f"line {node.lineno}: {found[0]} below the edge of the room"


def fat_view(source: Source) -> Iterator[str]:
    """A view parses, makes one call, answers."""
    if not re.search(r"/(views|api)(/|\.py)", source.path):
        return
    for view in functions(source.tree):
        decorators = [name_of(decorator) for decorator in view.decorator_list]
        methods = _methods(view)
        if not methods:
            continue
        lines = (view.end_lineno or 0) - view.body[0].lineno + 1
        if lines > VIEW_LINES:
            yield f"{view.name}: {lines} lines, more than {VIEW_LINES}"
        calls = [name_of(node) for node in ast.walk(view) if isinstance(node, ast.Call)]
        if any(
            call in {"select", "sa.select", "insert", "update", "delete"} or call.startswith("db.") for call in calls
        ):
            yield f"{view.name}: speaks SQL; ask a query or a service"
        if calls.count("transaction") > 1:
            yield f"{view.name}: more than one transaction()"
        if "GET" in methods and ("command" in decorators or "transaction" in calls):
            yield f"{view.name}: a GET that writes"


def _methods(view: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The HTTP methods a view's decorators route to it; empty for a function that is no view."""
    methods: set[str] = set()
    for decorator in view.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        last = name_of(decorator).rpartition(".")[2]
        if last in {"get", "post", "put", "patch", "delete"}:
            methods.add(last.upper())
        if last == "route":
            listed = [keyword.value for keyword in decorator.keywords if keyword.arg == "methods"]
            methods |= set(ast.literal_eval(listed[0])) if listed else {"GET"}
    return methods


def untranslated(source: Source) -> Iterator[str]:
    """Chinese that a person reads goes through `_()`, or English readers see Chinese."""
    if source.path.startswith(tuple(CHINESE_ALLOWED)):
        return
    tree = source.tree
    fine = {id(node) for call in ast.walk(tree) if _translates(call) for node in ast.walk(call)}
    fine |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and CJK.search(text) and id(node) not in fine:
            yield f"line {node.lineno}: {text[:20]!r} outside _()"


def _translates(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node).rpartition(".")[2] in TRANSLATES


RULES = (asks_for_time, commits, opens_transactions, web_below_the_edge, fat_view, untranslated)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_program_keeps_the_rule(rule: object) -> None:
    assert not broken(rule, programs())  # type: ignore[arg-type]


VIEW = "@bp.{how}\n@signed_in\n{more}def show():\n{body}"
LONG = "\n".join(["    x = 1"] * 26)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (asks_for_time, "community/teams/services.py", "import datetime as dt\nat = dt.datetime.now(dt.UTC)"),
        (asks_for_time, "community/teams/services.py", "from datetime import date\non = date.today()"),
        (asks_for_time, "community/teams/services.py", "import time\nat = time.time()"),
        (asks_for_time, "community/teams/services.py", "import datetime as dt\nat = dt.datetime.fromtimestamp(5)"),
        (commits, "community/teams/services.py", "session().commit()"),
        (commits, "community/teams/views.py", "db.session.rollback()"),
        (commits, "community/core/web/faults.py", "session().commit()"),
        (commits, "community/teams/views.py", "x = 1  # noqa: TID251 - just this once"),
        (opens_transactions, "community/teams/services.py", "with transaction():\n    pass"),
        (opens_transactions, "community/teams/services/apply.py", "with db.transaction():\n    pass"),
        (web_below_the_edge, "community/teams/backfill.py", "import flask"),
        (web_below_the_edge, "community/teams/services/apply.py", "from community.core import web"),
        (web_below_the_edge, "community/teams/certificates.py", "from community.core.web.rights import public"),
        (fat_view, "community/teams/views.py", VIEW.format(how="get('/x')", more="", body=LONG)),
        (fat_view, "community/teams/views.py", VIEW.format(how="get('/x')", more="", body="    select(Team)")),
        (fat_view, "community/teams/views.py", VIEW.format(how="get('/x')", more="", body="    db.session()")),
        (fat_view, "community/teams/views.py", VIEW.format(how="get('/x')", more="@command()\n", body="    pass")),
        (
            fat_view,
            "community/teams/views.py",
            VIEW.format(how="route('/x', methods=['GET', 'POST'])", more="", body="    transaction()"),
        ),
        (
            fat_view,
            "community/teams/views/apply.py",
            VIEW.format(how="post('/x')", more="", body="    transaction()\n    transaction()"),
        ),
        (untranslated, "community/teams/services.py", "raise Conflict('full', '队伍已满')"),
        (untranslated, "community/teams/services.py", "title = f'第 {n} 队'"),
    ],
)
def test_planted_faults_are_found(rule: object, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (asks_for_time, CLOCK, "import datetime as dt\nat = dt.datetime.now(dt.UTC)"),
        (asks_for_time, "community/teams/services.py", "from community.core import clock\nat = clock.now()"),
        (asks_for_time, "community/teams/services.py", "at = dt.datetime.fromtimestamp(5, dt.UTC)"),
        (commits, "community/core/db/session.py", "current.commit()"),
        (commits, "community/core/web/faults.py", "session().rollback()"),
        (opens_transactions, "community/teams/jobs.py", "with transaction():\n    pass"),
        (fat_view, "community/teams/views.py", VIEW.format(how="post('/x')", more="@command()\n", body="    pass")),
        (web_below_the_edge, "community/teams/views/apply.py", "from flask import request"),
        (web_below_the_edge, "community/teams/services.py", "from community.core.authz import must"),
        (fat_view, "community/teams/views.py", f"def not_a_view():\n{LONG}"),
        (
            untranslated,
            "community/teams/services.py",
            '"""队伍。"""\ntext = _("队伍已满")\nmore = ngettext("一", "二", n)',
        ),
    ],
)
def test_good_code_is_left_alone(rule: object, path: str, text: str) -> None:
    assert not list(rule(Source(path, text)))  # type: ignore[operator]


# --- the same for columns ---


def wrong_times(name: str, kind: object) -> bool:
    """Whether a column breaks the naming of times: instants are UtcDateTime `*_at`, days are Date `*_on`."""
    if isinstance(kind, UtcDateTime):
        # `at` of an event row, and the proved interval [lo, hi] of a check-in, say all there is to say.
        return name not in {"at", "lo", "hi"} and not name.endswith(("_at", "until", "not_before"))
    return isinstance(kind, DateTime) or (isinstance(kind, Date) and not name.endswith(("_on", "_from", "_until")))


@pytest.mark.usefixtures("app")
def test_every_time_in_the_schema_is_an_instant_or_a_civil_day() -> None:
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    assert columns
    assert not [str(column) for column in columns if wrong_times(column.name, column.type)]


def test_a_naive_or_misnamed_column_is_found() -> None:
    assert wrong_times("made_at", DateTime())
    assert wrong_times("made", UtcDateTime())
    assert wrong_times("day", Date())
    assert not wrong_times("made_at", UtcDateTime())
    assert not wrong_times("due_on", Date())
