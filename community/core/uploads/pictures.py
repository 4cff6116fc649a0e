"""Reading what a phone calls a picture, and writing it anew: what comes out is ours, pixel by pixel.

Nothing of the file itself is kept: no metadata (EXIF holds where and when), no second frame, no bytes behind the end
that another program could take for something else. Pure functions; the storage is elsewhere.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
from dataclasses import dataclass

from PIL import GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from community.core.errors import DomainError
from community.core.i18n import Text, _

MAX_BYTES = 8 * 1024 * 1024
# 8000 × 5000. Decoded it takes 160 MB, and one after the other: a small file may stand for a gigabyte of one colour.
MAX_PIXELS = 40_000_000
SIDE = 1600
THUMB = 320
# What phones and computers take pictures in; Pillow knows sixty more formats, whose readers nobody here needs.
FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    GifImagePlugin.GifImageFile.format,
)
_QUALITY = 80
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif")

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A picture as it will be kept: two JPEG files, the size of the larger one, and the sha256 of its bytes."""

    full: bytes
    thumb: bytes
    width: int
    height: int
    digest: str


class PictureRefused(DomainError):
    """What was sent is no picture that can be kept; `field` is the form's, so that the page can say it there."""

    def __init__(self, code: str, message: Text, next_step: Text, *, field: str = "photo") -> None:
        super().__init__(code, message, next_step=next_step, field=field)


def prepare(data: bytes) -> Picture:
    """Return `data`, whatever format it had, as a picture to keep: JPEG, upright, at most 1600 pixels a side.

    Raises PictureRefused for nothing, too many bytes, too many pixels (judged by the head, before anything is decoded),
    a format that is not in FORMATS, and a file that ends too early.
    """
    _must_be_worth_reading(data)
    with _one_at_a_time:
        small = _decoded(data)
        full = _jpeg(small)
        thumb = small.copy()
        thumb.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
        return Picture(full, _jpeg(thumb), small.width, small.height, hashlib.sha256(full).hexdigest())


def _must_be_worth_reading(data: bytes) -> None:
    if not data:
        raise PictureRefused("picture_missing", _("还没有选照片"), _("请拍一张，或从相册里选一张。"))
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES >> 20
        raise PictureRefused(
            "picture_heavy", _("照片太大了，最多 %(count)s MB", count=limit), _("请用手机的普通画质再拍一张。")
        )
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise PictureRefused(
            "picture_heic",
            _("这张照片是 HEIC 格式，多数浏览器打不开它"),
            _("请在手机“设置 → 相机 → 格式”里选“兼容性最佳”再拍，或发一张它的截屏。"),
        )


def _decoded(data: bytes) -> Image.Image:
    """Return the first frame of `data`, upright, on white, within SIDE, without anything but its pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > MAX_PIXELS:
                raise _too_many()
            # JPEG is decoded at a half, a quarter or an eighth where that is enough.
            found.draft("RGB", (SIDE, SIDE))
            found.load()
            return _plain(ImageOps.exif_transpose(found))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many() from None
    except PictureRefused:
        raise
    except (OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, MemoryError, struct.error) as error:
        raise PictureRefused(
            "picture_unreadable", _("这不是一张能打开的照片"), _("可能没有传完整。请重新拍一张，或换一张 JPG 照片。")
        ) from error


def _plain(found: Image.Image) -> Image.Image:
    clear = "A" in found.getbands() or "transparency" in found.info
    seen = found.convert("RGBA" if clear else "RGB")
    seen.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    on_white = Image.new("RGB", seen.size, "white")
    on_white.paste(seen, mask=seen.getchannel("A") if clear else None)
    return on_white


def _too_many() -> PictureRefused:
    return PictureRefused(
        "picture_large", _("照片的像素太多了，最多 4000 万"), _("请用手机的普通画质再拍一张，或发一张它的截屏。")
    )


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()
