"""Key rings: of printed codes' signatures, of phone numbers' cipher, of their hashes; rotatable, every key named.

A ring is written `b=SECRET;a=SECRET@grace`: newest first, it signs (or encrypts); the others still verify (or decrypt).
States of a signing key: active → verify → grace (accepted and noted) → dead (checkin.md §2.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets as random_secrets
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken

KeyState = Literal["active", "verify", "grace", "dead"]
# A bare secret in base64 has its = at the end only, after far more letters than a name has.
_HASH_KEY = re.compile(r"[a-z0-9]{1,8}=.")
_STATES: dict[str, KeyState] = {"active": "active", "verify": "verify", "grace": "grace", "dead": "dead"}


class WeakSecret(ValueError):
    """A secret is too short or too regular to protect anything."""


def check_strength(name: str, secret: str) -> None:
    """Raise WeakSecret unless `secret` has at least 32 characters, 10 different ones, and no word of an example."""
    if len(secret) < 32 or len(set(secret)) < 10:
        raise WeakSecret(f"{name} is too weak: use at least 32 random characters (openssl rand -base64 48)")
    if _is_regular(secret):
        raise WeakSecret(f"{name} repeats itself: make it by chance (openssl rand -base64 48)")
    if any(word in secret.lower() for word in ("changeme", "change-me", "example", "secret", "password", "linli")):
        raise WeakSecret(f"{name} looks copied from an example: make your own (openssl rand -base64 48)")


def _is_regular(text: str) -> bool:
    """Say whether `text` says a short piece again and again, or mostly counts up or down the alphabet."""
    repeats = any(text[length:] == text[:-length] for length in range(1, len(text) // 2 + 1))
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    return repeats or sum(step in {-1, 0, 1} for step in steps) > len(steps) / 2


@dataclass(frozen=True)
class SigningKey:
    kid: str
    secret: bytes = field(repr=False)
    state: KeyState = "active"


@dataclass(frozen=True)
class SigningRing:
    """HMAC-SHA256 keys; the first signs."""

    keys: tuple[SigningKey, ...]

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> SigningRing:
        """Read `kid=secret[@state]` parts joined by `;`. Raises WeakSecret (strict) or ValueError for a bad ring."""
        keys: list[SigningKey] = []
        for kid, value in _parts("POSTER_KEYS", text):
            secret, _, state = value.partition("@")
            if strict:
                check_strength(f"POSTER_KEYS {kid}", secret)
            keys.append(SigningKey(kid, secret.encode(), _state(state or ("verify" if keys else "active"))))
        if any(not re.fullmatch("[a-z]", key.kid) for key in keys):
            # A digit would run into the generation before it; codes are read without regard to case.
            raise ValueError("POSTER_KEYS: a key's name is one small letter, a to z")
        if keys[0].state != "active":
            raise ValueError("POSTER_KEYS: the first key signs, so it must be active")
        return cls(tuple(keys))

    @property
    def newest(self) -> SigningKey:
        return self.keys[0]

    def get(self, kid: str) -> SigningKey | None:
        """Return the key named `kid`, or None."""
        return next((key for key in self.keys if key.kid == kid), None)

    @staticmethod
    def mac(key: SigningKey, message: str) -> bytes:
        """Return the 32-byte HMAC-SHA256 of `message` under `key`."""
        return hmac.new(key.secret, message.encode(), hashlib.sha256).digest()


@dataclass(frozen=True)
class CipherRing:
    """Fernet keys (AES-128-CBC with HMAC-SHA256) by name; the first encrypts, all decrypt."""

    keys: tuple[tuple[str, Fernet], ...]

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> CipherRing:
        """Read `name=key` parts joined by `;`. Raises WeakSecret (strict) or ValueError for a key of another form."""
        keys = []
        for name, value in _parts("PHONE_CIPHER_KEYS", text):
            if strict:
                check_strength(f"PHONE_CIPHER_KEYS {name}", value)
            keys.append((name, _fernet(name, value)))
        return cls(tuple(keys))

    @staticmethod
    def new_key() -> str:
        return base64.urlsafe_b64encode(os.urandom(32)).decode()

    @property
    def newest(self) -> str:
        """The name of the key that encrypts."""
        return self.keys[0][0]

    def encrypt(self, text: str) -> str:
        """Return `text` encrypted under the newest key, prefixed by the key's name."""
        name, fernet = self.keys[0]
        return f"{name}.{fernet.encrypt(text.encode()).decode()}"

    def decrypt(self, token: str) -> str:
        """Return the plain text of `token`; raises InvalidToken when the key is gone or the token was altered."""
        name, _, body = token.partition(".")
        fernet = dict(self.keys).get(name)
        if fernet is None:
            raise InvalidToken
        return fernet.decrypt(body.encode()).decode()


