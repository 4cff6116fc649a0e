"""Pages that an act leads to, on a narrow phone and in the largest text: nothing is cut off, nothing stands askew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

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


def test_a_number_that_is_read_out_fits_a_narrow_phone(bench: Bench) -> None:
    bench.sign_in("邵文静")
    page = bench.page
    page.goto("/desk/people")
    page.locator("main td a, main .rows a").first.click()
    page.get_by_text("显示号码…").click()
    page.locator("input[name=why]").fill("核对打卡")
    page.locator("button[name=whose]").first.click()
    page.locator("#number .big").wait_for()
    assert too_wide(page) == {}


SIDE_BY_SIDE = """() => {
  const askew = [];
  for (const group of document.querySelectorAll("main .btns")) {
    const boxes = [...group.querySelectorAll(".btn, summary")]
      .filter((e) => e.matches("summary") || !e.closest("details"))
      .map((e) => e.getBoundingClientRect()).filter((box) => box.width && box.height);
    boxes.forEach((a) => boxes.forEach((b) => {
      if (a.top < b.top - 1 && b.top < a.bottom) askew.push(group.innerText.replace(/\\s+/g, " ") + (b.top - a.top));
    }));
  }
  return askew;
}"""


def test_a_button_and_what_opens_stand_on_one_line(site: Server, browser: Any) -> None:
    bench = Bench(browser, site.url, "zh", "desk")
    bench.sign_in("邵文静")
    page, askew = bench.page, []
    for path, link in (("/desk/applications", ""), ("/desk/posts", "main td a[href*='/desk/posts/']")):
        page.goto(path)
        if link:
            page.locator(link).first.click()
            page.wait_for_load_state()
        assert page.locator("main .btns details").count(), path
        askew += page.evaluate(SIDE_BY_SIDE)
    bench.close()
    assert not askew


def test_a_copy_stands_clear_of_what_is_said_about_it_and_its_pages_fit(bench: Bench, tmp_path: Path) -> None:
    bench.sign_in("卢海生")
    page = bench.page
    page.goto("/me/export")
    page.locator("main form button.wide").click()
    take = page.locator("main a.btn.wide")
    take.wait_for()
    above, box, below = (
        place.bounding_box() for place in (page.locator("main .say.ok"), take, page.locator("main a.btn.wide + p"))
    )
    assert above
    assert box
    assert below
    assert box["y"] - above["y"] - above["height"] >= 8
    assert below["y"] - box["y"] - box["height"] >= 8
    with page.expect_download() as waiting:
        take.click()
    waiting.value.save_as(tmp_path / "mine.zip")
    page.set_viewport_size({"width": 390, "height": 844})
    with ZipFile(tmp_path / "mine.zip") as copy:
        copy.extractall(tmp_path)
    wide = []
    for name in ("index", "person", "checkins"):
        page.goto((tmp_path / f"linli-my-data/{name}.html").as_uri())
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide += [name] if over > 0 else []
        assert "serif" not in page.evaluate("getComputedStyle(document.body).fontFamily").split(", ")[0]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 245, 236)"
    assert not wide


def test_what_is_made_for_paper_is_whole_on_a_phone(bench: Bench) -> None:
    page = bench.page
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/compliance/sheet")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert page.locator("main").evaluate("main => main.scrollWidth - main.clientWidth") <= 0, f"cut at {width} px"


def test_a_notice_is_read_aloud_where_the_phone_can_and_another_tap_stops_it(bench: Bench) -> None:
    page = bench.page
    page.add_init_script(
        """window.said = [];
        SpeechSynthesis.prototype.speak = (one) => said.push(one.text);
        SpeechSynthesis.prototype.cancel = () => said.push("");"""
    )
    page.goto("/announcements")
    page.locator("main .rows a").first.click()
    page.get_by_role("button", name="读给我听").click()
    assert page.evaluate("said").pop() == page.locator("#notice").inner_text()
    page.get_by_role("button", name="停", exact=True).click()
    assert page.evaluate("said").pop() == ""
    page.get_by_role("button", name="读给我听").wait_for()
    mute = bench.context.new_page()
    mute.add_init_script("window.SpeechSynthesisUtterance = undefined")
    mute.goto(page.url)
    mute.wait_for_load_state("networkidle")
    assert not mute.locator("[data-read]").is_visible()
