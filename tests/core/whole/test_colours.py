"""Colours stand in one place: the tokens of base.css and core.css, strong enough in every theme (ux.md §5)."""

from __future__ import annotations

import re

import pytest

from tests.harness.server import ROOT

CSS = ROOT / "static/css"
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|\b(?:white|black)\b")
# The themes as base.css names them, and paper: the light one on white.
BLOCKS = {
    "light": (r":root",),
    "dark": (r":root", r"\[data-theme=dark\]"),
    "auto in the dark": (r":root", r"@media\(prefers-color-scheme:dark\)\{\[data-theme=auto\]"),
    "contrast": (r":root", r"\[data-theme=contrast\]"),
    "print": (r":root", r"\[data-surface=print\]"),
}
TEXT = ("ink", "ink2", "brand", "lamp", "blue", "violet", "red", "amber", "grey")
# What text stands on: the page, a card, and the tints behind tags and notices.
GROUNDS = ("paper", "card", "soft", "glow", "sky")


def tokens(theme: str) -> dict[str, str]:
    """The colours of `theme`, later blocks over earlier ones."""
    css = "".join((CSS / f"{name}.css").read_text("utf-8") for name in ("base", "core"))
    found: dict[str, str] = {}
    for block in BLOCKS[theme]:
        (text,) = re.findall(block + r"\{([^}]*)\}", css)
        found |= dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]{3,6})\b", text))
    return found


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2 "contrast ratio"."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    r, g, b = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def ratio(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def weak(theme: str, pairs: list[tuple[str, str]], least: float) -> dict[tuple[str, str], float]:
    """Those pairs of tokens that are closer to each other than `least`."""
    of = tokens(theme)
    found = {pair: round(ratio(of[pair[0]], of[pair[1]]), 2) for pair in pairs}
    return {pair: one for pair, one in found.items() if one < least}


def test_the_measure_itself_knows_black_white_and_grey() -> None:
    assert ratio("#000", "#fff") == pytest.approx(21)
    assert ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", BLOCKS)
def test_text_is_read_seven_to_one_on_the_page_and_on_cards(theme: str) -> None:
    pairs = [(text, ground) for text in ("ink", "ink2") for ground in ("paper", "card")]
    assert weak(theme, pairs, 7) == {}


@pytest.mark.parametrize("theme", BLOCKS)
def test_every_word_in_colour_is_read_on_every_ground(theme: str) -> None:
    pairs = [(text, ground) for text in TEXT for ground in GROUNDS] + [("on", "brand")]
    assert weak(theme, pairs, 4.5) == {}


@pytest.mark.parametrize("theme", BLOCKS)
def test_white_and_gold_are_read_on_the_roof(theme: str) -> None:
    of = tokens(theme)
    assert min(ratio("#fff", of["roof"]), ratio("#fff", of["tile"])) >= 7
    assert ratio(of["gold"], of["roof"]) >= 4.5


@pytest.mark.parametrize("theme", BLOCKS)
def test_edges_of_controls_are_seen_three_to_one(theme: str) -> None:
    pairs = [(edge, ground) for edge in ("edge", "brand", "red", "lamp") for ground in ("paper", "card")]
    assert weak(theme, pairs, 3) == {}


def test_both_ways_into_the_dark_are_the_same() -> None:
    assert tokens("dark") == tokens("auto in the dark")


@pytest.mark.parametrize("name", ["print", "kiosk", "map"])
def test_paper_and_screens_in_halls_have_no_colour_of_their_own(name: str) -> None:
    css = re.sub(r"/\*.*?\*/", "", (CSS / f"{name}.css").read_text("utf-8"), flags=re.DOTALL)
    assert COLOUR.findall(re.sub(r"white-space", "", css)) == []


@pytest.mark.parametrize("name", ["posters", "badges", "charts", "icons", "pictures"])
def test_drawings_are_coloured_by_tokens(name: str) -> None:
    text = (ROOT / f"templates/components/{name}.html").read_text("utf-8")
    assert re.findall(r"(?:fill|stroke|color)=\"(?!none|currentColor)[^\"]*\"", text) == []


def test_every_colour_that_is_asked_for_by_name_is_there() -> None:
    css = {file.name: file.read_text("utf-8") for file in CSS.glob("*.css")}
    known = {name for text in css.values() for name in re.findall(r"--([a-z0-9]+):", text)}
    asked = {name for text in css.values() for name in re.findall(r"var\(--([a-z0-9]+)\)", text)}
    assert asked - known == set()


def test_at_the_door_every_theme_is_so_many_taps_away() -> None:
    head = (ROOT / "templates/layouts/_top.html").read_text("utf-8")
    (steps,) = re.findall(r"set colours = \{(.*?)\}\.get\(prefs\.theme, \(\"(\w+)\"", head)
    after = dict(re.findall(r"\"(\w+)\": \(\"(\w+)\"", steps[0])) | {"auto": steps[1]}
    seen = ["auto"]
    while after[seen[-1]] not in seen:
        seen.append(after[seen[-1]])
    assert set(seen) == {"auto", "light", "dark", "contrast"}
