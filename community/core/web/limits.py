"""How often: limits on sign-in and typed codes, loose per address because carriers share one among thousands."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from community.core.ids import clean_code, is_code
from community.core.web import counting

limiter = Limiter(get_remote_address, headers_enabled=False)

# The code is forty bits and dies with its sign: this is enough to make guessing hopeless, and no address runs dry of it
# by mistakes alone.
WRONG_CODES = "60 per minute; 300 per hour"
# Codes that one person hands another: forty bits that live for three days.
HANDED_CODES = "30 per minute; 120 per hour"


def init_app(app: Flask, redis_url: str) -> None:
    """Let every limit be counted in the Redis of all hosts, or without one in each process for itself."""
    app.config["RATELIMIT_STORAGE_URI"] = f"{counting.SCHEME}{redis_url}" if redis_url else "memory://"
    limiter.init_app(app)


def _was_wrong(response: Response) -> bool:
    # A check-in with a wrong code leads back to the page of that code, which says so.
    led_back = request.method == "POST" and unquote(response.location or "") == request.path.removesuffix("/checkin")
    return response.status_code == 404 or led_back


def _is_scanned() -> bool:
    token = str((request.view_args or {}).get("token", ""))
    return not is_code(clean_code(unicodedata.normalize("NFKC", token).strip()))


# One count for every route `/p/<token>…`: only wrong typed codes count, and only typed ones are held up.
wrong_codes = limiter.shared_limit(WRONG_CODES, "wrong codes", exempt_when=_is_scanned, deduct_when=_was_wrong)

# One count for every door at which such a code is looked at, used or declined; `handed_code_forms` for one whose form
# says that a code is wrong.
handed_codes = limiter.shared_limit(HANDED_CODES, "handed codes", deduct_when=lambda answer: answer.status_code == 404)
handed_code_forms = limiter.shared_limit(
    HANDED_CODES, "handed codes", deduct_when=lambda answer: answer.status_code in {404, 422}
)
