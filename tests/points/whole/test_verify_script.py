"""The stand-alone verifier is short enough to be read, and knows nothing of the program."""

from __future__ import annotations

import ast

from tests.harness.server import ROOT

SOURCE = (ROOT / "docs" / "verify_statement.py").read_text("utf-8")


def test_it_is_short_and_imports_nothing_but_python() -> None:
    assert len(SOURCE.splitlines()) < 150
    imported = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {name.name for node in imported for name in node.names} == {"argparse", "hashlib", "json", "sys"}
