"""Pictures of the demo's rewards: drawn, because no such shop exists."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

WIDE, HIGH = 960, 720
_TABLE, _SHADE, _INK, _WHITE = "#d9c7a6", "#b9a37c", "#3b3a36", "#fffdf8"
_BACK = {"paste": "#dfe9ee", "towel": "#efe3d3", "rice": "#e3e7d5", "meal": "#f3e2d5", "helmet": "#dfe5ea"}


def reward(key: str) -> bytes | None:
    """Return the JPEG of a reward on a table, always the same one; None for what has no shape."""
    draw = _SHAPES.get(key)
    if draw is None:
        return None
    picture = Image.new("RGB", (WIDE, HIGH), _BACK.get(key, "#e8e2d6"))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 520, WIDE, HIGH), fill=_TABLE)
    pen.rectangle((0, 520, WIDE, 532), fill=_SHADE)
    shadow = Image.new("L", (WIDE, HIGH), 0)
    ImageDraw.Draw(shadow).ellipse((230, 560, 760, 640), fill=110)
    picture.paste("#8a7755", mask=shadow.filter(ImageFilter.GaussianBlur(22)))
    draw(pen)
    out = io.BytesIO()
    picture.filter(ImageFilter.SMOOTH).save(out, "JPEG", quality=88)
    return out.getvalue()


def _paste(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((220, 430, 640, 560), 26, fill=_WHITE, outline="#c9d3d8", width=4)
    pen.polygon([(640, 440), (700, 470), (700, 520), (640, 552)], fill="#e9eef0")
    pen.rounded_rectangle((700, 462, 770, 530), 10, fill="#2f7f8f")
    pen.rectangle((220, 470, 560, 520), fill="#2f7f8f")
    pen.rectangle((250, 485, 430, 503), fill=_WHITE)
    pen.rounded_rectangle((250, 575, 760, 600), 12, fill="#e98f5b")
    pen.rectangle((640, 548, 752, 578), fill=_WHITE)


def _towel(pen: ImageDraw.ImageDraw) -> None:
    for number, colour in enumerate(("#c8654f", "#e9dcc6", "#7fa08f")):
        top = 500 - number * 74
        pen.rounded_rectangle((250, top, 710, top + 88), 34, fill=colour, outline="#8d7f6a", width=3)
        pen.arc((620, top + 6, 706, top + 82), -80, 80, fill="#fff6e8", width=5)
        pen.rectangle((330, top + 30, 352, top + 60), fill="#ffffff")
        pen.rectangle((372, top + 30, 382, top + 60), fill="#ffffff")


def _rice(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon([(310, 250), (650, 250), (700, 590), (260, 590)], fill="#f2ead7", outline="#cdbd95")
    pen.polygon([(330, 170), (630, 170), (600, 250), (360, 250)], fill="#e4d8bb")
    pen.rectangle((352, 232, 608, 256), fill="#b6552f")
    pen.ellipse((380, 330, 580, 520), fill="#b6552f")
    for turn in (-44, -22, 0, 22, 44):
        pen.line((480, 480, 480 + turn, 372), fill=_WHITE, width=6)
        pen.ellipse((468 + turn, 352, 492 + turn, 388), fill="#f4d35e")


def _meal(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((190, 400, 770, 600), 60, fill="#dfe3e2", outline="#b9c0be", width=5)
    pen.ellipse((225, 425, 445, 565), fill=_WHITE)
    pen.ellipse((262, 430, 408, 520), fill="#fffaf0")
    pen.rounded_rectangle((470, 425, 735, 490), 18, fill="#7a9a4a")
    for number in range(5):
        pen.ellipse((486 + number * 48, 436, 522 + number * 48, 478), fill="#94b45c")
    pen.rounded_rectangle((470, 505, 735, 570), 18, fill="#b0693c")
    pen.ellipse((500, 512, 560, 562), fill="#f6c667")
    pen.line((800, 330, 690, 610), fill="#8c5a33", width=12)
    pen.line((840, 340, 730, 615), fill="#8c5a33", width=12)


def _helmet(pen: ImageDraw.ImageDraw) -> None:
    pen.pieslice((270, 220, 700, 660), 180, 360, fill="#e0a526")
    pen.rounded_rectangle((230, 430, 760, 474), 22, fill="#b9801a")
    for left in (380, 470, 560):
        pen.rounded_rectangle((left, 268, left + 34, 400), 16, fill="#b9801a")
    pen.line((330, 470, 420, 590), fill=_INK, width=12)
    pen.line((640, 470, 550, 590), fill=_INK, width=12)
    pen.rounded_rectangle((410, 575, 560, 605), 12, fill=_INK)


def _umbrella(pen: ImageDraw.ImageDraw) -> None:
    pen.pieslice((200, 170, 760, 690), 180, 360, fill="#2f6f5e")
    for left in (200, 387, 574):
        pen.pieslice((left, 380, left + 187, 480), 180, 360, fill="#e8e2d6")
    pen.line((480, 180, 480, 590), fill=_INK, width=12)
    pen.arc((480, 550, 560, 630), 0, 180, fill=_INK, width=12)
    pen.line((480, 150, 480, 190), fill=_INK, width=10)


_SHAPES: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "paste": _paste,
    "towel": _towel,
    "rice": _rice,
    "meal": _meal,
    "helmet": _helmet,
    "umbrella": _umbrella,
}
