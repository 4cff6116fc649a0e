"""Every page of the site, as somebody of the demo sees it, measured in a real Chromium in every look (ux.md §5)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.harness.databases import Databases
from tests.harness.measure import Bench, Reading, budget
from tests.harness.server import Server
from tests.harness.tour import SOME, Sights, Stop, Walker, sights
from tests.journeys.states import STATES

pytestmark = pytest.mark.browser

# No pages for people: what programs ask, files and pictures, and a way back to the sign.
NO_PAGES = {
    "/healthz",
    "/metrics",
    "/readyz",
    "/static/<path:filename>",
    "/sw.js",
    "/manifest.webmanifest",
    "/pictures/<uuid:upload_id>",
    "/papers/<uuid:document_id>",
    "/me/mandates/<id:mandate_id>/paper",
    "/p/<token>/photo",
    "/p/<token>/checkin",
}
# Pages that only an act leads to: each is done, and judged, there.
AFTER_AN_ACT = {route for state in STATES for route in state.shows}
# The walk is cut into so many parts of every screen and language, so that no worker waits long for the other.
PARTS = 3
LOOKS = ("std.light.zh", "large.dark.zh", "xlarge.contrast.zh")


@pytest.fixture(scope="module")
def site(_demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with the demo district for all tests of this file; they only read."""
    folder = tmp_path_factory.mktemp("site") / "demo"
    shutil.copytree(_demo_instance, folder)
    server = Server(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def tour(site: Server, databases: Databases) -> Sights:
    return sights(site.url, databases.shared)


def screen_of(stop: Stop) -> str:
    return "desk" if stop.path.startswith("/desk") else "phone"


def faults(read: Reading) -> list[str]:
    return [f"{read.path} ({read.person or 'nobody'}) {fault}" for fault in (*read.faults, *budget(read))]


def test_every_route_with_a_page_is_shown_to_somebody_of_the_demo(tour: Sights) -> None:
    assert set(tour.missed) - NO_PAGES - AFTER_AN_ACT == set(), "an empty list of the demo, or no link to it"


def test_the_walk_meets_the_form_of_a_first_visit(tour: Sights) -> None:
    assert {stop.route for stop in tour.some} == set(SOME), "no sign of a post open to anyone is printed in the demo"
    assert set(tour.some) <= set(tour.shown)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("screen", ["phone", "desk"])
def test_every_page_is_light_legible_and_open_to_everybody(
    site: Server, tour: Sights, browser: Any, screen: str, language: str, part: int
) -> None:
    all_stops = sorted((stop for stop in tour.shown if screen_of(stop) == screen), key=lambda stop: stop.person)
    stops = all_stops[part::PARTS]
    found = []
    for person, hers in groupby(stops, key=lambda stop: stop.person):
        bench = Bench(browser, site.url, language, screen)
        bench.sign_in(person)
        for stop in hers:
            found += faults(bench.measure(stop.path, person))
        bench.close()
    assert stops
    assert not found, "\n".join(found)


# What the head says of the look that is on: its own switch, and which of the choices is pressed.
OF_THE_LOOK = (
    r' data-(?:size|theme)="[a-z]+"',
    r' aria-pressed="(?:true|false)"',
    r'<button class="quick" name="size".*?</button>',
    r' class="btn (?:primary|quiet)"(?= name="(?:size|theme)")',
    r'name="csrf_token" value="[^"]+"',
    r'name="command_key" value="[^"]+"',
)


def plain(text: str) -> str:
    """The page without what the head says of the look, and without the keys of this one answer."""
    for part in OF_THE_LOOK:
        text = re.sub(part, "", text, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("person", ["", "钱桂英", "邵文静"])
def test_size_and_colours_change_a_page_by_its_attributes_alone(site: Server, tour: Sights, person: str) -> None:
    """That is why a page is loaded once and its looks are put on it: the server would answer nothing else."""
    walker = Walker(site.url, person)

    def differs(path: str) -> bool:
        return len({plain(walker.get(path, look)[1]) for look in LOOKS}) > 1

    # A minute may pass between two answers: it does not pass twice.
    paths = [stop.path for stop in tour.shown if stop.person == person][::3]
    assert paths
    assert [path for path in paths if differs(path) and differs(path)] == []


@pytest.mark.parametrize("size", ["std", "large", "xlarge"])
@pytest.mark.parametrize("width", [820, 1280])
def test_no_desk_table_is_wider_than_its_room_in_any_text_size(
    site: Server, tour: Sights, browser: Any, size: str, width: int
) -> None:
    bench = Bench(browser, site.url, "en", "desk")
    bench.sign_in("邵文静")
    bench.page.set_viewport_size({"width": width, "height": 900})
    wide = []
    for path in ("/desk", "/desk/applications", "/desk/people", "/desk/checkins", "/desk/grants", "/desk/imports"):
        bench.page.goto(path)
        bench.page.evaluate("size => { document.documentElement.dataset.size = size }", size)
        over = bench.page.locator(".scroll").evaluate_all("all => all.map(e => e.scrollWidth - e.clientWidth)")
        wide += [f"{path}: {pixels} px" for pixels in over if pixels > 0]
    cards = bench.page.locator(".table td").first.evaluate("cell => getComputedStyle(cell).display") != "table-cell"
    bench.close()
    assert not wide
    assert cards == (size != "std"), "large text gets cards, as a phone does"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_rail_of_a_desk_is_whole_in_the_largest_text(site: Server, browser: Any, language: str) -> None:
    bench = Bench(browser, site.url, language, "desk")
    bench.sign_in("邵文静")
    bench.page.goto("/desk")
    bench.page.evaluate("document.documentElement.dataset.size = 'xlarge'")
    rail = bench.page.locator(".rail").evaluate("rail => [rail.scrollHeight, rail.clientHeight]")
    bench.close()
    assert rail[0] <= rail[1]


ROOM_FOR_FOCUS = """links => [...links, ...[...links].reverse()].map(link => {
  link.focus();
  const rail = link.closest("ul").getBoundingClientRect(), box = link.getBoundingClientRect();
  return Math.min(box.left - rail.left, rail.right - box.right);
})"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_the_rail_of_a_desk_brings_every_stop_into_sight_with_its_ring(
    site: Server, browser: Any, language: str
) -> None:
    bench = Bench(browser, site.url, language)
    bench.sign_in("邵文静")
    bench.page.goto("/desk")
    room = bench.page.locator(".rail a").evaluate_all(ROOM_FOR_FOCUS)
    overflows = bench.page.locator(".rail ul").evaluate("rail => rail.scrollWidth > rail.clientWidth")
    bench.close()
    assert overflows
    assert min(room) >= 5, "a ring is three pixels wide and stands off two"


def test_the_camera_page_stands_still_when_its_script_comes_late(site: Server, browser: Any) -> None:
    bench = Bench(browser, site.url)
    bench.page.route("**/static/js/*", lambda route: (bench.page.wait_for_timeout(300), route.continue_()))
    bench.page.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver(list => list.getEntries().forEach(one => { window.moved += one.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    bench.page.goto("/scan")
    bench.page.locator("[data-start]:visible").wait_for()
    bench.page.wait_for_timeout(300)
    moved = bench.page.evaluate("window.moved")
    bench.close()
    assert moved <= 0.01


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_largest_text_leaves_the_first_act_above_the_bar_and_the_head_in_one_line(
    site: Server, tour: Sights, browser: Any, language: str
) -> None:
    sign = next(stop.path for stop in tour.shown if stop.route == "/p/<token>")
    bench = Bench(browser, site.url, language)
    bench.sign_in("钱桂英")
    under, tall = [], []
    for path, act in (("/", ".act"), ("/p", ".act"), (sign, ".btn.huge"), ("/scan", "[data-start]")):
        bench.page.goto(path)
        bench.page.evaluate("document.documentElement.dataset.size = 'xlarge'")
        box = bench.page.locator(act).first.bounding_box()
        bar = bench.page.locator(".bar").bounding_box()
        head = bench.page.locator(".top").bounding_box()
        assert box
        assert bar
        assert head
        under += [path] if box["y"] + box["height"] > bar["y"] else []
        tall += [path] if head["height"] > 100 else []
    bench.close()
    assert not under
    assert not tall
