"""Positions: distance, the two coordinate systems of Chinese maps, and what a phone's position says about a post.

Pure functions that store nothing: of a position only its band, and a far one's distance rounded to 100 m, may be kept
(checkin.md §2.8). Degrees are decimal, distances metres.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Literal

Band = Literal["near", "compatible", "coarse", "far", "none"]
CRS = ("wgs84", "gcj02")

_EARTH_M = 6_371_008.8
# The ellipsoid that GCJ-02 computes with (Krasovsky 1940), and the box outside which it leaves positions alone.
_AXIS = 6_378_245.0
_ECCENTRICITY2 = 0.00669342162296594323
_LON_BOX = (72.004, 137.8347)
_LAT_BOX = (0.8293, 55.8271)
_NUMBER = r"([+-]?[0-9]{1,3}(?:\.[0-9]{0,15})?)"
_PAIR = re.compile(rf"{_NUMBER}(?:\s*[^\w\s.+-]\s*|\s+){_NUMBER}")
# A reported accuracy worse than this says nothing about a post; beyond radius plus slack a position contradicts it.
COARSE_M = 500
FAR_SLACK_M = 100


def on_globe(lat: float, lon: float) -> bool:
    """Say whether the two numbers are a latitude and a longitude."""
    return math.isfinite(lat) and math.isfinite(lon) and -90 <= lat <= 90 and -180 <= lon <= 180


def in_box(lat: float, lon: float) -> bool:
    """Say whether the position lies in the box in which GCJ-02 moves positions: China, and some way around it."""
    return _LAT_BOX[0] <= lat <= _LAT_BOX[1] and _LON_BOX[0] <= lon <= _LON_BOX[1]


def read_pair(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude as people paste them, or None: "30.2,120.3", full-width signs, a blank between.

    高德 and other Chinese maps copy the longitude first. Inside China the two cannot be mistaken for each other, so
    such a pair is turned round.
    """
    found = _PAIR.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    first, second = float(found[1]), float(found[2])
    return (second, first) if in_box(second, first) else (first, second)


def decimals(text: str) -> int:
    """Return how many decimals the less exact number of a pasted pair has: four are about ten metres."""
    found = _PAIR.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return 0 if found is None else min(len(number.partition(".")[2]) for number in found.groups())


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the great-circle distance (haversine; within 0.6 % of the ellipsoid's)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_lat, half_lon = (phi2 - phi1) / 2, math.radians(lon2 - lon1) / 2
    a = math.sin(half_lat) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lon) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(a)))


def band(
    post_lat: float, post_lon: float, radius_m: int, lat: float, lon: float, accuracy_m: float, *, crs: str = "wgs84"
) -> tuple[Band, int | None]:
    """Return what a reported position says about being at a post (WGS-84), and a far one's distance rounded to 100 m.

    Order of checkin.md §2.8, with two readings of ours: an accuracy worse than 500 m is coarse wherever its centre
    happens to lie, and a position just outside (up to 100 m) is coarse too: it neither proves nor contradicts. Numbers
    that are no position, and unknown systems, count as "none".
    """
    if crs not in CRS or not on_globe(lat, lon) or not (math.isfinite(accuracy_m) and accuracy_m >= 0):
        return "none", None
    if accuracy_m > COARSE_M:
        return "coarse", None
    away = distance(post_lat, post_lon, *to_wgs84(lat, lon, crs))
    if away <= radius_m:
        return "near", None
    beyond = away - accuracy_m - radius_m
    if beyond > FAR_SLACK_M:
        return "far", round(away / 100) * 100
    return ("compatible" if beyond <= 0 else "coarse"), None


def to_wgs84(lat: float, lon: float, crs: str) -> tuple[float, float]:
    """Return the position in WGS-84. Raises ValueError for a system that is not in CRS."""
    if crs not in CRS:
        raise ValueError(f"unknown coordinate system {crs!r}")
    return (lat, lon) if crs == "wgs84" else gcj02_to_wgs84(lat, lon)


def wgs84_to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Return what Chinese maps (高德, 腾讯) call the WGS-84 position (lat, lon)."""
    if not in_box(lat, lon):
        return lat, lon
    moved_lat, moved_lon = _offset(lat, lon)
    return lat + moved_lat, lon + moved_lon


def gcj02_to_wgs84(lat: float, lon: float) -> tuple[float, float]:
    """Return the WGS-84 position of a GCJ-02 one, within a millimetre: the published formula, inverted by iteration."""
    found = lat, lon
    for _step in range(30):
        there = wgs84_to_gcj02(*found)
        wrong = there[0] - lat, there[1] - lon
        found = found[0] - wrong[0], found[1] - wrong[1]
        if abs(wrong[0]) + abs(wrong[1]) < 1e-10:
            break
    return found


def _offset(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    root, waves = math.sqrt(abs(x)), 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (waves + 20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (waves + 20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    phi = math.radians(lat)
    magic = 1 - _ECCENTRICITY2 * math.sin(phi) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY2) / (magic * math.sqrt(magic))
    parallel = _AXIS / math.sqrt(magic) * math.cos(phi)
    return math.degrees(north / meridian), math.degrees(east / parallel)
