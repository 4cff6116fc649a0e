"""The codes we print, read back by two decoders that share nothing with the encoder."""

import cv2
import numpy as np
import pytest
import zxingcpp
from markupsafe import Markup

from community.core.keys import SigningKey
from community.places import qr
from community.places.codes import sign

HOST = "linli.xiaoshan.gov.c"  # 20 characters
URL = f"https://{HOST}/p/{sign(SigningKey('a', b'any key'), HOST, '7k3m9qxw', 2)}"


def picture(text: str, pixels: int = 8) -> np.ndarray:
    squares = np.array(qr.modules(text), dtype=np.uint8)
    return np.kron(np.where(squares, 0, 255).astype(np.uint8), np.ones((pixels, pixels), dtype=np.uint8))


def test_an_address_on_a_host_of_twenty_characters_fits_version_5() -> None:
    assert len(HOST) == 20
    assert qr.version(URL) == 5
    assert qr.version(URL.replace(".2a.", ".99a.")) == 5
    assert len(qr.modules(URL)) == 37 + 2 * qr.QUIET_ZONE


def test_the_quiet_zone_is_white() -> None:
    squares = np.array(qr.modules(URL))
    frame = squares.copy()
    frame[4:-4, 4:-4] = False
    assert not frame.any()
    assert squares[4, 4:11].all()  # the finder begins right behind it


def test_two_decoders_read_it() -> None:
    image = picture(URL)
    read = zxingcpp.read_barcodes(image)
    assert [code.text for code in read] == [URL]
    assert read[0].ec_level == "Q"
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == URL


def test_the_svg_is_one_path_that_draws_exactly_the_squares() -> None:
    markup = qr.svg(URL, "二维码")
    assert markup.count("<path") == 1
    drawn = np.zeros((45, 45), dtype=bool)
    x = y = 0
    for run in markup.split(' d="')[1].split('"')[0].strip("m").split("m"):
        step, _, drawing = run.partition("v1h")
        length, _, back = drawing.partition("v")
        assert back == "-1"
        x, y = (at + int(by) for at, by in zip((x, y), step.split(), strict=True))
        drawn[y, x : x + int(length)] = True
        x += int(length)
    assert (drawn == np.array(qr.modules(URL))).all()
    assert 'viewBox="0 0 45 45"' in markup


def test_the_label_cannot_break_out() -> None:
    markup = qr.svg("x", '"><script>alert(1)</script>')
    assert isinstance(markup, Markup)
    assert "<script" not in markup


@pytest.mark.parametrize("text", ["1234567890", "HTTPS://LINLI.TEST/P/X", "https://例子.cn/p/x"])
def test_any_text_reads_back(text: str) -> None:
    assert zxingcpp.read_barcodes(picture(text))[0].text == text
