"""Make the README's pictures (docs/img) from the demo district, the same ones each time.

    python tools/screenshots.py            # make screenshots

The district is loaded for one fixed evening, so that names, figures and times in the pictures do not change from day to
day; only what the program shows differently does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask_migrate import upgrade
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from community.core import clock  # noqa: E402 - after the checkout is on the path
from community.core.config import Settings  # noqa: E402
from community.demo import cli as demo  # noqa: E402
from community.factory import create_app  # noqa: E402
from tests.harness.browser import PHONE, chromium, find_chromium  # noqa: E402
from tests.harness.server import free_port  # noqa: E402

PICTURES = ROOT / "docs" / "img"
DESK = {"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
# A Monday evening in Shanghai.
EVENING = "2026-11-23T11:20:00Z"


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, the links she follows from there, and how her page looks."""

    name: str
    path: str
    person: str = ""
    follow: tuple[str, ...] = ()
    look: str = "std.light.zh"
    desk: bool = False


SHOTS = (
    Shot("home", "/"),
    Shot("today", "/", "钱桂英"),
    Shot("receipt", "/checkins", "钱桂英", ("main a.row >> nth=1",)),
    Shot("points", "/points", "钱桂英"),
    Shot("large", "/", "钱桂英", look="large.light.zh"),
    Shot("dark", "/", "钱桂英", look="std.dark.zh"),
    Shot("english", "/", look="std.light.en"),
    Shot("desk", "/desk", "邵文静", desk=True),
    Shot("scanner", "/scan", "钱桂英"),
    Shot(
        "poster",
        "/desk/posts",
        "邵文静",
        ("main td a[href^='/desk/posts/'] >> nth=0", "main a[href$='/poster'] >> nth=0"),
        desk=True,
    ),
    Shot("kiosk", "/kiosk/990100001001?panel=days", desk=True),
)


def take(browser: Any, base: str, shot: Shot, folder: Path) -> Path:
    """Write one picture and return its path."""
    screen = DESK if shot.desk else {**PHONE, "viewport": {"width": 390, "height": 844}}
    context = browser.new_context(base_url=base, **screen)
    page = context.new_page()
    if shot.person:
        page.goto("/sign-in")
        page.locator("button[name=person]").filter(has_text=shot.person).click()
        page.wait_for_load_state("networkidle")
    context.add_cookies([{"name": "linli_look", "value": shot.look, "url": base}])
    page.goto(shot.path)
    for link in shot.follow:
        page.locator(link).first.click()
        page.wait_for_load_state("networkidle")
    file = folder / f"{shot.name}.png"
    page.screenshot(path=file, animations="disabled", scale="css")
    context.close()
    return file


@contextmanager
def still_evening(scratch: Path) -> Iterator[str]:
    """The address of the demo district on that evening, where the clock stands still."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    os.environ.update(INSTANCE_DIR=str(scratch / "instance"), PUBLIC_URL=url, PORT=str(port))
    with clock.frozen(EVENING):
        app = create_app(Settings.from_env("demo"))
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            demo.load_with_bar()
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield url
        finally:
            server.shutdown()


@click.command()
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=PICTURES, show_default=True)
def main(into: Path) -> None:
    """Make every picture."""
    path = find_chromium()
    if path is None:
        raise click.ClickException("no Chromium found: install one, or set CHROMIUM=/path")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, still_evening(Path(scratch)) as url, chromium(path) as browser:
        for shot in SHOTS:
            click.echo(take(browser, url, shot, into))


if __name__ == "__main__":
    main()
