"""The columns of each kind of table, and which words of a header or a cell mean what (`columns.yaml`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("columns.yaml")
# "编码*", "编码（必填）", "area m2 (选填)": what people add to a header says nothing about the column.
_ADDED = re.compile(r"\(.*?\)|[*\s_:-]+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in the program, its header in both languages, and how its cells are read."""

    key: str
    zh: str
    en: str
    also: tuple[str, ...] = ()
    needed: bool = False
    code: bool = False
    words: str = ""
    reads: bool = True
    example: str = ""

    def header(self, language: str) -> str:
        """Return the header as templates and exports write it."""
        return self.en if language == "en" else self.zh


@lru_cache(maxsize=1)
def _all() -> dict[str, Any]:
    return dict(yaml.safe_load(_FILE.read_text("utf-8")))


@lru_cache(maxsize=8)
def columns(kind: str) -> tuple[Column, ...]:
    """Return the columns of a table of `kind`, in their order."""
    return tuple(Column(**(row | {"also": tuple(row.get("also", ()))})) for row in _all()[kind])


@lru_cache(maxsize=8)
def _headers(kind: str) -> dict[str, Column]:
    return {_plain(word): column for column in columns(kind) for word in (column.zh, column.en, *column.also)}


def by_header(kind: str, header: str) -> Column | None:
    """Return the column that a cell of the first row names, None for one that is not ours."""
    return _headers(kind).get(_plain(header))


@lru_cache(maxsize=8)
def meanings(words: str) -> dict[str, str]:
    """Return word → value for a column whose cells are words."""
    listed: dict[str, Sequence[str]] = _all()["words"][words]
    return {_plain(word): value for value, spoken in listed.items() for word in (*spoken, value)}


def meaning(words: str, cell: str) -> str | None:
    """Return the value that a cell's word means, None for a word that is not listed."""
    return meanings(words).get(_plain(cell))


def spoken(words: str, value: str, language: str) -> str:
    """Return the word that an export writes for `value`."""
    listed: dict[str, Sequence[str]] = _all()["words"][words]
    return listed[value][1 if language == "en" else 0]


def choices(words: str) -> str:
    """Return the words that may stand in a cell, in both languages, for telling somebody who wrote another one."""
    listed: dict[str, Sequence[str]] = _all()["words"][words]
    return " / ".join(f"{spoken[0]} ({spoken[1]})" for spoken in listed.values())


def _plain(text: str) -> str:
    return _ADDED.sub("", unicodedata.normalize("NFKC", text).casefold())
