"""The watched phone reports what scripts and foreign addresses do wrong; servers start from a clean environment."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.browser import Phone, find_chromium
from tests.harness.server import clean_environment

pytestmark = pytest.mark.browser

PAGES = {
    "/good": "<script>document.title = 'ok'</script>",
    "/error": "<script>throw new Error('planted')</script>",
    "/foreign": '<img src="http://cdn.example/x.png">',
    "/console": "<script>console.error('planted')</script>",
}


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"<!doctype html><title>x</title>{PAGES.get(self.path, '')}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """A little server with one page for each fault."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_good_page_has_no_faults(browser: Any, address: str) -> None:
    phone = Phone(browser, address)
    assert phone.open("/good").title() == "ok"
    phone.close()


@pytest.mark.parametrize(
    ("page", "fault"), [("/error", "planted"), ("/foreign", "cdn.example"), ("/console", "console error: planted")]
)
def test_a_planted_fault_is_reported(browser: Any, address: str, page: str, fault: str) -> None:
    phone = Phone(browser, address)
    phone.open(page).wait_for_timeout(200)
    with pytest.raises(AssertionError, match=fault):
        phone.close()


def test_without_a_script_pages_stay_as_sent(browser: Any, address: str) -> None:
    phone = Phone(browser, address, java_script_enabled=False)
    assert phone.open("/good").title() == "x"
    phone.close()


def test_the_browser_is_the_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/named/browser")
    assert find_chromium() == "/named/browser"
    monkeypatch.delenv("CHROMIUM")
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_chromium() is None


def test_a_server_does_not_inherit_somebody_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://precious")
    monkeypatch.setenv("SECRET_KEY", "precious")
    assert "precious" not in str(clean_environment(PORT="1"))
