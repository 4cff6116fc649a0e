"""Posts drawn on a plain grid: where they lie to each other, without anybody's map. Pure functions.

Degrees are WGS-84; within a district a degree is as long everywhere, so a plane is exact to less than a dot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from community.core.maps import TileMap
from community.places import geo
from community.places.queries import PostLine

WIDTH, HEIGHT, EDGE = 900, 460, 40
_METRES_A_DEGREE = 111_195.0
# A grid of round steps, at most so many across.
_STEPS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
_MOST_LINES = 9
# One post alone, or a few at one gate, are not blown up beyond this.
_LEAST_METRES = 300.0


@dataclass(frozen=True, slots=True)
class Dot:
    """One post in the drawing. `lat` and `lon` are for the map behind the button, in its own system."""

    line: PostLine
    x: float
    y: float
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The drawing: dots, the grid's lines (x of the upright, y of the level ones) and its step in metres."""

    dots: tuple[Dot, ...]
    upright: tuple[float, ...]
    level: tuple[float, ...]
    step_m: int


def draw(lines: Sequence[PostLine], tiles: TileMap | None = None) -> Plan | None:
    """Return the plan of these posts, north up; None without any."""
    if not lines:
        return None
    lats, lons = [line.post.lat for line in lines], [line.post.lon for line in lines]
    middle = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    east_m = _METRES_A_DEGREE * math.cos(math.radians(middle[0]))
    wide = max((max(lons) - min(lons)) * east_m, _LEAST_METRES)
    high = max((max(lats) - min(lats)) * _METRES_A_DEGREE, _LEAST_METRES)
    pixels = min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high)

    def dot(line: PostLine) -> Dot:
        x = WIDTH / 2 + (line.post.lon - middle[1]) * east_m * pixels
        y = HEIGHT / 2 - (line.post.lat - middle[0]) * _METRES_A_DEGREE * pixels
        lat, lon = line.post.lat, line.post.lon
        if tiles is not None and tiles.crs == "gcj02":
            lat, lon = geo.wgs84_to_gcj02(lat, lon)
        return Dot(line, round(x, 1), round(y, 1), round(lat, 6), round(lon, 6))

    step = next((step for step in _STEPS if WIDTH / (step * pixels) <= _MOST_LINES), _STEPS[-1])
    return Plan(tuple(dot(line) for line in lines), _lines(WIDTH, step * pixels), _lines(HEIGHT, step * pixels), step)


def _lines(length: int, step: float) -> tuple[float, ...]:
    """Where the grid's lines stand along `length`, one through the middle."""
    return tuple(round(at, 1) for at in _from(length / 2 % step, length, step))


def _from(first: float, length: float, step: float) -> list[float]:
    return [first + count * step for count in range(int((length - first) / step) + 1)]
