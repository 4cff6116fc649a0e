"""Who signed in on this phone before: a signed cookie of member ids.

It is told to the whole site, because who registers at a sign or with an application is added to those it knows. It
opens nothing. It lets a member be found by her number on her own phone, however many others typed that number.
"""

from __future__ import annotations

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from community.core.ids import MAX_ID

COOKIE = "linli_known"
DAYS = 400
# A family's phone; who comes sixth lets the one go who was here longest ago.
MOST = 5


def here() -> tuple[int, ...]:
    """Return the ids of the members who signed in on this phone, the last one first; none for a forged cookie."""
    try:
        ids = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadData:
        return ()
    return tuple(one for one in ids if isinstance(one, int) and 0 < one <= MAX_ID)[:MOST]


def remember(response: Response, member_id: int) -> Response:
    """Let this phone know the member from now on."""
    ids = [member_id, *(one for one in here() if one != member_id)][:MOST]
    response.set_cookie(
        COOKIE,
        str(_signer().dumps(ids)),
        max_age=DAYS * 86400,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="known-here")
