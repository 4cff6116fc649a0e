"""The files that the architecture tests read, and small helpers to read them with."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """A file: its path below the checkout, with forward slashes, and its text."""

    path: str
    text: str

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.text.splitlines())

    @property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text)


Rule = Callable[[Source], Iterator[str]]


def sources(folder: str, pattern: str) -> Iterator[Source]:
    """Every file below `folder` whose name matches, in a stable order."""
    for path in sorted((ROOT / folder).rglob(pattern)):
        if "__pycache__" not in path.parts:
            yield Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def programs(*folders: str) -> Iterator[Source]:
    """Every Python file of `folders` (by default of community/ and the door)."""
    for folder in folders or ("community",):
        yield from sources(folder, "*.py")
    door = ROOT / "app.py"
    if not folders and door.exists():
        yield Source("app.py", door.read_text("utf-8"))


def templates() -> Iterator[Source]:
    """Every template."""
    yield from sources("templates", "*.html")


def broken(rule: Rule, files: Iterator[Source]) -> list[str]:
    """Every complaint of `rule`, as `path: complaint`. AssertionError when there was no file to read."""
    complaints, read = [], 0
    for source in files:
        read += 1
        complaints += [f"{source.path}: {complaint}" for complaint in rule(source)]
    assert read, "no file was read: the rule would hold for nothing"
    return complaints


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name_of(node: ast.AST) -> str:
    """Dotted name of a name, attribute or call: `db.session.commit` for `db.session.commit()`."""
    match node:
        case ast.Call():
            return name_of(node.func)
        case ast.Attribute():
            return f"{name_of(node.value)}.{node.attr}"
        case ast.Name():
            return node.id
    return ""
