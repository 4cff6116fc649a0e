"""Coming again to a sign: what a phone with an ordinary cache fetches then, and that the page looks as it did."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.pace import lab
from tests.harness.server import Server
from tests.harness.tour import Sights
from tests.journeys.test_looks import site, tour  # noqa: F401 - its fixtures
from tools.check_pages import AGAIN, SIGN

pytestmark = pytest.mark.browser

SEEN = """() => [...document.querySelectorAll("main, main button, .top, .bar")].map(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return [box.left, box.top, box.width, box.height, style.color, style.backgroundColor, style.fontSize].join(" ");
})"""


def signs(sights: Sights) -> list[tuple[str, str]]:
    """Address and reader of every face of a sign: of who is signed in, of nobody, of a first visitor."""
    return [(stop.path, stop.person) for stop in (*sights.shown, *sights.some) if stop.route == SIGN]


def test_a_second_visit_to_a_sign_is_one_light_answer(site: Server, tour: Sights, browser: Any) -> None:  # noqa: F811
    found = {}
    for path, person in signs(tour):
        with lab(browser, site.url, person) as hers:
            came = hers.again(path)
        found[path, person] = (came.weight, came.requests)
    assert len(found) >= 3
    assert all(weight <= AGAIN[0] and count == AGAIN[1] for weight, count in found.values()), found


def test_a_sign_looks_the_same_whether_it_carries_its_stylesheet_or_has_it(
    site: Server,  # noqa: F811
    tour: Sights,  # noqa: F811
    browser: Any,
) -> None:
    for path, person in signs(tour):
        with lab(browser, site.url, person) as hers:
            hers.page.goto(path)
            assert hers.page.locator("style").count() == 1
            first = hers.page.evaluate(SEEN)
            hers.again(path)
            assert hers.page.locator("style").count() == 0
            assert hers.page.evaluate(SEEN) == first
