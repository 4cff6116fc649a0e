"""Pictures and papers that people brought, for who may see them: the room that took one decides (core.uploads)."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, make_response, request

from community.core.uploads import Upload, keeping
from community.core.web.rights import public
from community.core.web.session import current_actor

bp = Blueprint("pictures", __name__)


@bp.get("/pictures/<uuid:upload_id>")
@public("the room that took the picture decides who may see it")
def picture(upload_id: uuid.UUID) -> Response:
    return answer(keeping.picture(current_actor(), upload_id), small=bool(request.args.get("small")))


@bp.get("/papers/<uuid:document_id>")
@public("the room that took the paper decides who may see it")
def paper(document_id: uuid.UUID) -> Response:
    """A PDF is a file to keep and never a page of ours: whatever is in it runs nowhere near this site."""
    found = keeping.paper(current_actor(), document_id)
    fresh = request.if_none_match.contains(found.name)
    response = make_response(b"" if fresh else keeping.content(found), 304 if fresh else 200)
    response.mimetype = "application/pdf"
    response.set_etag(found.name)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = f'attachment; filename="{found.purpose}-{found.digest[:8]}.pdf"'
    return response


def answer(found: Upload, *, small: bool = False) -> Response:
    """Return the picture as an answer: kept by this phone alone, and asked for again in case it may not be seen any
    more. Raises NotFound when the storage has lost it."""
    etag = f"{found.name}{'-s' if small else ''}"
    fresh = request.if_none_match.contains(etag)
    response = make_response(b"" if fresh else keeping.content(found, small=small), 304 if fresh else 200)
    response.mimetype = "image/jpeg"
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    # A picture opened by itself may do nothing.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = "inline"
    return response
