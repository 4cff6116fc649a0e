"""Vouching for rows that no seal covers: the program signs what it writes with a key that is not in the database.

Whoever holds the database may add rows to tables that only grow. What she adds bears no mark of the program's, and is
found (`queries.noted`) or not believed (`queries.checks`).
"""

from __future__ import annotations

import hmac
from typing import Any

from community.core import chain
from community.core.config import settings
from community.core.keys import SigningRing

# Signs of printed codes are made with the same ring: nothing that says this is one of them.
_ABOUT = "linli ledger\n"


def mark(document: dict[str, Any]) -> tuple[str, bytes]:
    """Return the name of the newest key and the document's mark under it. Raises BadSettings without keys."""
    key = settings().need_secrets().signing.newest
    return key.kid, _mac(key, document)


def genuine(kid: str | None, mac: bytes | None, document: dict[str, Any]) -> bool:
    """Say whether the program itself wrote the document; without keys nobody can tell, and it is believed."""
    secrets = settings().secrets
    if secrets is None:
        return True
    key = secrets.signing.get(kid or "")
    return key is not None and mac is not None and hmac.compare_digest(bytes(mac), _mac(key, document))


def can_tell() -> bool:
    """Say whether this process has the keys to judge marks with."""
    return settings().secrets is not None


def _mac(key: Any, document: dict[str, Any]) -> bytes:
    return SigningRing.mac(key, _ABOUT + chain.canonical(document).decode())
