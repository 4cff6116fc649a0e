"""Searches for people: a name or the end of a number stays out of addresses, histories and other programs' logs.

The form posts, and the answer leads to a list whose address carries what was asked under cipher, readable for an hour
and for the one who asked (DESIGN §4 "Personal data": logs carry no names). Nothing is stored; Back and pages work.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from community.core import clock
from community.core.web.session import claimed_member

# The field of the form, and the part of the list's address.
FIELD = "q"
SEALED = "find"
LONGEST = 40
_HOUR = 3600


def lead(endpoint: str, **filters: Any) -> Response:
    """Answer a posted search: lead to the list at `endpoint` with what was asked sealed, and the open `filters`."""
    text = " ".join(request.form.get(FIELD, "")[:LONGEST].split())
    sealed = _cipher().encrypt_at_time(f"{claimed_member()}|{text}".encode(), _now()).decode() if text else None
    shown: dict[str, Any] = {name: value for name, value in filters.items() if value} | {SEALED: sealed}
    return redirect(url_for(endpoint, **shown), 303)


def asked() -> str:
    """Return what this address asks for: "" for nothing, and for what another asked, long ago, or nobody."""
    try:
        sealed = request.args.get(SEALED, "")[:1000].encode()
        owner, _bar, text = _cipher().decrypt_at_time(sealed, _HOUR, _now()).decode().partition("|")
    except InvalidToken:
        return ""
    return text if owner == str(claimed_member()) else ""


def _now() -> int:
    return int(clock.now().timestamp())


def _cipher() -> Fernet:
    key = hmac.new(str(current_app.secret_key).encode(), b"searches", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
