"""The measures of pace find what is slow, and nothing on a page that answers at once."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.pace import Lab, lab

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><html lang="zh-CN"><head><title>岗点</title><link rel="stylesheet" href="/a.css"></head>
<body><main><h1>岗点</h1><form method="post" action="/gone"><button class="primary">打卡</button></form>
<details><summary>更多</summary><p>没有了</p></details></main><script>{script}</script></body></html>"""
SLOW = "document.querySelector('button').onclick = () => { const on = Date.now() + 300; while (Date.now() < on); };"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.css").write_text("h1 { color: green }\n" * 40)
    (tmp_path / "help").mkdir()
    (tmp_path / "help/index.html").write_text("<!doctype html><title>帮助</title><h1>帮助</h1>")
    (tmp_path / "quick.html").write_text(PAGE.format(script=""))
    (tmp_path / "slow.html").write_text(PAGE.format(script=SLOW))
    return tmp_path


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder as a site whose stylesheets are kept for ever."""

    def log_message(self, *_told: Any) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        """Let stylesheets be kept, and pages not."""
        self.send_header("Cache-Control", "max-age=600, immutable" if self.path.endswith(".css") else "no-store")
        super().end_headers()


@pytest.fixture
def hers(browser: Any, folder: Path) -> Iterator[Lab]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with lab(browser, f"http://127.0.0.1:{server.server_port}") as opened:
        yield opened
    server.shutdown()
    server.server_close()


def test_a_second_visit_counts_what_the_network_brought_and_not_what_the_phone_had(hers: Lab) -> None:
    came = hers.again("/quick.html")
    assert [url.rpartition("/")[2] for url in came.came] == ["quick.html"]
    assert came.requests == 1
    assert len(PAGE) < came.weight < len(PAGE) + 600


def test_a_first_sight_on_a_hard_network_takes_its_round_trips(hers: Lab) -> None:
    assert 400 < hers.first_sight("/quick.html") < 10_000


def test_a_tap_that_keeps_the_phone_busy_is_found_and_leaves_the_page_standing(hers: Lab) -> None:
    assert hers.slowest_tap("/slow.html") >= 300
    assert hers.page.url.endswith("/slow.html")


def test_a_tap_that_is_answered_at_once_takes_no_such_time(hers: Lab) -> None:
    assert hers.slowest_tap("/quick.html") < 300
