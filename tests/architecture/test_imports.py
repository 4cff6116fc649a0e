"""import-linter keeps the rooms apart; here its contracts meet faults planted one by one, so that they can fail."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
ROOMS = [name for contract in CONTRACTS if contract.get("exhaustive") for name in contract["layers"]]


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """A checkout with every room and nothing in it, under the project's own contracts."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for package in ["", *ROOMS, "core/web"]:
        folder = tmp_path / "community" / package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    for contract in CONTRACTS:
        for module in contract.get("protected_modules", []):
            (tmp_path / f"{module.replace('.', '/')}.py").touch()
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter there."""
    program = "import sys; from importlinter.cli import lint_imports_command as run; sys.path.insert(0, ''); run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=house, capture_output=True, text=True, check=False
    )


def test_an_empty_house_keeps_every_contract(empty_house: Path) -> None:
    answer = lint(empty_house)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in answer.stdout


def test_contracts_name_every_room_with_tables() -> None:
    protected = {module.split(".")[1] for contract in CONTRACTS for module in contract.get("protected_modules", [])}
    with_tables = {path.parent.name for path in (ROOT / "community").glob("*/models*") if path.parent.name != "core"}
    assert with_tables <= protected


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("teams/services", "import community.points", "A room imports only rooms below it"),
        ("strange/__init__", "", "A room imports only rooms below it"),
        ("teams/services", "import community.teams.views", "Inside a room"),
        ("teams/models", "import community.teams.queries", "Inside a room"),
        ("teams/views", "import community.teams.jobs", "Inside a room"),
        ("points/services", "import community.teams.models", "The tables of teams"),
        ("teams/services", "import flask", "know nothing of the web"),
        ("teams/queries", "import wtforms", "know nothing of the web"),
        ("teams/policies", "import flask_login", "know nothing of the web"),
        ("teams/services", "import community.core.web", "know nothing of the web"),
    ],
)
def test_a_planted_import_is_found(empty_house: Path, module: str, line: str, contract: str) -> None:
    for name in (module, "teams/views", "teams/queries", "teams/jobs"):
        file = empty_house / "community" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{line}\n" if name == module else "")
    answer = lint(empty_house)
    assert answer.returncode != 0
    assert any(contract in row and "BROKEN" in row for row in answer.stdout.splitlines()), answer.stdout
