"""Reading what somebody calls a paper: a PDF that only shows pages. Nothing here opens, draws or runs it.

A PDF may carry programs, other files and forms that send themselves away. Whoever downloads one trusts the office it
came from, so such a file is not taken at all. Pure functions; the storage is elsewhere.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass

from community.core.errors import DomainError
from community.core.i18n import Text, _
from community.core.uploads.pictures import MAX_BYTES

_HEAD = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)[\r\n \t]")
# What a page needs none of: programs, started programs, files inside, films, forms that send, and locks.
# Names of what acts by itself. The long ones are looked for in all that is packed; the short ones stand in packed
# pictures by chance, and do nothing without a long one.
_LONG = b"JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|Rendition"
_ACTIVE_PACKED = re.compile(rb"/(?:" + _LONG + rb")(?![A-Za-z0-9])")
_ACTIVE = re.compile(rb"/(?:" + _LONG + rb"|JS|XFA|GoToE|Movie|3D)(?![A-Za-z0-9])")
_LOCKED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
# A name may be spelled with the numbers of its letters: /J#61vaScript.
_SPELLED = re.compile(rb"#([0-9A-Fa-f]{2})")
# Where a stream begins. Where it ends its packing says, not the file; a photograph ends where no object can be in it.
_BEGINS = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_PHOTO = re.compile(rb"/(?:DCT|JPX|CCITTFax|JBIG2)Decode(?![A-Za-z0-9])")
_OBJECT = re.compile(rb"\d\s+\d+\s+obj|stream[\r\n]")
# The words of a paper stand in compressed streams too; so much of them is looked at, one by one and in all.
_MOST_WORDS = 64 * 1024 * 1024
_LONGEST_ABOUT = _PIECE = 64 * 1024
# A stream of objects says how many, and where the first begins; packed in another way than by Flate alone it is hidden.
_OBJECTS = re.compile(rb"/First(?![A-Za-z0-9])")
_HIDDEN = re.compile(
    rb"/(?:Predictor|LZWDecode|ASCIIHexDecode|ASCII85Decode|RunLengthDecode|LZW|AHx|A85|RL|Crypt)(?![A-Za-z0-9])"
)


@dataclass(frozen=True)
class Paper:
    """A PDF as it will be kept, and the sha256 of its bytes."""

    data: bytes
    digest: str


class PaperRefused(DomainError):
    """What was sent is no paper that can be kept; `field` is the form's, so that the page can say it there."""

    def __init__(self, code: str, message: Text, next_step: Text, *, field: str = "photo") -> None:
        super().__init__(code, message, next_step=next_step, field=field)


def is_paper(data: bytes) -> bool:
    """Say whether `data` begins as a PDF does."""
    return data.startswith(b"%PDF-")


def prepare(data: bytes) -> Paper:
    """Return `data` as a paper to keep, byte by byte as it came.

    Raises PaperRefused for what is no whole PDF, too many bytes, a lock, and anything that could act by itself.
    """
    if len(data) > MAX_BYTES:
        raise PaperRefused(
            "paper_heavy",
            _("文件太大了，最多 %(count)s MB", count=MAX_BYTES >> 20),
            _("请只留盖章的那几页，或拍张照片。"),
        )
    # Whole, and nothing behind the end that another program could take for something else.
    if not _HEAD.match(data) or b"startxref" not in data or not data.rstrip(b"\r\n\t \0").endswith(b"%%EOF"):
        raise PaperRefused("paper_unreadable", _("这不是一份完整的 PDF"), _("请重新导出一份，或拍张照片。"))
    plain, packed = _taken_apart(data)
    if _LOCKED.search(plain):
        raise PaperRefused("paper_locked", _("这份 PDF 加了密码"), _("请导出一份不加密的，大家才能看。"))
    if _ACTIVE.search(plain) or any(_ACTIVE_PACKED.search(words) for words in packed):
        raise PaperRefused(
            "paper_active", _("这份 PDF 里带着程序或别的文件，不能收"), _("请用“打印成 PDF”另存一份，或拍张照片。")
        )
    return Paper(data, hashlib.sha256(data).hexdigest())


def _taken_apart(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return what is not packed in a file, photographs left out, and what its packed streams hold, names spelled out.

    Raises PaperRefused for a stream of objects that is packed in another way than by Flate alone, and for more words
    than are looked through.
    """
    plain, packed, left, seen = [], [], _MOST_WORDS, 0
    for begins in _BEGINS.finditer(data):
        start = begins.end()
        about = _spelled_out(data[max(data.rfind(b"obj", 0, start), start - _LONGEST_ABOUT, 0) : start])
        words, end = _inflated(data, start, left)
        if _OBJECTS.search(about) and (_HIDDEN.search(about) or (words is None and b"/Filter" in about)):
            raise _unreadable()
        if words is not None:
            left -= len(words)
            packed.append(_spelled_out(words))
        elif _PHOTO.search(about):
            end = data.find(b"endstream", start)
            if end < 0 or _OBJECT.search(data, start, end):
                continue
        if end > start >= seen:
            plain.append(data[seen:start])
            seen = end
    plain.append(data[seen:])
    return _spelled_out(b" ".join(plain)), packed


def _inflated(data: bytes, start: int, most: int) -> tuple[bytes | None, int]:
    """Return what is packed from `start` on and where that ends; None where nothing is packed."""
    opener, words, at = zlib.decompressobj(), bytearray(), start
    while at < len(data) and not opener.eof:
        try:
            words += opener.decompress(data[at : at + _PIECE], max(most - len(words), 1))
        except zlib.error:  # a reader that forgives shows what came before
            break
        if opener.unconsumed_tail:
            raise _unreadable()
        at += _PIECE
    end = min(at, len(data)) - len(opener.unused_data) if opener.eof else start
    return (bytes(words), end) if words else (None, start)


def _unreadable() -> PaperRefused:
    return PaperRefused("paper_strange", _("这份 PDF 读不懂"), _("请用“打印成 PDF”另存一份，或拍张照片。"))


def _spelled_out(words: bytes) -> bytes:
    return _SPELLED.sub(lambda found: bytes([int(found[1], 16)]), words)
