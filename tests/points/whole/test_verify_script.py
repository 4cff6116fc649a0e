"""The stand-alone verifier is short enough to be read, and knows nothing of the program."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.server import ROOT

SCRIPT = ROOT / "docs" / "verify_statement.py"
SOURCE = (ROOT / "docs" / "verify_statement.py").read_text("utf-8")


def test_it_is_short_and_imports_nothing_but_python() -> None:
    assert len(SOURCE.splitlines()) < 150
    imported = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {name.name for node in imported for name in node.names} == {"argparse", "hashlib", "json", "sys"}


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, None])
def test_it_says_in_words_that_a_file_is_no_statement(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "statement.json"
    if content is not None:
        file.write_text(content, "utf-8")
    said = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (1, "")
    assert said.stdout.startswith("FAILED: this is no statement of ours")
