"""Files that somebody sends with a form: read before the transaction, which others wait for.

A view takes them with `@sent.takes_pictures`, and reads them in the `first` of its `@command` once that has asked who
may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request

from community.core.errors import DomainError
from community.core.i18n import plain
from community.core.uploads import MAX_BYTES, Paper, PaperRefused, Picture, PictureRefused, papers, prepare
from community.core.web import security

V = TypeVar("V", bound=Callable[..., Any])

FIELD = "photo"
# The form around a file.
_FORM = 64 * 1024


def takes(most_bytes: int) -> Callable[[V], V]:
    """Mark a view whose form brings a file of so many bytes at most."""
    return security.takes_files(most_bytes + _FORM)


def takes_pictures(view: V) -> V:
    """Mark a view whose form brings a picture or a paper."""
    return takes(MAX_BYTES)(view)


def data(name: str = FIELD, most_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of the file that was sent as `name`, one more than allowed at most; b"" when there is none.

    The file is left as it was: the command's key is made of it afterwards.
    """
    file = request.files.get(name)
    if file is None:
        return b""
    try:
        read: bytes = file.read(most_bytes + 1)
    finally:
        file.seek(0)
    return read


def picture() -> Picture | PictureRefused:
    """Return the picture that was sent, decoded, or why it is none; nothing sent is no picture."""
    try:
        return prepare(data())
    except PictureRefused as refused:
        return refused


def picture_or_paper() -> Picture | Paper | PictureRefused | PaperRefused | None:
    """Return the picture or the PDF that was sent, or why it is neither; None when nothing was sent."""
    file = request.files.get(FIELD)
    if file is None or not file.filename:
        return None
    brought = data()
    try:
        return papers.prepare(brought) if papers.is_paper(brought) else prepare(brought)
    except (PictureRefused, PaperRefused) as refused:
        return refused


def why(refused: DomainError) -> str:
    """Return a refusal as one line of text at its field: what is wrong, and what to do."""
    return " ".join(plain(part) for part in (refused.message, refused.next_step) if part)
