"""Photos that show the demo's signs where they hang: drawn, because the district does not exist."""

from __future__ import annotations

import datetime as dt
import io
import random

from PIL import Image, ImageDraw, ImageFilter

from community.core import uploads
from community.core.authz import Actor
from community.core.config import settings
from community.demo.loading import Loaded
from community.places import backfill as places, qr

WIDE, HIGH = 960, 720
# A few signs are still waiting for somebody to pass by with a phone.
MOST = 12
_WALLS = (("#c9b79c", "#b8a384"), ("#b5675a", "#a3564a"), ("#d8d3c7", "#c3bcae"), ("#9fb0a6", "#8b9c92"))


def load_pictures(actor: Actor, loaded: Loaded) -> int:
    """Let the grid worker say of the first signs that they hang, the day after they were printed; return how many."""
    by = loaded.members[loaded.population.by_key("grid_worker").number]
    plans = [plan for plan in loaded.district.posts if not plan.paused_because][:MOST]
    hung = []
    for number, plan in enumerate(plans):
        kept = uploads.keep(actor, "sign", uploads.prepare(photo(number)))
        hung.append(places.HungSign(loaded.posts[plan.name].print_id, by, loaded_at(loaded, number), kept.id))
    places.hang_signs(actor, hung)
    return len(hung)


def loaded_at(loaded: Loaded, number: int) -> dt.datetime:
    """Return when the sign `number` was put up: the first morning, one after the other."""
    morning = dt.datetime.combine(loaded.first_day, dt.time(1, 10), dt.UTC)
    return morning + dt.timedelta(minutes=17 * number)


def photo(number: int) -> bytes:
    """Return the JPEG of a sign on a wall, always the same one for a number."""
    chance = random.Random(number)  # noqa: S311 - scenery
    picture = _wall(chance, *_WALLS[number % len(_WALLS)])
    left, top = chance.randint(290, 370), chance.randint(90, 150)
    _sign(picture, left, top)
    turned = picture.rotate(chance.uniform(-2.5, 2.5), Image.Resampling.BICUBIC, fillcolor=_WALLS[number % 4][0])
    out = io.BytesIO()
    # Without the corners that turning left empty.
    turned.crop((36, 28, WIDE - 36, HIGH - 28)).filter(ImageFilter.GaussianBlur(0.6)).save(out, "JPEG", quality=88)
    return out.getvalue()


def _wall(chance: random.Random, light: str, dark: str) -> Image.Image:
    picture = Image.new("RGB", (WIDE, HIGH), light)
    pen = ImageDraw.Draw(picture)
    for row, y in enumerate(range(0, HIGH, 36)):
        for x in range(-96 + 48 * (row % 2), WIDE, 96):
            shade = chance.random()
            pen.rectangle((x + 2, y + 2, x + 93, y + 33), fill=dark if shade < 0.18 else light, outline=dark)
    pen.rectangle((0, HIGH - 70, WIDE, HIGH), fill="#7d7a72")
    return picture


def _sign(picture: Image.Image, left: int, top: int) -> None:
    pen = ImageDraw.Draw(picture)
    pen.rectangle((left + 10, top + 12, left + 330, top + 462), fill="#6b6456")
    pen.rectangle((left, top, left + 320, top + 450), fill="#fffdf9")
    pen.rectangle((left, top, left + 320, top + 62), fill="#0d5540")
    for x in range(left, left + 320, 20):
        pen.ellipse((x, top + 52, x + 20, top + 72), fill="#0d5540")
    squares = qr.modules(f"{settings().public_url}/p")
    size = 232 // len(squares)
    edge = left + (320 - size * len(squares)) // 2
    for y, row in enumerate(squares):
        for x, is_dark in enumerate(row):
            if is_dark:
                at = edge + x * size, top + 108 + y * size
                pen.rectangle((*at, at[0] + size - 1, at[1] + size - 1), fill="black")
    for width, y in ((190, 372), (240, 398), (150, 424)):
        box = left + 160 - width // 2, top + y, left + 160 + width // 2, top + y + 11
        pen.rounded_rectangle(box, 5, fill="#c9c2b4")


def paper() -> bytes:
    """Return the JPEG of a resolution on paper: lines of writing and a seal, no word of it to be read."""
    picture = Image.new("RGB", (900, 1200), "#c9bda8")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((60, 50, 850, 1160), fill="#fdfcf7")
    pen.rectangle((250, 130, 660, 165), fill="#a3392f")
    for row, end in enumerate((750, 760, 745, 752, 430, 748, 756, 742, 610)):
        pen.rectangle((150, 260 + 62 * row, end, 276 + 62 * row), fill="#6d6a63")
    pen.ellipse((520, 860, 740, 1080), outline="#c0392b", width=9)
    pen.polygon([(630, 915), (648, 985), (600, 940), (660, 940), (612, 985)], fill="#c0392b")
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(0.6)).save(out, "JPEG", quality=85)
    return out.getvalue()
