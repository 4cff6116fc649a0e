"""What a phone shows, measured in a real Chromium: nothing too wide, too small to tap or to read, or too heavy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request

from tests.harness.browser import Phone
from tests.harness.server import Server

pytestmark = pytest.mark.browser

NEW_PHONE = Callable[..., Phone]
EVERYBODYS = ("/", "/join", "/sign-in", "/p", "/help", "/nothing-here")
HERS = ("/", "/me", "/points", "/checkins", "/inbox", "/memberships")
STAFFS = ("/desk", "/desk/applications", "/desk/people", "/desk/checkins", "/desk/posts", "/desk/posts/new")

MEASURE = """(least) => {
  const seen = (e) => ((box) => box.width > 1 && box.height > 1 && box.right > 0)(e.getBoundingClientRect());
  const named = (e) => e.outerHTML.slice(0, 80);
  const targets = [...document.querySelectorAll("a[href], button, .in, summary")].filter(seen)
    .filter((e) => getComputedStyle(e).display !== "inline" && Math.min(e.offsetWidth, e.offsetHeight) < least.target);
  const texts = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (walk.currentNode.data.trim() && seen(e) && !e.closest("svg, script, option")
        && parseFloat(getComputedStyle(e).fontSize) < least.text) texts.push(e);
  }
  const wide = Math.max(document.documentElement.scrollWidth, innerWidth) - screen.width;
  return [...targets.map((e) => "small to tap: " + named(e)), ...texts.map((e) => "small to read: " + named(e)),
    ...(wide > 0 ? [wide + " px too wide"] : [])];
}"""


def become(page: Page, person: str) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name=person).click()


def faults(page: Page, path: str, target: float, text: float) -> list[str]:
    page.goto(path)
    return [f"{path}: {fault}" for fault in page.evaluate(MEASURE, {"target": target, "text": text})]


@pytest.mark.parametrize(("size", "target", "text"), [("std", 48, 13), ("large", 60, 18), ("xlarge", 60, 24)])
def test_on_a_phone_everything_can_be_tapped_and_read(
    demo_server: Server, new_phone: NEW_PHONE, size: str, target: float, text: float
) -> None:
    phone = new_phone(demo_server)
    phone.context.add_cookies([{"name": "linli_look", "value": f"{size}.light.zh", "url": demo_server.url}])
    page = phone.open("/")
    found = [fault for path in EVERYBODYS for fault in faults(page, path, target, text)]
    become(page, "钱桂英")
    assert found + [fault for path in HERS for fault in faults(page, path, target, text)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_the_narrowest_phone_with_text_twice_as_large_nothing_is_too_wide(
    demo_server: Server, new_phone: NEW_PHONE, language: str
) -> None:
    phone = new_phone(demo_server, viewport={"width": 320, "height": 640}, screen={"width": 320, "height": 640})
    phone.context.add_cookies([{"name": "linli_look", "value": f"std.light.{language}", "url": demo_server.url}])
    phone.context.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%'; })"
    )
    page = phone.open("/")
    found = [fault for path in EVERYBODYS for fault in faults(page, path, 0, 0)]
    become(page, "邵文静")
    assert found + [fault for path in (*HERS, *STAFFS) for fault in faults(page, path, 0, 0)] == []


def weight(phone: Phone, path: str) -> tuple[int, int]:
    """Open `path` with an empty cache; return bytes, headers counted, and requests."""
    finished: list[Request] = []
    phone.context.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108 - wraps functions only
    phone.open(path).wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in finished]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes), len(sizes)


def test_a_first_visit_is_light(demo_server: Server, new_phone: NEW_PHONE) -> None:
    desk = new_phone(demo_server).open("/")
    become(desk, "邵文静")
    desk.goto("/desk/posts")
    desk.get_by_role("link", name="晚潮苑充电棚").click()
    desk.get_by_role("link", name="打开第 1 版").click()
    code = desk.locator(".typed").inner_text().replace(" ", "")
    for path, ceiling in (("/", 14_000), ("/join", 14_000), (f"/p/{code}", 10_240)):
        size, requests = weight(new_phone(demo_server), path)
        assert requests == 3
        assert 4_000 < size <= ceiling, f"{path} weighs {size} bytes"
