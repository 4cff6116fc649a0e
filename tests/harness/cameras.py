"""Cameras that show what a test wants: a short film that Chromium plays as if a phone looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser

from tests.harness.browser import FLAGS

WIDTH, HEIGHT, FRAMES = 1280, 720, 6


def film(png: bytes, path: Path) -> Path:
    """Write a y4m film of `png` held before a camera, a hand's width of wall around it, and return its path."""
    paper = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    share = min((WIDTH - 60) / paper.shape[1], (HEIGHT - 20) / paper.shape[0])
    paper = cv2.resize(paper, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            wall = np.full((HEIGHT, WIDTH, 3), (150, 165, 170), np.uint8)
            top, left = (HEIGHT - paper.shape[0]) // 2, (WIDTH - paper.shape[1]) // 2 + number  # hands tremble
            wall[top : top + paper.shape[0], left : left + paper.shape[1]] = paper
            out.write(b"FRAME\n" + cv2.cvtColor(wall, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


@contextmanager
def looking_at(browser: Browser, path: str, shown: Path | None, *, allowed: bool = True) -> Iterator[Browser]:
    """Run another browser of the same kind at `path` whose camera shows the film `shown` (None: it has no camera);
    `allowed` is what its person answers when a page asks for it."""
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={shown}"] if shown else []
    flags.append("--use-fake-ui-for-media-stream" if allowed else "--deny-permission-prompts")
    camera = browser.browser_type.launch(executable_path=path, args=[*FLAGS, *flags], headless=True)
    try:
        yield camera
    finally:
        camera.close()
