"""Measures a page in a real browser as ux.md §5 asks: weight, axe in every look, targets, text, reflow, focus.

One load a language: size and colours act through `data-*` alone (tests/journeys/test_looks.py holds the server to it),
so that the other looks are put on the loaded page. Nothing waits for a silent network: what a page asks for while it is
judged is its weight too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.harness.browser import PHONE
from tests.harness.tour import Walker

HERE = Path(__file__).parent
SCRIPT = (HERE / "measure.js").read_text("utf-8")
AXE = (HERE.parent / "vendor/axe-core-4.14.1/axe.min.js").read_text("utf-8")
# Same markup in other colours and sizes: what can differ there.
COLOURS = ("dark", "contrast")
# Contrast is asked for at the size that asks most of it: large text may be weaker.
NOT_BY_SIZE = ["color-contrast"]
# size → least target and least text of residents' pages (ux.md §3).
SIZES = {"std": (48, 13), "large": (60, 18), "xlarge": (60, 24)}
DESK = (36, 13)
# A screen in a hall, in the window it is made for; paper: nothing is pressed there, 9 pt is the least, and 5 mm on the
# large sign, which is read from afar.
KIOSK = (80, 24)
HALL = {"width": 1920, "height": 1080}
PAPER_TEXT = 9 / 72 * 96
POSTER_TEXT = 5 / 25.4 * 96
# Between two controls that are no rows of one list (ux.md §5).
GAP = 8
# Bytes and requests of a first visit, photographs left out (ux.md §5).
FIRST_VISIT = {"phone": (14_000, 3), "desk": (60_000, 8), "print": (60_000, 8), "kiosk": (60_000, 8)}
CHECK_IN = (10_240, 3)
NARROW = {"width": 320, "height": 640}
# What a page asks for has come by then, or never will.
SETTLED_SECONDS = 10.0
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {**PHONE, "viewport": {"width": 390, "height": 844}, "screen": {"width": 390, "height": 844}},
    "desk": {"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"},
}


@dataclass
class Reading:
    """What was measured on one page. `weight` and `requests` are those of a first visit, photographs left out."""

    path: str
    person: str
    surface: str = "phone"
    weight: int = 0
    requests: int = 0
    faults: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def budget(read: Reading) -> list[str]:
    """Return what `read` weighs too much."""
    plain = read.path.partition("?")[0]
    heaviest, most = CHECK_IN if re.fullmatch("/p/[^/]+", plain) else FIRST_VISIT[read.surface]
    found = [] if read.weight <= heaviest else [f"weighs {read.weight} bytes, {heaviest} at most"]
    return found + ([] if read.requests <= most else [f"asks for {read.requests} files, {most} at most"])


class Bench:
    """One visitor's measured pages: `bench.sign_in(name)`, then `bench.measure(path)`. Close it at the end."""

    def __init__(self, browser: Browser, base_url: str, language: str = "zh", screen: str = "phone") -> None:
        self.base_url = base_url
        self.language = language
        self.screen = screen
        # Every page is a first visit: no worker of the page before answers for it.
        self.context: BrowserContext = browser.new_context(
            base_url=base_url, service_workers="block", **SCREENS[screen]
        )
        self.context.set_default_timeout(15_000)
        self._look("std.light")
        self._under_way: set[Request] = set()
        self._finished: list[Request] = []
        # What a visitor opened or scrolled to is no first visit: photographs that come with it are left out.
        self._unfolded = False
        self._told: list[str] = []
        self.context.on("request", self._watch)
        self.context.on("requestfinished", self._finish)
        self.context.on("requestfailed", lambda request: self._under_way.discard(request))  # noqa: PLW0108 - wraps functions only
        self.context.on("console", self._listen)
        self.context.on("weberror", lambda error: self._told.append(str(error.error)))
        self.context.add_init_script(AXE)
        self.context.add_init_script(SCRIPT)
        self.page: Page = self.context.new_page()
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def sign_in(self, person: str) -> None:
        """Become a person of the demo; "" stays nobody."""
        if person:
            hers = Walker(self.base_url, person).cookies()
            self.context.add_cookies([{"name": name, "value": value, "url": self.base_url} for name, value in hers])

    def sign_out(self) -> None:
        """Be nobody again, with every cookie gone but the language."""
        self.context.clear_cookies()
        self._look("std.light")

    def speak(self, language: str) -> None:
        """Have pages in that language from the next one on."""
        self.language = language
        self._look("std.light")

    def close(self) -> None:
        """Close the visitor's browser context."""
        self.context.close()

    def measure(self, path: str, person: str = "") -> Reading:
        """Open `path` and return all that is wrong with it."""
        self._under_way.clear()
        self._finished.clear()
        self._told.clear()
        self._unfolded = False
        answer = self.page.goto(path)
        status = answer.status if answer else 0
        read = Reading(path, person)
        self.judge(read)
        self._settle()
        read.weight, read.requests = self._weight()
        # A page that is an error on purpose says so on the console as well.
        read.faults += [f"console: {text}" for text in self._told if status < 400 or "Failed to load" not in text]
        return read

    def judge(self, read: Reading) -> None:
        """Add to `read` what is wrong with the page as it stands now, in every look."""
        self._load_scripts()
        read.surface = self.page.evaluate("measure.look({}), document.documentElement.dataset.surface")
        looked = "light" if read.surface in {"phone", "desk"} else read.surface
        self._axe(read, f"{looked} {self.language}")
        if read.surface in {"print", "kiosk"}:
            (self._paper if read.surface == "print" else self._hall)(read)
            return
        self._settle()
        self._unfolded = True
        if self.page.evaluate("measure.openAll()"):
            self._axe(read, "opened")
        for colours in COLOURS:
            self.page.evaluate("theme => measure.look({theme})", colours)
            self._axe(read, colours)
        self.page.evaluate("measure.look({theme: 'light'})")
        self._sizes(read)
        self._narrow(read)

    def _sizes(self, read: Reading) -> None:
        if read.surface == "desk" and self.screen == "desk":
            self._small(read, "std", *DESK)
            self._hidden(read)
            return
        for size, (target, text) in SIZES.items():
            self.page.evaluate("size => measure.look({size})", size)
            self._small(read, size, target, text)
            if size == "large":
                self._axe(read, size, NOT_BY_SIZE)
        self.page.evaluate("measure.look({size: 'std'})")
        self._hidden(read)

    def _small(self, read: Reading, look: str, target: float, text: float) -> None:
        least = {"target": target, "text": text, "poster": POSTER_TEXT, "gap": GAP}
        found = self.page.evaluate("least => [...measure.small(least), ...measure.crowded(least.gap)]", least)
        self._note(read, look, found)

    def _hidden(self, read: Reading) -> None:
        self.page.evaluate("measure.shutAgain()")
        self._note(read, "std", self.page.evaluate("gap => [...measure.crowded(gap), ...measure.hidden()]", GAP))

    def _narrow(self, read: Reading) -> None:
        """320 px wide with the reader's own text twice as large."""
        before = self.page.viewport_size
        self.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        over = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            self._note(read, "320 px at 200 %", [f"{over} px too wide"])
        self.page.evaluate("document.documentElement.style.fontSize = ''")
        self.page.set_viewport_size(before or NARROW)  # type: ignore[arg-type]

    def _paper(self, read: Reading) -> None:
        self.page.emulate_media(media="print")
        self._small(read, "print", 0, PAPER_TEXT)
        self.page.emulate_media(media="screen")

    def _hall(self, read: Reading) -> None:
        before = self.page.viewport_size
        self.page.set_viewport_size(HALL)  # type: ignore[arg-type]
        self._small(read, "kiosk", *KIOSK)
        over = self.page.evaluate("document.documentElement.scrollHeight - innerHeight")
        if over > 0:
            self._note(read, "kiosk", [f"{over} px below the screen"])
        self.page.set_viewport_size(before or HALL)  # type: ignore[arg-type]

    def _axe(self, read: Reading, look: str, without: Sequence[str] = ()) -> None:
        told = self.page.evaluate("without => measure.axeRun(without)", list(without))
        self._note(read, look, told["violations"])
        self._note(read, look, told["incomplete"])
        read.unsure += [f"[{look}] {line}" for line in told["incomplete"]]

    def _note(self, read: Reading, look: str, lines: list[str]) -> None:
        read.faults += [f"[{look}] {line}" for line in lines if f"[{look}] {line}" not in read.faults]

    def _load_scripts(self) -> None:
        """A page that was written into an empty window has not got them by itself."""
        if not self.page.evaluate("typeof measure === 'object'"):
            self.page.evaluate(AXE)
            self.page.evaluate(SCRIPT)

    def _settle(self) -> None:
        until = time.monotonic() + SETTLED_SECONDS
        while self._under_way and time.monotonic() < until:
            self.page.wait_for_timeout(20)

    def _weight(self) -> tuple[int, int]:
        counted = [request for request in self._finished if "/uploads/" not in request.url]
        sizes = [request.sizes() for request in counted if request.url.startswith(self.base_url)]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes), len(sizes)

    def _look(self, look: str) -> None:
        self.context.add_cookies([{"name": "linli_look", "value": f"{look}.{self.language}", "url": self.base_url}])

    def _watch(self, request: Request) -> None:
        if request.url.startswith(self.base_url):
            self._under_way.add(request)
        elif not request.url.startswith(("data:", "blob:")):
            self._told.append(f"foreign address: {request.url}")

    def _finish(self, request: Request) -> None:
        self._under_way.discard(request)
        if not (self._unfolded and request.resource_type == "image"):
            self._finished.append(request)

    def _listen(self, line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"} and "blocked by Playwright" not in line.text:
            self._told.append(line.text)
