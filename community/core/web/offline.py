"""What a phone may show again when it has no signal, and to whom (ux.md §3 "PWA").

The keeping is done by the worker (static/js/sw.js), where a phone has one. All it knows of people it is told by the
answers themselves: `X-Login` is a mark of who is signed in, and `X-Keep` says that this page may be shown again, to her
alone. So what may be kept is decided here, where the page is made. A page with a form's key is never kept: its key may
have been used, and what she did with it would be lost without a word.

A first visit pays nothing for any of this: the worker is offered from the second page on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from community.core.web import security, session

V = TypeVar("V", bound=Callable[..., Any])


def kept_offline(view: V) -> V:
    """Mark a page that a phone without a signal may show again, to the same login: it decides nothing, and old is
    better than none."""
    view.__linli_kept__ = True  # type: ignore[attr-defined]
    return view


def is_kept() -> bool:
    """Say whether the page of this request is marked so, and is her own: what she sees for somebody else is not."""
    # The rule, not the values: the room takes the person's id out of those before its views see them.
    if request.url_rule is not None and "for_id" in request.url_rule.arguments:
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "__linli_kept__", False))


def offered(public_url: str) -> bool:
    """Say whether this page offers the worker: its reader comes from another page of this site. Opens the policy."""
    before = urlsplit(request.referrer or "").netloc
    if not before or before not in {request.host, urlsplit(public_url).netloc}:
        return False
    if not g.get("worker_offered"):  # a page may be made of several templates
        g.worker_offered = True
        security.allow("worker-src", "'self'")
        security.allow("manifest-src", "'self'")
    return True


def init_app(app: Flask) -> None:
    """Install the two headers; registered before `security`, so that cache rules are known by then."""

    @app.after_request
    def tell(response: Response) -> Response:
        if request.method == "GET" and response.mimetype == "text/html":
            mark = session.login_mark()
            if mark:
                response.headers["X-Login"] = mark
            if (
                response.status_code in {200, 304}
                and is_kept()
                and "no-store" not in response.headers.get("Cache-Control", "")
            ):
                response.headers["X-Keep"] = "1"
        return response
