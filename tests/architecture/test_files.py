"""Sizes, names and places of files: small files, named after their subject, each room told about, tests beside it."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture.sources import ROOT, Source, broken, programs, templates

PYTHON_CEILING = 400
TEMPLATE_CEILING = 150
# A drawer takes anything and so tells nothing; things live with the noun they belong to.
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "shared", "stuff"}
# Folders of tests that follow a subject across rooms instead of one module.
FREE_FOLDERS = {"architecture", "factories", "harness", "journeys", "load", "migrations", "refusals", "tools"}
# Beside the mirrored files of a room: tests of the room as a whole, which no one of its files could hold.
WHOLE = "whole"
# Kinds of files that only declare things, tested through what uses them.
DECLARATIONS = {"__init__", "__main__", "blueprint", "events", "forms", "models"}


def too_long(source: Source) -> Iterator[str]:
    ceiling = PYTHON_CEILING if source.path.endswith(".py") else TEMPLATE_CEILING
    if source.lines > ceiling:
        yield f"{source.lines} lines, more than {ceiling}: split it by subject"


def drawer(source: Source) -> Iterator[str]:
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part.strip("_") in DRAWERS:
            yield f"{part!r} is a drawer: name the subject"


def undescribed(source: Source) -> Iterator[str]:
    if source.path.endswith("/__init__.py") and len(ast.get_docstring(source.tree) or "") < 40:
        yield "open the package with what lives here, what comes in, what goes out"


def test_files_stay_under_their_ceilings() -> None:
    assert not broken(too_long, programs())
    assert not broken(too_long, templates())


def test_no_file_or_folder_is_a_drawer() -> None:
    assert not broken(drawer, programs("community", "tests"))
    assert not broken(drawer, templates())


def test_every_package_says_what_it_is() -> None:
    assert not broken(undescribed, programs())


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (too_long, "community/teams/services.py", "\n" * 401),
        (too_long, "templates/teams/page.html", "\n" * 151),
        (drawer, "community/teams/utils.py", ""),
        (drawer, "community/helpers/dates.py", ""),
        (drawer, "templates/common/_x.html", ""),
        (undescribed, "community/teams/__init__.py", ""),
        (undescribed, "community/teams/__init__.py", '"""Teams."""'),
    ],
)
def test_planted_faults_are_found(rule: object, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))  # type: ignore[operator]


# --- tests mirror the tree ---


def homes(module: str) -> list[str]:
    """Where tests of `community/a/b/c.py` may live: the mirrored file, or that of a package above it."""
    parts = PurePosixPath(module).with_suffix("").parts[1:]
    found = []
    for length in range(len(parts), 0, -1):
        *folder, last = parts[:length]
        if len(parts) > 1 and length == 1:
            break  # tests/test_teams.py for a whole room would be a drawer
        found.append("/".join(["tests", *folder, f"test_{last}.py"]))
    return found


def untested(modules: list[str], tests: set[str]) -> list[str]:
    """Modules with behaviour and no test file."""
    return [
        f"{module}: no {homes(module)[0]}"
        for module in modules
        if PurePosixPath(module).stem not in DECLARATIONS and not tests.intersection(homes(module))
    ]


def orphans(modules: list[str], tests: set[str]) -> list[str]:
    """Test files that mirror no module."""
    possible = {home for module in modules for home in homes(module)}
    return sorted(
        test
        for test in tests
        if PurePosixPath(test).parts[1] not in FREE_FOLDERS
        and PurePosixPath(test).parent.name != WHOLE
        and test not in possible
    )


def test_tests_mirror_the_tree() -> None:
    modules = [source.path for source in programs("community")]
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert not untested(modules, tests)
    assert not orphans(modules, tests)


def test_a_module_without_tests_and_a_test_without_module_are_found() -> None:
    modules = ["community/teams/services.py", "community/core/db/session.py", "community/teams/models.py"]
    assert untested(modules, set()) == [
        "community/teams/services.py: no tests/teams/test_services.py",
        "community/core/db/session.py: no tests/core/db/test_session.py",
    ]
    assert not untested(modules, {"tests/teams/test_services.py", "tests/core/test_db.py"})
    assert orphans(modules, {"tests/teams/test_magic.py", "tests/journeys/test_apply.py"}) == [
        "tests/teams/test_magic.py"
    ]
