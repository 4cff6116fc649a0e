"""Pages and states that only an act shows, done in a copy of the demo and then judged as every page is (ux.md §5)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.measure import Bench, Reading
from tests.harness.server import Server
from tests.harness.tour import routes
from tests.journeys.states import STATES, State

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(_demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of their own: these tests write."""
    folder = tmp_path_factory.mktemp("states") / "demo"
    shutil.copytree(_demo_instance, folder)
    server = Server(folder).start()
    yield server
    server.stop()


def addresses(bench: Bench) -> list[str]:
    """The page's own address and those it links to."""
    links = bench.page.locator("main a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [re.sub(r"^https?://[^/]+|[?#].*", "", address) for address in (bench.page.url, *links)]


def shown(bench: Bench) -> set[str]:
    """The routes of the page and of what it links to."""
    found = routes()
    return {route.pattern for route in found for path in addresses(bench) if route.regex.fullmatch(path)}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_every_state_of_a_page_is_legible_and_open_to_everybody(
    site: Server, browser: Any, tmp_path: Path, state: State
) -> None:
    bench = Bench(browser, site.url, "zh", state.screen)
    read = Reading(state.name, "")
    state.lead(bench, tmp_path)
    assert set(state.shows) <= shown(bench)
    bench.judge(read)
    bench.speak("en")
    if state.again:
        bench.sign_out()
        bench.context.set_offline(False)
        state.lead(bench, tmp_path)
    else:
        bench.page.reload()
    assert bench.page.locator("html[lang=en]").count()
    bench.judge(read)
    bench.close()
    assert not read.faults, "\n".join(read.faults)
