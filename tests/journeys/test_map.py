"""The desk's posts on a map that the deployment chose: nothing of it is loaded, and nobody asked, before the tap."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.harness.browser import Phone
from tests.harness.server import Server
from tests.journeys.test_volunteer import become

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1280, "height": 900}, "is_mobile": False}


@pytest.fixture
def tiles() -> Iterator[tuple[str, list[str]]]:
    """A map server of this machine: its address, and what was asked of it."""
    asked: list[str] = []
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "#cfe3d4").save(out, "PNG")

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(out.getvalue())

        def log_message(self, *_what: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_map(
    _demo_instance: Path,
    tmp_path: Path,
    start_server: Callable[..., Server],
    new_phone: Callable[..., Phone],
    tiles: tuple[str, list[str]],
) -> Callable[..., tuple[Phone, Any]]:
    """Open the map page of the demo district as a village's admin, with the tile server configured or without."""

    def open_page(*, configured: bool, **context: Any) -> tuple[Phone, Any]:
        folder = tmp_path / "map"
        shutil.copytree(_demo_instance, folder)
        settings = {
            "MAP_TILE_URL": f"{tiles[0]}/{{z}}/{{x}}/{{y}}.png?tk={{key}}",
            "MAP_KEY": "our-key",
            "MAP_ATTRIBUTION": "© 示例地图",
            "MAP_APPROVAL": "GS(2026)0001号",
        }
        server = start_server(instance=folder, **(settings if configured else {}))
        desk = new_phone(server, **DESK, **context)
        desk.allowed.append(tiles[0])
        page = desk.open("/")
        become(page, "村社管理员")
        page.goto("/desk/posts")
        page.get_by_role("link", name="看岗点图").click()
        return desk, page

    return open_page


def test_the_map_loads_after_the_tap_and_says_whose_it_is(
    open_map: Callable[..., tuple[Phone, Any]], tiles: tuple[str, list[str]]
) -> None:
    _desk, page = open_map(configured=True)
    drawn = page.locator("[data-plan] svg a")
    expect(drawn.first).to_be_visible()
    posts = drawn.count()
    assert posts > 1
    assert not tiles[1]
    expect(page.get_by_role("main")).to_contain_text("GS(2026)0001号")
    page.get_by_role("button", name="显示地图").click()
    shown = page.get_by_role("region", name="地图")
    expect(shown).to_contain_text("© 示例地图 · GS(2026)0001号")
    expect(shown.locator("path.leaflet-interactive")).to_have_count(posts)
    expect(shown.locator("img.leaflet-tile-loaded").first).to_be_attached()
    assert all("tk=our-key" in path for path in tiles[1])
    expect(page.get_by_role("table")).to_be_visible()  # the same in words
    shown.locator("path.leaflet-interactive").first.click(force=True)
    page.wait_for_url("**/desk/posts/*")


def test_without_a_map_the_posts_are_drawn_and_nobody_is_asked(
    open_map: Callable[..., tuple[Phone, Any]], tiles: tuple[str, list[str]]
) -> None:
    _desk, page = open_map(configured=False)
    expect(page.get_by_role("button", name="显示地图")).to_have_count(0)
    page.locator("[data-plan] svg a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/posts/*")
    assert not tiles[1]


def test_without_javascript_the_drawing_is_enough(
    open_map: Callable[..., tuple[Phone, Any]], tiles: tuple[str, list[str]]
) -> None:
    _desk, page = open_map(configured=True, java_script_enabled=False)
    expect(page.get_by_role("button", name="显示地图")).to_be_hidden()
    page.get_by_role("table").get_by_role("link").first.click()
    page.wait_for_url("**/desk/posts/*")
    assert not tiles[1]