@dataclass(frozen=True)
class HashRing:
    """HMAC-SHA256 keys by name, by which a phone number is found again; the first writes, all find.

    A setting that names no key holds a single one, named "1": every deployment began with one.
    """

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> HashRing:
        """Read `name=secret` parts joined by `;`, or one bare secret. Raises WeakSecret (strict) or ValueError."""
        named = _HASH_KEY.match(text)
        parts = _parts("PHONE_HASH_KEY", text) if named else [("1", text)]
        if any(not re.fullmatch("[a-z0-9]{1,8}", name) for name, _secret in parts):
            raise ValueError("PHONE_HASH_KEY: a key's name is up to eight small letters and digits")
        for name, secret in parts if strict else ():
            check_strength(f"PHONE_HASH_KEY {name}" if named else "PHONE_HASH_KEY", secret)
        return cls(tuple((name, secret.encode()) for name, secret in parts))

    @property
    def newest(self) -> str:
        """The name of the key that writes."""
        return self.keys[0][0]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _secret in self.keys)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret.decode() for _name, secret in self.keys)

    def digests(self, message: str) -> tuple[str, ...]:
        """Return the hash (64 hex digits) of `message` under every key, the newest first."""
        return tuple(hmac.new(secret, message.encode(), hashlib.sha256).hexdigest() for _name, secret in self.keys)

    def digest(self, message: str) -> str:
        """Return the hash (64 hex digits) of `message` under the newest key."""
        return hmac.new(self.keys[0][1], message.encode(), hashlib.sha256).hexdigest()


def with_new_hash_key(text: str, *, behind: bool = False) -> str:
    """Return the ring `text` (as in PHONE_HASH_KEY) with a new key in front, or `behind`, where it finds only.

    Keys are numbered: the new one gets the next number. A key that waits behind (its number is the highest) comes to
    the front instead of another one being made. Raises ValueError for no ring.
    """
    ring = HashRing.parse(text)
    keys = list(zip(ring.names, ring.secrets, strict=True))
    numbers = [int(name) for name in ring.names if name.isdigit()]
    waiting = [] if behind else [key for key in keys[1:] if key[0].isdigit() and int(key[0]) == max(numbers)]
    new = waiting[0] if waiting else (str(max(numbers, default=0) + 1), random_secrets.token_urlsafe(32))
    rest = [key for key in keys if key != new]
    return ";".join("=".join(key) for key in ([*rest, new] if behind else [new, *rest]))


def ring_values(name: str, text: str) -> list[str]:
    """Return the bare secrets of the ring that setting `name` holds, to compare them; raises ValueError for no ring."""
    return [value.partition("@")[0] for _kid, value in _parts(name, text)]


def _state(word: str) -> KeyState:
    if word not in _STATES:
        raise ValueError(f"POSTER_KEYS: a key is {', '.join(_STATES)}, not {word!r}")
    return _STATES[word]


def _fernet(name: str, value: str) -> Fernet:
    try:
        return Fernet(value)
    except ValueError:
        raise ValueError(
            f"PHONE_CIPHER_KEYS {name} must be 32 bytes in URL-safe base64 (flask doctor makes one)"
        ) from None


def _parts(name: str, text: str) -> list[tuple[str, str]]:
    parts = [part.strip().partition("=") for part in text.split(";") if part.strip()]
    if not parts or any(not value for _kid, _, value in parts):
        raise ValueError(f"{name} must look like a=SECRET;b=SECRET")
    if len({kid for kid, _, _value in parts}) < len(parts):
        raise ValueError(f"{name} names a key twice")
    return [(kid, value) for kid, _, value in parts]
