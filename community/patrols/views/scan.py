"""What a phone sends with a scan, read at the edge: the position becomes a band here and is dropped (checkin.md §2.8).

Also the signed cookie that carries a scan through sign-in, and the signed note of a first far fix.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Request, current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from community.core import clock
from community.core.web import device
from community.patrols.policies import LIMITS, Evidence
from community.places import geo
from community.places.codes import ScannedPost

COOKIE = "linli_scan"
# A second fix this much later confirms a far one (§2.8).
SECOND_FIX = dt.timedelta(seconds=5)
STALE_FIX_MS = 120_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A scan that waits for one more tap: its code, this phone, the server's time of it, its evidence.

    `sealed` is its signed text, as a form or the cookie carries it; it never gets a later time than its first.
    """

    token: str
    device: str
    at: str
    src: str
    band: str
    far_m: int | None
    sealed: str = ""

    @property
    def captured_at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.at)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.src, self.band, self.far_m)


def evidence(form: Mapping[str, Any], post: ScannedPost) -> Evidence:
    """Return the evidence of a scan at `post`; a missing, senseless or stale position counts as none."""
    try:
        lat, lon, accuracy = (float(form.get(name, "")) for name in ("lat", "lon", "acc"))
        age = float(form.get("age_ms") or 0)
    except ValueError:
        return Evidence(post.src, "none")
    if not -1000 <= age <= STALE_FIX_MS:  # also false for NaN
        return Evidence(post.src, "none")
    crs = "gcj02" if form.get("crs") == "gcj02" else "wgs84"
    band, far_m = geo.band(post.lat, post.lon, post.radius_m, lat, lon, accuracy, crs=crs)
    return Evidence(post.src, band, far_m)


def needs_second_fix(form: Mapping[str, Any], found: Evidence, token: str) -> bool:
    """Say whether a far position still needs a second fix, five seconds or more after the first."""
    if found.band != "far":
        return False
    try:
        noted = _serializer("far").loads(form.get("first_far", ""), max_age=int(LIMITS.resume.total_seconds()))
    except BadData:
        return True
    if not isinstance(noted, dict) or noted.get("token") != token:
        return True
    return clock.now() - dt.datetime.fromisoformat(noted["at"]) < SECOND_FIX


def far_note(token: str) -> str:
    """Return the signed note that a first fix at this code was far."""
    return str(_serializer("far").dumps({"token": token, "at": clock.now().isoformat()}))


def capture(token: str, found: Evidence) -> Kept:
    """Return the scan of this moment on this phone, sealed. A first far fix proves nothing and counts as none."""
    if found.band == "far":
        found = Evidence(found.src, "none")
    kept = Kept(token, device.current(), clock.now().isoformat(), found.src, found.band, found.far_m)
    fields = [kept.token, kept.device, kept.at, kept.src, kept.band, kept.far_m]
    return replace(kept, sealed=str(_serializer("scan").dumps(fields)))


def unseal(text: str | None, token: str) -> Kept | None:
    """Return the scan that `text` seals, if it is of this very code, from this phone and not older than ten minutes."""
    try:
        code, phone, at, src, band, far_m = _serializer("scan").loads(text or "")
        known = Kept(code, phone, at, src, band, far_m, text or "")
        fresh = dt.timedelta(0) <= clock.now() - known.captured_at <= LIMITS.resume
    except (BadData, TypeError, ValueError):
        return None
    return known if fresh and known.token == token and known.device == device.current() else None


def waiting(request: Request, token: str) -> Kept | None:
    """Return the scan of this code that waits in the cookie since before sign-in."""
    return unseal(request.cookies.get(COOKIE), token)


def carried(request: Request) -> Kept | None:
    """Return the scan that waits in the cookie, of whatever code."""
    try:
        token = _serializer("scan").loads(request.cookies.get(COOKIE, ""))[0]
    except (BadData, TypeError, IndexError):
        return None
    return waiting(request, token) if isinstance(token, str) else None


def carry(response: Response, kept: Kept) -> None:
    """Let `response` carry the scan through sign-in, in a cookie that lasts as long as the scan counts."""
    left = LIMITS.resume - (clock.now() - kept.captured_at)
    response.set_cookie(
        COOKIE,
        kept.sealed,
        max_age=max(1, int(left.total_seconds())),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def forget(response: Response) -> None:
    """Drop the cookie: the scan is finished."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=f"patrols.{purpose}")
