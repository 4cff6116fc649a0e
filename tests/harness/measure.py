"""Measures a page in a real browser as ux.md §5 asks: weight, axe in every look, targets, text, reflow, focus.

One load a language: size and colours act through `data-*` alone, so that the other looks are put on the loaded page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.harness.browser import PHONE

HERE = Path(__file__).parent
SCRIPT = (HERE / "measure.js").read_text("utf-8")
AXE = (HERE.parent / "vendor/axe-core-4.14.1/axe.min.js").read_text("utf-8")
# Same markup in other colours and sizes: what can differ there.
COLOURS = ("dark", "contrast")
BY_COLOUR = ["color-contrast"]
BY_SIZE = ["target-size"]
# size → least target and least text of residents' pages (ux.md §3).
SIZES = {"std": (48, 13), "large": (60, 18), "xlarge": (60, 24)}
DESK = (36, 13)
# Bytes and requests of a first visit, photographs left out (ux.md §5).
FIRST_VISIT = {"phone": (14_000, 3), "desk": (60_000, 8), "print": (60_000, 8), "kiosk": (60_000, 8)}
CHECK_IN = (10_240, 3)
# What is no first visit and holds more by its nature: all that is kept about a person, word by word; the camera's
# script, which comes after the page; a month's statement with its lines, its proof and the script that works it out; a
# set of rules with what it changes, its plots and their numbers.
HEAVIER = {
    "/me/data": (16_000, 3),
    "/scan": (18_500, 5),
    "/points/statements/[^/]+/[^/]+": (16_500, 4),
    "/rules/sets/[^/]+": (16_500, 3),
}
NARROW = {"width": 320, "height": 640}
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
    heavier = next((least for path, least in HEAVIER.items() if re.fullmatch(path, plain)), None)
    heaviest, most = heavier or (CHECK_IN if re.fullmatch("/p/[^/]+", plain) else FIRST_VISIT[read.surface])
    found = [] if read.weight <= heaviest else [f"weighs {read.weight} bytes, {heaviest} at most"]
    return found + ([] if read.requests <= most else [f"asks for {read.requests} files, {most} at most"])


class Bench:
    """One visitor's measured pages: `bench.sign_in(name)`, then `bench.measure(path)`. Close it at the end."""

    def __init__(self, browser: Browser, base_url: str, language: str = "zh", screen: str = "phone") -> None:
        self.base_url = base_url
        self.language = language
        self.screen = screen
        self.context: BrowserContext = browser.new_context(base_url=base_url, **SCREENS[screen])
        self.context.set_default_timeout(15_000)
        self._look("std.light")
        self._finished: list[Request] = []
        self._told: list[str] = []
        self.context.on("requestfinished", lambda request: self._finished.append(request))  # noqa: PLW0108 - wraps functions only
        self.context.on("request", self._watch)
        self.context.on("console", lambda line: line.type in {"error", "warning"} and self._told.append(line.text))
        self.context.on("weberror", lambda error: self._told.append(str(error.error)))
        self.page: Page = self.context.new_page()
        # Every page is a first visit.
        network = self.context.new_cdp_session(self.page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def sign_in(self, person: str) -> None:
        """Become a person of the demo; "" stays nobody."""
        if person:
            self.page.goto("/sign-in")
            self.page.locator("button[name=person]").filter(has_text=person).click()
            self.page.wait_for_load_state("networkidle")

    def close(self) -> None:
        """Close the visitor's browser context."""
        self.context.close()

    def measure(self, path: str, person: str = "") -> Reading:
        """Open `path` and return all that is wrong with it."""
        self._finished.clear()
        self._told.clear()
        answer = self.page.goto(path)
        self.page.wait_for_load_state("networkidle")
        status = answer.status if answer else 0
        read = Reading(path, person)
        read.weight, read.requests = self._weight()
        self.judge(read)
        # A page that is an error on purpose says so on the console as well.
        read.faults += [f"console: {text}" for text in self._told if status < 400 or "Failed to load" not in text]
        return read

    def judge(self, read: Reading) -> None:
        """Add to `read` what is wrong with the page as it stands now, in every look."""
        self._load_scripts()
        read.surface = self.page.evaluate("document.documentElement.dataset.surface")
        looked = "light" if read.surface in {"phone", "desk"} else read.surface
        self._axe(read, f"{looked} {self.language}", [])
        if read.surface in {"print", "kiosk"}:
            return
        if self.page.evaluate("measure.openAll()"):
            self._axe(read, "opened", [])
        # Colours are the same in every language.
        for colours in COLOURS if self.language == "zh" else ():
            self.page.evaluate("theme => measure.look({theme})", colours)
            self._axe(read, colours, BY_COLOUR)
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
                self._axe(read, size, BY_SIZE)
        self.page.evaluate("measure.look({size: 'std'})")
        self._hidden(read)

    def _small(self, read: Reading, look: str, target: float, text: float) -> None:
        least = {"target": target, "text": text}
        self._note(read, look, self.page.evaluate("least => measure.small(least)", least))

    def _hidden(self, read: Reading) -> None:
        self.page.evaluate("measure.shutAgain()")
        self._note(read, "std", self.page.evaluate("measure.hidden()"))

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

    def _axe(self, read: Reading, look: str, rules: list[str]) -> None:
        told = self.page.evaluate("rules => measure.axeRun(rules)", rules)
        self._note(read, look, told["violations"])
        read.unsure += [f"[{look}] {line}" for line in told["incomplete"]]

    def _note(self, read: Reading, look: str, lines: list[str]) -> None:
        read.faults += [f"[{look}] {line}" for line in lines if f"[{look}] {line}" not in read.faults]

    def _load_scripts(self) -> None:
        if not self.page.evaluate("typeof measure === 'object'"):
            self.page.evaluate(AXE)
            self.page.evaluate(SCRIPT)

    def _weight(self) -> tuple[int, int]:
        counted = [request for request in self._finished if "/uploads/" not in request.url]
        sizes = [request.sizes() for request in counted if request.url.startswith(self.base_url)]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes), len(sizes)

    def _look(self, look: str) -> None:
        self.context.add_cookies([{"name": "linli_look", "value": f"{look}.{self.language}", "url": self.base_url}])

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.base_url, "data:", "blob:")):
            self._told.append(f"foreign address: {request.url}")
