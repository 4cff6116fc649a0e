"""Golden files: lists that are reviewed like code. `make golden` writes them anew; the difference is the review."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def check(name: str, lines: list[str]) -> None:
    """Compare `lines` with the golden file `name`; with UPDATE_GOLDEN=1 write it.

    AssertionError with the difference.
    """
    path = FOLDER / name
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1" and os.environ.get("CI") != "true":
        path.write_text(text, encoding="utf-8")
        return
    if not path.exists():
        pytest.fail(f"{name} is missing: make golden, and commit it")
    known = path.read_text("utf-8").splitlines()
    gone, new = [line for line in known if line not in lines], [line for line in lines if line not in known]
    changed = [*gone, *new]
    assert not changed, "\n".join(
        [
            f"{name} no longer tells the truth (make golden):",
            *(f"- {line}" for line in gone),
            *(f"+ {line}" for line in new),
        ]
    )
    assert known == lines, f"{name}: the order changed (make golden)"
