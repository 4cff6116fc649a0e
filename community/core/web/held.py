"""What a phone has of this site already: who comes to a sign again does not carry its stylesheet home once more.

A first visit carries the stylesheet inside the page, because a second request costs a whole round trip in the rain.
From the second page on the phone asks for the same rules as a file, beside everything else, and keeps it for ever under
its version. The file's own answer leaves a cookie that says so; the page of a scanned code reads it (ux.md §5: a repeat
visit is one request of 6 KB at most). A phone that lost the file meanwhile asks for it again, so nothing looks wrong.
"""

from __future__ import annotations

from flask import Response, current_app, request

from community.core.web.assets import DOOR, IMMUTABLE, Assets

COOKIE = "linli_css"
# Only the pages of scanned codes read it.
PATH = "/p"


def note(response: Response, assets: Assets, path: str) -> None:
    """Let the answer of the stylesheet's file tell the phone that she holds this version of it from now on."""
    version = assets.version(DOOR)
    if path != DOOR or response.headers.get("Cache-Control") != IMMUTABLE:
        return
    response.set_cookie(
        COOKIE,
        version,
        max_age=365 * 86400,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def styles(assets: Assets) -> bool:
    """Say whether this phone holds the stylesheet of the page of a scanned code, as it is now."""
    return request.cookies.get(COOKIE) == assets.version(DOOR)
