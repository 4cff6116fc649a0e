"""The measuring instruments find what is planted, and nothing on a page that is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import tour
from tests.harness.measure import Bench, Reading

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><html lang="zh-CN" data-surface="phone" data-size="std" data-theme="light"><head>
<title>岗点</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font-size:17px}}a,button{{display:inline-block;min-width:80px;min-height:80px}}
[data-size=large] body{{font-size:23px}}[data-size=xlarge] body{{font-size:30px}}{css}</style></head>
<body><main><h1>岗点</h1>{body}</main></body></html>"""


@pytest.fixture
def bench(browser: Any) -> Iterator[Bench]:
    opened = Bench(browser, "http://127.0.0.1")
    yield opened
    opened.close()


def judged(bench: Bench, body: str, css: str = "") -> list[str]:
    bench.page.set_content(PAGE.format(body=body, css=css))
    read = Reading("/", "")
    bench.judge(read)
    return read.faults


def test_a_page_that_is_right_has_no_faults(bench: Bench) -> None:
    assert judged(bench, '<p>晚潮苑南门岗</p><a href="/">打卡</a>') == []


@pytest.mark.parametrize(
    ("told", "body", "css"),
    [
        ("[light zh] axe color-contrast", "<p class=x>太浅的字</p>", ".x{color:#bbb}"),
        ("[dark] axe color-contrast", "<p class=x>太浅的字</p>", "[data-theme=dark] .x{color:#ccc}"),
        ("[contrast] axe color-contrast", "<p class=x>太浅的字</p>", "[data-theme=contrast] .x{color:#ccc}"),
        ("[light zh] axe label", "<input name=q>", ""),
        ("[opened] axe label", "<details><summary>开</summary><input name=q></details>", "summary{min-height:80px}"),
        (
            "[std] small to tap (30 × 30)",
            "<button class=x>点</button>",
            ".x.x{width:30px;height:30px;min-width:0;min-height:0}",
        ),
        ("[std] small to read", "<p class=x>小</p>", ".x{font-size:12px}"),
        ("[large] small to read", "<p class=x>小</p>", ".x{font-size:17px}"),
        (
            "[std] 2.0 px between <button class=",
            "<button class=x>点</button><button>也点</button>",
            "main{display:flex;flex-wrap:wrap}h1{width:100%}.x{margin-right:2px}",
        ),
        ("[320 px at 200 %] ", "<p class=x>宽</p>", ".x{width:400px}"),
        (
            '[std] focus hidden under <div class="bar">',
            "<a href='/' class=low>低</a><div class=bar>栏</div>",
            ".low{position:absolute;bottom:0}.bar{position:fixed;bottom:0;left:0;right:0;height:300px;background:#fff}",
        ),
    ],
)
def test_planted_faults_are_found(bench: Bench, told: str, body: str, css: str) -> None:
    found = judged(bench, body, css)
    assert [fault for fault in found if fault.startswith(told)], found


LISTED = """/  GET  public: the front door
/join/<any(patrol, captains):kind>  GET  public: x
/join/<id:team_id>  GET  public: x
/join/<id:team_id>  POST  public: x
/static/<path:filename>  GET  public: x
"""


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", "/"),
        ("/join/captains", "/join/<any(patrol, captains):kind>"),
        ("/join/77", "/join/<id:team_id>"),
        ("/static/css/x.css", "/static/<path:filename>"),
        ("/join/77/no", None),
    ],
)
def test_an_address_finds_its_route(path: str, pattern: str | None) -> None:
    found = next((route for route in tour.routes(LISTED) if route.regex.fullmatch(path)), None)
    assert (found.pattern if found else None) == pattern


def test_what_a_page_asks_for_late_is_weighed_and_a_photograph_that_was_unfolded_is_not(bench: Bench) -> None:
    body = (
        '<a href="/">打卡</a><details><summary>看照片</summary><img loading="lazy" src="/one.png" alt="岗"></details>'
        "<script>setTimeout(() => fetch('/late.txt'), 20)</script>"
    )
    page = PAGE.format(body=body, css="summary{min-height:80px}")
    asked = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(body=page if route.request.url.endswith("/page") else "x" * 500, content_type="text/html")

    bench.context.route("**/*", answer)
    read = bench.measure("/page")
    assert [url.rpartition("/")[2] for url in asked] == ["page", "late.txt", "one.png"]
    assert read.requests == 2
