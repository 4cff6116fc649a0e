"""The form token as pages show it: masked anew in each answer (DESIGN §4 "Pages on the wire").

Flask-WTF's token of a session stays the same for as long as the session, so that the size of many compressed answers
could tell it letter by letter (BREACH). Under a random mask no two answers share it.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from flask import g
from flask_wtf.csrf import generate_csrf

_MARK = "~"
_MASK_BYTES = 8


def shown() -> str:
    """Return this session's token under this answer's mask; the same for every form of the page."""
    token = str(generate_csrf())
    known = g.get("masked_token")
    if known is None or known[0] != token:
        mask = secrets.token_bytes(_MASK_BYTES)
        g.masked_token = known = (token, _MARK + base64.urlsafe_b64encode(mask + _mixed(token.encode(), mask)).decode())
    return str(known[1])


def bare(text: str | None) -> str | None:
    """Return the token that `text` shows, or `text` itself when it is no masked token; hostile input never raises."""
    if not text or not text.startswith(_MARK):
        return text
    try:
        raw = base64.urlsafe_b64decode(text[len(_MARK) :].encode("ascii", "replace"))
        return _mixed(raw[_MASK_BYTES:], raw[:_MASK_BYTES]).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _mixed(data: bytes, mask: bytes) -> bytes:
    # As two large numbers: byte by byte in Python took as long as a statement of SQL.
    under = (mask * (len(data) // max(1, len(mask)) + 1))[: len(data)]
    return (int.from_bytes(data) ^ int.from_bytes(under)).to_bytes(len(data))
