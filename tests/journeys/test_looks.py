"""Every page of the site, as somebody of the demo sees it, measured in a real Chromium in every look (ux.md §5)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.harness.measure import Bench, Reading, budget
from tests.harness.server import Server
from tests.harness.tour import SOME, Stop, Tour

pytestmark = pytest.mark.browser

# No pages for people: what programs ask, files and pictures, and a way back to the sign.
NO_PAGES = {
    "/healthz",
    "/metrics",
    "/readyz",
    "/static/<path:filename>",
    "/pictures/<uuid:upload_id>",
    "/p/<token>/photo",
    "/p/<token>/checkin",
}
# Pages that only an act leads to; the journeys of their rooms show them.
AFTER_AN_ACT = {
    "/codes/<id:code_id>",
    "/me/export/<id:request_id>",
    "/desk/done/<uuid:done_id>",
    "/desk/people/<id:member_id>/card",
    "/desk/units/<id:unit_id>/edit",
    # The page behind the code that a member shows at a reward desk; nobody follows it from a page.
    "/o/<uuid:order_id>",
    "/m/<card>",
    "/m/<card>/refused/<code>",
    "/desk/imports/<id:run_id>",
    "/desk/imports/<id:run_id>/faults.csv",
    "/desk/people/<id:member_id>/merge/<id:into_id>",
}


@pytest.fixture(scope="module")
def site(_demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with the demo district for all tests of this file; they only read."""
    folder = tmp_path_factory.mktemp("site") / "demo"
    shutil.copytree(_demo_instance, folder)
    server = Server(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def tour(site: Server) -> Tour:
    return Tour(site.url)


def screen_of(stop: Stop) -> str:
    return "desk" if stop.path.startswith("/desk") else "phone"


def faults(read: Reading) -> list[str]:
    return [f"{read.path} ({read.person or 'nobody'}) {fault}" for fault in (*read.faults, *budget(read))]


def test_every_route_with_a_page_is_shown_to_somebody_of_the_demo(tour: Tour) -> None:
    missed = set(tour.missed())
    assert missed - NO_PAGES - AFTER_AN_ACT == set(), "an empty list of the demo, or no link to it"


def test_the_walk_meets_the_form_of_a_first_visit(tour: Tour) -> None:
    assert {stop.route for stop in tour.some} == set(SOME), "no sign of a post open to anyone is printed in the demo"
    assert set(tour.some) <= set(tour.shown)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("screen", ["phone", "desk"])
def test_every_page_is_light_legible_and_open_to_everybody(
    site: Server, tour: Tour, browser: Any, screen: str, language: str
) -> None:
    stops = sorted((stop for stop in tour.shown if screen_of(stop) == screen), key=lambda stop: stop.person)
    found = []
    for person, hers in groupby(stops, key=lambda stop: stop.person):
        bench = Bench(browser, site.url, language, screen)
        bench.sign_in(person)
        for stop in hers:
            found += faults(bench.measure(stop.path, person))
        bench.close()
    assert stops
    assert not found, "\n".join(found)


def refuse_form(bench: Bench) -> None:
    bench.page.goto("/join/captains")
    while not bench.page.locator("input[name=name]").count():
        bench.page.locator("main a.row").first.click()
        bench.page.wait_for_load_state()
    bench.page.locator("main form button.wide").click()
    bench.page.locator(".errors").wait_for()


def mistype_password(bench: Bench) -> None:
    bench.page.goto("/sign-in")
    bench.page.locator("input[name=phone]").fill("199 0000 0001")
    bench.page.locator("input[name=password]").fill("wrong horse")
    bench.page.locator("main form").first.locator("button").last.click()


def mistype_code(bench: Bench) -> None:
    bench.page.goto("/p?code=abc")
    assert bench.page.locator(".say.warn:visible").count() == 1


def lose_the_way(bench: Bench) -> None:
    bench.page.goto("/nothing-here")
    assert bench.page.locator(".oops svg").is_visible()


def lose_the_signal(bench: Bench) -> None:
    bench.page.goto("/p")
    bench.context.set_offline(True)
    bench.page.locator("#offline").wait_for(state="visible")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("lead", [refuse_form, mistype_password, mistype_code, lose_the_way, lose_the_signal])
def test_every_state_of_a_page_is_legible_and_open_to_everybody(
    site: Server, browser: Any, lead: Callable[[Bench], None], language: str
) -> None:
    bench = Bench(browser, site.url, language)
    lead(bench)
    read = Reading(bench.page.url, "")
    bench.judge(read)
    bench.close()
    assert not read.faults, "\n".join(read.faults)


@pytest.mark.parametrize("size", ["std", "large", "xlarge"])
@pytest.mark.parametrize("width", [820, 1280])
def test_no_desk_table_is_wider_than_its_room_in_any_text_size(
    site: Server, tour: Tour, browser: Any, size: str, width: int
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


def test_the_rail_of_a_desk_is_whole_in_the_largest_text(site: Server, browser: Any) -> None:
    bench = Bench(browser, site.url, "zh", "desk")
    bench.sign_in("邵文静")
    bench.page.goto("/desk")
    bench.page.evaluate("document.documentElement.dataset.size = 'xlarge'")
    rail = bench.page.locator(".rail").evaluate("rail => [rail.scrollHeight, rail.clientHeight]")
    bench.close()
    assert rail[0] <= rail[1]


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
    site: Server, tour: Tour, browser: Any, language: str
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
