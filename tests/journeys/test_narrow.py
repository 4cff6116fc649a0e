"""Pages that an act leads to, on a narrow phone and in the largest text: nothing is cut off, nothing stands askew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.harness.measure import Bench
from tests.harness.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(_demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("narrow") / "demo"
    shutil.copytree(_demo_instance, folder)
    server = Server(folder).start()
    yield server
    server.stop()


@pytest.fixture
def bench(site: Server, browser: Any) -> Iterator[Bench]:
    opened = Bench(browser, site.url)
    yield opened
    opened.close()


def too_wide(page: Page) -> dict[str, int]:
    """Pixels beyond the edge: in the largest text at 390 px, and at 320 px with the reader's own text larger."""
    found = {}
    for width, size, own in ((390, "xlarge", ""), (320, "std", "150%"), (320, "std", "200%")):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate(
            "([size, own]) => { const r = document.documentElement; r.dataset.size = size; r.style.fontSize = own }",
            [size, own],
        )
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            found[f"{width} px {size} {own}"] = over
    return found


def test_a_code_that_is_read_out_fits_a_narrow_phone(bench: Bench) -> None:
    bench.sign_in("钱桂英")
    page = bench.page
    page.goto("/codes")
    page.locator("main .rows a").first.click()
    page.locator("main input[name=checked]").check()
    page.locator("main input[name=how]").first.check()
    page.locator("main input[name=why]").fill("换了新手机")
    page.locator("main form button.wide").click()
    page.locator(".big.num").wait_for()
    begins = page.locator(".addr").evaluate(
        """(address) => {
          const after = document.createRange();
          after.setStart(address.nextSibling, 0); after.setEnd(address.nextSibling, 1);
          const last = address.getClientRects();
          return [after.toString(), after.getBoundingClientRect().top - last[last.length - 1].top];
        }"""
    )
    assert begins[0] == "，"
    assert abs(begins[1]) < 4, "the comma stands on the line of the address"
    assert too_wide(page) == {}
