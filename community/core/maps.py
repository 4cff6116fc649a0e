"""The map that a deployment may lay under its posts: whose tiles, under which key, with which approval number.

Positions are WGS-84 everywhere in the program; a map of another system gets them converted when they are drawn. China
demands the approval number (审图号, 地图管理条例 第三十七条) on every public map, so no map is shown without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CRS = ("wgs84", "gcj02")
_NEEDED = ("{z}", "{x}", "{y}")
# What would end a source, or a directive, of the Content-Security-Policy.
_HARMFUL = set(" ;,'\"\n\t")


@dataclass(frozen=True)
class TileMap:
    """`url` holds {z}, {x} and {y}, and {key} where the provider wants its key; `crs` is the system it draws in."""

    url: str
    attribution: str
    approval: str
    key: str = field(default="", repr=False)
    crs: str = "wgs84"

    @property
    def origin(self) -> str:
        """Scheme and host, as the Content-Security-Policy names it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def tiles(self) -> str:
        """The address with the key in it."""
        return self.url.replace("{key}", self.key)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> TileMap | None:
        """Return the map that MAP_TILE_URL names, or None without one; raises ValueError when it cannot be shown."""
        url = env.get("MAP_TILE_URL") or ""
        if not url:
            return None
        made = cls(
            url=url,
            attribution=(env.get("MAP_ATTRIBUTION") or "").strip(),
            approval=(env.get("MAP_APPROVAL") or "").strip(),
            key=(env.get("MAP_KEY") or "").strip(),
            crs=env.get("MAP_CRS") or "wgs84",
        )
        _check(made)
        return made


def _check(made: TileMap) -> None:
    parts = urlsplit(made.url)
    local = parts.hostname in {"localhost", "127.0.0.1"}
    if parts.scheme not in {"https", "http"} or not parts.hostname or _HARMFUL & set(made.url):
        raise ValueError(f"MAP_TILE_URL must be an address like https://host/{{z}}/{{x}}/{{y}}, not {made.url!r}")
    if parts.scheme == "http" and not local:
        raise ValueError("MAP_TILE_URL must be https://: a page served over https shows nothing else")
    missing = [mark for mark in _NEEDED if mark not in made.url]
    if missing or "{" in parts.netloc:
        raise ValueError(f"MAP_TILE_URL must hold {' '.join(_NEEDED)}, and one host without a placeholder")
    if "{key}" in made.url and not made.key:
        raise ValueError("MAP_TILE_URL asks for a {key}: set MAP_KEY")
    if made.crs not in CRS:
        raise ValueError(f"MAP_CRS must be one of {', '.join(CRS)}, not {made.crs!r}")
    if not made.attribution or not made.approval:
        raise ValueError("MAP_TILE_URL needs MAP_ATTRIBUTION (whose it is) and MAP_APPROVAL (its approval number)")
