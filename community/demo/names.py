"""Chinese names as people of different ages bear them; never one that a reader may take for a widely known person."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

_NAMES_FILE = Path(__file__).with_name("names.yaml")


@dataclass(frozen=True, slots=True)
class _Lists:
    surnames: tuple[str, ...]
    shares: tuple[int, ...]
    given: tuple[tuple[int, tuple[str, ...]], ...]
    widely_known: frozenset[str]


@cache
def _lists() -> _Lists:
    raw: dict[str, Any] = yaml.safe_load(_NAMES_FILE.read_text(encoding="utf-8"))
    return _Lists(
        surnames=tuple(raw["surnames"]),
        shares=tuple(raw["surnames"].values()),
        given=tuple((row["until"], tuple(row["names"].split())) for row in raw["given"]),
        widely_known=frozenset(raw["widely_known"].split()),
    )


def widely_known() -> frozenset[str]:
    """Full names that `name_for` never returns."""
    return _lists().widely_known


def name_for(chance: Random, *, born: int) -> str:
    """Return a full name in the fashion of the year of birth, with surnames by their frequency."""
    lists = _lists()
    given_names = next(given for until, given in lists.given if born <= until)
    while True:
        surname = chance.choices(lists.surnames, weights=lists.shares)[0]
        name = surname + chance.choice(given_names)
        if name not in lists.widely_known:
            return name
