"""How fast a page is in a real browser: a second visit's weight, the first sight on a hard network, a tap's answer.

Lab numbers of ux.md §5. Each measure has a context of its own, so that nothing of one is left in the cache of the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page, Route

from tests.harness.measure import SCREENS
from tests.harness.tour import Walker

# 400 kbit/s, 400 ms, a processor six times slower.
HARD = {"offline": False, "latency": 400, "downloadThroughput": 50 * 1024, "uploadThroughput": 50 * 1024}
SLOWER = 6
# The main acts of a page first; what opens beside them; a field to write in.
ACTS = (
    "main button.primary:visible, main button.huge:visible",
    "main button:visible",
    "summary:visible",
    "main textarea:visible, main input[type=text]:visible, main input[type=search]:visible",
)
MOST_TAPS = 6
# A file's dialog, a printer and a camera are the phone's own.
LEFT_OUT = "[data-print], [data-start], [type=file], [aria-disabled=true]"

LISTEN = """
window.pace = {shown: 0, taps: []};
new PerformanceObserver(list => list.getEntries().forEach(one => { pace.shown = one.startTime; }))
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(one => {
  if (one.interactionId) pace.taps.push([one.name, one.duration]);
})).observe({type: "event", durationThreshold: 16, buffered: true});
"""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"


@dataclass
class Traffic:
    """What came over the network, by address; what the browser's own cache gave is not counted."""

    came: dict[str, int] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """Bytes with headers, photographs left out."""
        return sum(size for url, size in self.came.items() if "/uploads/" not in url and "/pictures/" not in url)

    @property
    def requests(self) -> int:
        """How many files were asked for."""
        return len(self.came)


class Lab:
    """One visitor in one window: `with lab(browser, base, "钱桂英") as hers: hers.again(path)`."""

    def __init__(self, browser: Browser, base_url: str, person: str = "", screen: str = "phone") -> None:
        self.base_url = base_url
        self.context = browser.new_context(base_url=base_url, service_workers="block", **SCREENS[screen])
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(LISTEN)
        self.touch = bool(SCREENS[screen].get("has_touch"))
        if person:
            hers = Walker(base_url, person).cookies()
            self.context.add_cookies([{"name": name, "value": value, "url": base_url} for name, value in hers])
        self.page: Page = self.context.new_page()
        self.network = self.context.new_cdp_session(self.page)
        self.network.send("Network.enable")

    def again(self, path: str) -> Traffic:
        """Return what a second visit to `path` brings over the network, after another page of the site was read."""
        self.page.goto(path, wait_until="networkidle")
        self.page.goto("/help", referer=self.base_url + path, wait_until="networkidle")
        with self._watched() as traffic:
            self.page.goto(path, wait_until="networkidle")
        return traffic

    def first_sight(self, path: str) -> float:
        """Return the LCP of a first visit to `path` on a hard network, in milliseconds."""
        self.network.send("Network.clearBrowserCache")
        self.network.send("Network.emulateNetworkConditions", HARD)
        self.network.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        self.page.goto("about:blank")
        self.page.goto(path, wait_until="networkidle", timeout=60_000)
        return float(self.page.evaluate("pace.shown"))

    def slowest_tap(self, path: str) -> float:
        """Return the longest time from a tap (or a key) on `path` to the next picture on the screen, in milliseconds.

        Nothing is sent: whatever a tap would open is answered with "stay where you are". 0 on a page without acts.
        """
        self.page.goto(path, wait_until="networkidle")
        self.network.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        self.context.route("**/*", _stay)
        try:
            for act in self._acts():
                self._tap(act)
            return max((float(taken) for _name, taken in self.page.evaluate("pace.taps")), default=0.0)
        finally:
            self.context.unroute("**/*", _stay)

    def _acts(self) -> list[Locator]:
        found: list[Locator] = []
        for kind in ACTS:
            some = self.page.locator(kind)
            found += [one for one in some.all()[:3] if not one.evaluate(f"one => one.matches('{LEFT_OUT}')")]
        return found[:MOST_TAPS]

    def _tap(self, act: Locator) -> None:
        try:
            act.tap(timeout=2000) if self.touch else act.click(timeout=2000)
            if act.evaluate("one => one.matches('input, textarea')"):
                act.press("a")
        except Error:
            return  # the tap before has hidden it
        self.page.evaluate(PAINTED)

    @contextmanager
    def _watched(self) -> Iterator[Traffic]:
        traffic, named, kept = Traffic(), dict[str, str](), set[str]()

        def answered(event: dict[str, Any]) -> None:
            named[event["requestId"]] = event["response"]["url"]
            if event["response"].get("fromDiskCache"):
                kept.add(event["requestId"])

        def ended(event: dict[str, Any]) -> None:
            url = named.get(event["requestId"], "")
            if event["requestId"] not in kept and url.startswith(self.base_url):
                traffic.came[url] = traffic.came.get(url, 0) + int(event["encodedDataLength"])

        heard = {
            "Network.responseReceived": answered,
            "Network.requestServedFromCache": lambda event: kept.add(event["requestId"]),
            "Network.loadingFinished": ended,
        }
        for name, listener in heard.items():
            self.network.on(name, listener)
        yield traffic
        for name, listener in heard.items():
            self.network.remove_listener(name, listener)


def _stay(route: Route) -> None:
    if route.request.is_navigation_request():
        route.fulfill(status=204)
    else:
        route.continue_()


@contextmanager
def lab(browser: Browser, base_url: str, person: str = "", screen: str = "phone") -> Iterator[Lab]:
    """A visitor's window, closed at the end."""
    hers = Lab(browser, base_url, person, screen)
    try:
        yield hers
    finally:
        hers.context.close()
