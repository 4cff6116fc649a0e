"""Identifiers (DESIGN §4 "Ids"): uuid7 for what phones create, 63-bit integers for rows, short codes for people."""

from __future__ import annotations

import re
import secrets
import threading
import time
import unicodedata
import uuid

# 2024-01-01T00:00:00Z: 41 bits of milliseconds from here last until 2093.
EPOCH_MS = 1_704_067_200_000
_RANDOM_BITS = 22
MAX_ID = (1 << 63) - 1
# What an Integer column holds.
MAX_INT = (1 << 31) - 1
_LONGEST_ID = len(str(MAX_ID))

# Crockford's base 32: no i, l, o, u; what a person types for a look-alike is read as the digit.
CODE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOK_ALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "u": "v"})

_lock = threading.Lock()
_last_id = 0


def new_id() -> int:
    """Return a new 63-bit id: milliseconds since 2024 in the high bits, then 22 random bits.

    Ids of one process strictly grow, so rows made in one batch keep their order; two processes that meet in the same
    millisecond are kept apart by the random bits, and by the primary key if those collide.
    """
    global _last_id  # noqa: PLW0603 - the one process-wide counter, under its lock
    candidate = ((time.time_ns() // 1_000_000 - EPOCH_MS) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last_id = candidate if candidate > _last_id else _last_id + 1
        return _last_id


def new_uuid() -> uuid.UUID:
    """Return a version 7 UUID (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def parse_id(text: object, most: int = MAX_ID) -> int | None:
    """Return the row id (or number up to `most`) that `text` spells; None for nonsense, zero, what no column holds."""
    digits = str(text)
    # Before `int`, which refuses thousands of digits.
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_ID:
        return None
    number = int(digits)
    return number if 0 < number <= most else None


def parse_uuid(text: str) -> uuid.UUID | None:
    """Return the UUID that `text` spells in canonical form, else None (hostile input never raises)."""
    if len(text) != 36:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def new_code(length: int = 8) -> str:
    """Return a random code of `length` characters that people can read and type (5 bits a character)."""
    # The alphabet has 32 characters: five bits of each random byte choose one, all equally often.
    return "".join(CODE_ALPHABET[byte & 31] for byte in secrets.token_bytes(length))


def clean_code(text: str) -> str:
    """Return what a person meant by a typed code: lower case, without blanks and dashes, look-alikes as digits.

    Chinese keyboards easily leave full-width letters, digits and dashes behind (NFKC makes them plain).
    """
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\-‐‑–—−·・]+", "", plain).lower().translate(_LOOK_ALIKES)


def is_code(text: str, length: int = 8) -> bool:
    """Say whether `text` is a well-formed code of `length` characters."""
    return len(text) == length and all(character in CODE_ALPHABET for character in text)
