"""A real Chromium as a resident's phone: found on the machine, started with a fresh profile, kept off the network."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The phone the design is drawn on: small, and in Chinese.
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
}


def find_chromium() -> str | None:
    """Path of a browser: the CHROMIUM variable, else the first known name on PATH, else None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Run one browser; each context opened in it has a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        try:
            yield browser
        finally:
            browser.close()


class Phone:
    """Pages of one visitor, watched: script errors, refused content and foreign addresses are faults.

    `expected` holds beginnings of console messages that a test causes on purpose. As in WeChat on an iPhone there is no
    service worker, unless the test asks for one with `service_workers="allow"`.
    """

    def __init__(self, browser: Browser, base_url: str, **context: Any) -> None:
        self.faults: list[str] = []
        # Beginnings of foreign addresses that a test serves itself.
        self.allowed: list[str] = []
        # A 4xx page that the test asked for, and a worker that it did not ask for.
        self.expected: list[str] = ["Failed to load resource", "Service Worker registration blocked by Playwright"]
        self.context = browser.new_context(base_url=base_url, **{**PHONE, "service_workers": "block", **context})
        self.context.set_default_timeout(10_000)
        self._host = base_url
        self.context.route("**/*", self._guard)
        self.context.on("console", self._listen)
        self.context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))

    def open(self, url: str = "/") -> Page:
        """Open an address in a new tab."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def close(self) -> None:
        """Close every tab; AssertionError listing the faults seen."""
        self.context.close()
        assert not self.faults, "\n".join(self.faults)

    def _guard(self, route: Route, request: Request) -> None:
        if request.url.startswith((self._host, "data:", "blob:", *self.allowed)):
            route.continue_()
        else:
            self.faults.append(f"foreign address: {request.url}")
            route.abort()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(tuple(self.expected)):
            self.faults.append(f"console {message.type}: {message.text}")
