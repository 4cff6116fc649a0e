"""Which map may lie under the posts: one that says whose it is, and under which number it was approved."""

from __future__ import annotations

import pytest

from community.core.maps import TileMap

GOOD = {
    "MAP_TILE_URL": "https://t0.example.org/vec/{z}/{x}/{y}?tk={key}",
    "MAP_KEY": "abc",
    "MAP_ATTRIBUTION": "© 天地图",
    "MAP_APPROVAL": "GS(2026)0001号",
}


def test_without_an_address_there_is_no_map() -> None:
    assert TileMap.from_env({}) is None
    assert TileMap.from_env(GOOD | {"MAP_TILE_URL": ""}) is None


def test_a_map_tells_its_origin_and_its_address_with_the_key() -> None:
    made = TileMap.from_env(GOOD)
    assert made is not None
    assert made.origin == "https://t0.example.org"
    assert made.tiles == "https://t0.example.org/vec/{z}/{x}/{y}?tk=abc"
    assert "abc" not in repr(made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"MAP_TILE_URL": "tiles/{z}/{x}/{y}"},
        {"MAP_TILE_URL": "javascript:alert(1)//{z}{x}{y}"},
        {"MAP_TILE_URL": "https://host/{z}/{x}"},
        {"MAP_TILE_URL": "https://{s}.host/{z}/{x}/{y}"},
        {"MAP_TILE_URL": "http://tiles.example.org/{z}/{x}/{y}"},
        {"MAP_TILE_URL": "https://host; script-src *//{z}/{x}/{y}"},
        {"MAP_TILE_URL": "https://host/{z}/{x}/{y} https://evil"},
        {"MAP_KEY": ""},
        {"MAP_ATTRIBUTION": " "},
        {"MAP_APPROVAL": ""},
        {"MAP_CRS": "bd09"},
    ],
)
def test_a_map_that_cannot_or_may_not_be_shown_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="MAP_"):
        TileMap.from_env(GOOD | wrong)


def test_a_map_of_this_machine_may_speak_plain_http() -> None:
    assert TileMap.from_env(GOOD | {"MAP_TILE_URL": "http://127.0.0.1:9000/{z}/{x}/{y}"})
