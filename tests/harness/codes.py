"""Reading our own codes from pictures, as phones do: every decoder that is there must agree."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
import zxingcpp


def decode_all(png: bytes) -> str:
    """Return what zxing-cpp, OpenCV and zbarimg (when present) read; AssertionError when they differ."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    read = {
        "zxing-cpp": next((found.text for found in zxingcpp.read_barcodes(picture)), ""),
        "OpenCV": opencv(picture),
    }
    zbar = shutil.which("zbarimg")
    if zbar:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "code.png")
            path.write_bytes(png)
            read["zbarimg"] = subprocess.run(
                [zbar, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.strip()
    # OpenCV now and then finds nothing in a screenshot that the others read; what is read must be one and the same.
    texts = {text for name, text in read.items() if text or name != "OpenCV"}
    assert len(texts) == 1, f"the decoders differ: {read}"
    (text,) = texts
    assert text, "no decoder found a code"
    return text


def opencv(picture: np.ndarray) -> str:
    """OpenCV loses some codes at some sizes (checkin.md §2.1): a phone moves, so we step nearer and farther."""
    for share in (1.0, 0.5, 0.75, 0.35, 1.5):
        seen = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        text = cv2.QRCodeDetector().detectAndDecode(seen)[0]
        if text:
            return str(text)
    return ""
