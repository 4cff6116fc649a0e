"""What the posts around say about a row: how wide their numbers are, and where they stand.

Nothing of it is certain, so it only makes doubts; a date that a spreadsheet made of a number is certain.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Final

from sqlalchemy import select

from community.core import clock
from community.core.db import session
from community.places import geo, queries
from community.places.imports.cells import MOST_ZEROS
from community.places.models import Post

_POST = Post.__table__.c
_TOKENS: Final = re.compile(r"[0-9]+|[^0-9]+")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = "|".join(_MONTHS)
# As Excel and WPS show a cell that they took for a date: 7-Jan, Jan-78, 1月7日, 2026/1/7, 1978年1月.
_DAY: Final = re.compile(
    rf"(?P<day>[0-9]{{1,2}})[-/ ](?P<name>{_MONTH})|(?P<month>[0-9]{{1,2}})\u6708(?P<date>[0-9]{{1,2}})\u65e5"
)
_YEAR: Final = re.compile(rf"(?P<name>{_MONTH})[-/ ](?P<year>[0-9]{{2,4}})")
_FULL: Final = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?: 0?0:00(?::00)?)?")
_CHINESE: Final = re.compile(r"([0-9]{4})\u5e74([0-9]{1,2})\u6708(?:([0-9]{1,2})\u65e5)?")
# Fewer posts say nothing about where the others stand.
_ENOUGH: Final = 4
# A village's posts lie so close together, and a town's, before a distance is worth a question; then, how many times as
# far as usual.
_VILLAGE_M: Final = 2_000
_TOWN_M: Final = 8_000
_USUAL: Final = 8


class Widths:
    """How many digits the numbers of a town's posts have, place by place: 001-07 has three and two."""

    def __init__(self) -> None:
        self._zeros: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
        self._longest = 0

    def add(self, number: str) -> None:
        """Count one number in."""
        tokens = _TOKENS.findall(number)
        widths = self._zeros[_shape(tokens)]
        for place, token in enumerate(tokens):
            if token[0] == "0" and len(token) > 1:
                widths[place] = max(widths.get(place, 0), len(token))
        if number.isdigit():
            self._longest = max(self._longest, len(number))

    def padded(self, number: str) -> str | None:
        """Return `number` with the zeros that others like it have, None when it lacks none."""
        tokens = _TOKENS.findall(number)
        widths = self._zeros.get(_shape(tokens)) or {}
        if number.isdigit() and not widths and self._longest - len(number) <= MOST_ZEROS:
            widths = {0: self._longest}
        full = "".join(token.zfill(widths.get(place, 0)) for place, token in enumerate(tokens))
        return full if full != number else None


def _shape(tokens: list[str]) -> tuple[str, ...]:
    return tuple("#" if token[0].isdigit() else token for token in tokens)


def was(text: str) -> str | None:
    """Return the number that a spreadsheet took for the date in `text`; None for what is no date."""
    cell = unicodedata.normalize("NFKC", text).strip()
    if found := _DAY.fullmatch(cell):
        return f"{_number(found['name'] or found['month'])}-{int(found['day'] or found['date'])}"
    if found := _YEAR.fullmatch(cell):
        return f"{_number(found['name'])}-{int(found['year']) % 100:02d}"
    if (found := _FULL.fullmatch(cell) or _CHINESE.fullmatch(cell)) and 1 <= int(found[2]) <= 12:
        year, month, day = int(found[1]), int(found[2]), int(found[3] or 1)
        # The month's first day of another year is what becomes of a month and a year.
        of_year = found[3] is None or (day == 1 and year != clock.now().year)
        return f"{month}-{year % 100:02d}" if of_year else f"{month}-{day}"
    return None


def _number(month: str) -> int:
    return int(month) if month.isdigit() else _MONTHS.index(month) + 1


@dataclass
class _Cluster:
    """Positions, in degrees; complete before the first is asked about."""

    places: list[tuple[float, float]] = field(default_factory=list)

    @cached_property
    def centre(self) -> tuple[float, float]:
        return median(lat for lat, _lon in self.places), median(lon for _lat, lon in self.places)

    @cached_property
    def usual(self) -> float:
        return median(geo.distance(*self.centre, *place) for place in self.places)

    def far(self, lat: float, lon: float, least: int) -> int | None:
        """Return how many kilometres the position lies from the others when that is unusual."""
        if len(self.places) < _ENOUGH:
            return None
        away = geo.distance(*self.centre, lat, lon)
        return round(away / 1000) if away > max(least, _USUAL * self.usual) else None


class Around:
    """The posts of some towns, those of a table beside those that are there."""

    def __init__(self, towns: Iterable[int]) -> None:
        self._widths: dict[int, Widths] = defaultdict(Widths)
        self._stored: dict[int, _Cluster] = defaultdict(_Cluster)
        self._town: dict[int, _Cluster] = defaultdict(_Cluster)
        self._village: dict[str, _Cluster] = defaultdict(_Cluster)
        self._numbers: set[tuple[int, str]] = set()
        columns = (_POST.town_id, _POST.number, _POST.scope_path, _POST.lat, _POST.lon)
        wanted = select(*columns).where(_POST.town_id.in_(sorted(towns)), _POST.state != "retired")
        for town_id, number, path, lat, lon in session().execute(wanted):
            self.add_number(town_id, number)
            self.add_place(town_id, path, lat, lon)
            self._stored[town_id].places.append((lat, lon))

    def add_number(self, town_id: int, text: str) -> None:
        """Let the numbers of a table, as they are typed, count beside those that are there."""
        self._widths[town_id].add(unicodedata.normalize("NFKC", text).strip().upper())

    def add_place(self, town_id: int, path: str, lat: float, lon: float) -> None:
        """Let a row's position count; all of them before the first is asked about."""
        self._town[town_id].places.append((lat, lon))
        self._village[queries.village_path(path)].places.append((lat, lon))

    def padded(self, town_id: int, number: str) -> str | None:
        """Return `number` with the zeros that others of the town have, None when it lacks none."""
        return self._widths[town_id].padded(number)

    def far(self, town_id: int, path: str, lat: float, lon: float) -> int | None:
        """Return how many kilometres a position is from the other posts, None when that is nothing unusual.

        A whole table may be wrong: where a town has posts, they alone say where the town is.
        """
        stored = self._stored[town_id]
        town = stored if len(stored.places) >= _ENOUGH else self._town[town_id]
        near = self._village[queries.village_path(path)].far(lat, lon, _VILLAGE_M)
        return near or town.far(lat, lon, _TOWN_M)
