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
        "OpenCV": cv2.QRCodeDetector().detectAndDecode(picture)[0],
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
    texts = set(read.values())
    assert len(texts) == 1, f"the decoders differ: {read}"
    (text,) = texts
    assert text, "no decoder found a code"
    return text
