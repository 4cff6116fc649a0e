"""The signed device cookie: a random number that says "the same phone as before" and nothing about its owner."""

from __future__ import annotations

import re

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, Signer

from community.core.ids import new_uuid

COOKIE = "linli_device"
DAYS = 400
_ID = re.compile(r"[0-9a-f]{32}")


def _signer() -> Signer:
    return Signer(str(current_app.secret_key), salt="device")


def current() -> str:
    """Return this phone's id (32 hex digits); a phone without a valid cookie gets a new one with this answer."""
    known = g.get("device_id")
    if known:
        return str(known)
    try:
        text = _signer().unsign(request.cookies.get(COOKIE, "")).decode()
    except (BadSignature, UnicodeDecodeError):
        text = ""
    if not _ID.fullmatch(text):
        text = new_uuid().hex
        g.new_device = True
    g.device_id = text
    return text


def want_cookie() -> None:
    """Make sure that this phone has the cookie after this answer (pages with a command's form)."""
    current()


def init_app(app: Flask) -> None:
    """Send the cookie with answers that made one."""

    @app.after_request
    def send(response: Response) -> Response:
        if g.get("new_device"):
            response.set_cookie(
                COOKIE,
                _signer().sign(g.device_id).decode(),
                max_age=DAYS * 86400,
                httponly=True,
                samesite="Lax",
                secure=app.config["SESSION_COOKIE_SECURE"],
            )
        return response
