"""Cells of a row, read as what their column holds; what is wrong with them is collected, not raised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from community.core.i18n import _
from community.places import policies
from community.places.imports import columns
from community.places.imports.problems import Problem
from community.places.imports.reading import BadFile, Number, Row, Table

_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*")
# 1.1E+11: what is left of a long code that a spreadsheet took for a number.
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
# A spreadsheet's numbers are exact up to 15 digits.
_EXACT_DIGITS: Final = 15
MOST_ZEROS: Final = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """A row by the keys of its columns. `numbers` are those whose cells the spreadsheet keeps as numbers."""

    line: int
    values: Mapping[str, str]
    numbers: frozenset[str] = frozenset()
    # The table's own first row promised fewer cells.
    wide: bool = False


def drafts(kind: str, table: Table) -> Iterator[Draft]:
    """Yield the rows of `table` by their columns. Raises BadFile when its first row lacks a column or names one twice.

    Columns that are not ours are passed over.
    """
    rows = iter(table.rows)
    first = next(rows, None)
    if first is None:
        raise BadFile("file_empty", _("文件是空的"), _("请打开文件看看，第一行是列名，下面每行一条。"))
    keys = header(kind, first)
    for row in rows:
        yield draft(keys, row)


def header(kind: str, first: Row) -> list[str]:
    """Return the column keys that the first row names, "" for a column that is not ours; raises BadFile."""
    found = [columns.by_header(kind, cell) for cell in first.cells]
    keys = [column.key if column and column.reads else "" for column in found]
    named = [key for key in keys if key]
    twice = {key for key in named if named.count(key) > 1}
    missing = [one.zh for one in columns.columns(kind) if (one.needed and one.key not in named) or one.key in twice]
    if missing:
        raise BadFile(
            "file_header",
            _("第一行要有这些列，每列一次：%(columns)s", columns="、".join(missing)),
            _("请下载模板，把内容贴进去；列的顺序随意。"),
        )
    return keys


def draft(keys: list[str], row: Row) -> Draft:
    """Return a row by its columns' keys."""
    values = {key: cell for key, cell in zip(keys, row.cells, strict=False) if key and cell}
    numbers = frozenset(key for key, cell in values.items() if isinstance(cell, Number))
    return Draft(row.line, values, numbers, wide=len(row.cells) > len(keys) and any(row.cells[len(keys) :]))


@dataclass(slots=True)
class Cells:
    """Reads one draft; every method returns a clean value, and notes a problem where there is none."""

    kind: str
    draft: Draft
    problems: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Say whether something stands in the cell: an empty one changes nothing."""
        return bool(self.draft.values.get(key))

    def bad(self, key: str, code: str, **more: Any) -> None:
        """Note what is wrong with a cell."""
        self.problems.append(Problem(self.draft.line, key, self.draft.values.get(key, ""), code, more))

    def doubt(self, key: str, code: str, **more: Any) -> None:
        """Note what may be wrong with a cell: the row is taken in when somebody says that it is right."""
        self.doubts.append(Problem(self.draft.line, key, self.draft.values.get(key, ""), code, more))

    def line(self, key: str, most: int, *, needed: bool = False) -> str:
        """Return the cell as one line of text."""
        text = policies.clean_line(self.draft.values.get(key, ""))
        if not text and needed:
            self.bad(key, "empty")
        elif len(text) > most:
            self.bad(key, "long", most=most)
        elif policies.has_hidden(text):
            self.bad(key, "hidden")
        return text

    def code(self, key: str, most: int, *, needed: bool = True) -> str:
        """Return the cell as an official code; one that a spreadsheet has spoiled is named as such."""
        text = unicodedata.normalize("NFKC", self.line(key, most, needed=needed))
        if not text or self.problems_at(key):
            return text
        number = key in self.draft.numbers
        if _SCIENTIFIC.fullmatch(text) or (number and ("e" in text.lower() or len(text) > _EXACT_DIGITS)):
            self.bad(key, "lost_digits")
        elif not _CODE.fullmatch(text):
            self.bad(key, "code")
        return text

    def word(self, key: str, words: str, default: str = "") -> str:
        """Return the value that the cell's word means."""
        if not self.has(key):
            if not default:
                self.bad(key, "empty")
            return default
        value = columns.meaning(words, self.draft.values[key])
        if value is None:
            self.bad(key, "word", choices=columns.choices(words))
        return value or default

    def whole(self, key: str, code: str, low: int, high: int) -> int | None:
        """Return the cell as a whole number between two, None for an empty one."""
        text = unicodedata.normalize("NFKC", self.draft.values.get(key, "")).replace(",", "")
        if not text:
            return None
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
        if not low <= number <= high:
            self.bad(key, code)
            return None
        return number

    def problems_at(self, key: str) -> bool:
        """Say whether something is wrong with this cell already."""
        return any(problem.column == key for problem in self.problems)


def with_zeros(code: str) -> Iterable[str]:
    """Return what `code` may have been before a spreadsheet took its leading zeros; nothing for other texts."""
    if not (code.isascii() and code.isdigit()):
        return ()
    return ("0" * count + code for count in range(1, MOST_ZEROS + 1))
