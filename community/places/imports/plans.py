"""A checked table: what would be new, changed and the same, and every bad row. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from community.places.imports.problems import Problem

Action = Literal["new", "changed", "same"]
_CHUNK = 500
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Scope:
    """The area that a table is for: rows must lie in it, and the area itself stays as it is."""

    path: str

    def holds(self, path: str) -> bool:
        """Say whether something at `path` lies in it."""
        return path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a row: written anew with `values`, changed (`row_id`) to them, or left as it is."""

    line: int
    action: Action
    values: dict[str, Any]
    row_id: int | None = None


@dataclass(slots=True)
class Plan:
    """What a table would do. `doubts` are of rows that have steps: somebody must say that they are right."""

    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def of(self, action: Action) -> list[Step]:
        """Return the steps of one action, in their order."""
        return [step for step in self.steps if step.action == action]

    def counts(self) -> dict[str, int]:
        """Return how many rows are new, changed and the same."""
        return {action: len(self.of(action)) for action in ("new", "changed", "same")}

    @property
    def bad_lines(self) -> list[int]:
        """The lines with something wrong, each once, in their order."""
        return sorted({problem.line for problem in self.problems})


def chunks(values: Iterable[_T]) -> Iterator[Sequence[_T]]:
    """Yield `values` in parts that fit into one statement."""
    whole = list(values)
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK]
