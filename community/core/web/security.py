"""What every answer carries: CSP and other headers, cache rules, compression with padding; and the CSRF check."""

from __future__ import annotations

import gzip
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from community.core.web import held, rights, session, tokens
from community.core.web.assets import Assets

V = TypeVar("V", bound=Callable[..., Any])


class _Protect(CSRFProtect):
    """Flask-WTF's check of every POST, on the token as pages show it."""

    def _get_csrf_token(self) -> str | None:
        return tokens.bare(super()._get_csrf_token())


csrf = _Protect()

_COMPRESSED = ("text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml")
_MIN_BYTES = 1024
# A query of ids and page numbers alone, or none.
_NUMBERS = re.compile(rb"(?:[a-z_]{1,20}=[0-9]{0,20}(?:&|$))*")
_PAD_BYTES = 48
REVALIDATED = "private, no-cache"


def refills(view: V) -> V:
    """Mark a view whose own FlaskForm checks the token and shows the form again, filled, when the session was lost."""
    view.__linli_refills__ = True  # type: ignore[attr-defined]
    return view


def tokenless(view: V) -> V:
    """Mark a view whose form carries no token: it changes nothing but how this phone shows its pages.

    A token would be a secret on every page, and no page with a secret form may be kept by a phone. What is asked for
    in its place is the browser's own word that a page of this site sent the form."""
    view.__linli_tokenless__ = True  # type: ignore[attr-defined]
    return view


def from_here() -> bool:
    """Say whether the browser tells that a page of this site sent the request; without a word, no."""
    sender = request.headers.get("Origin") or request.referrer
    return bool(sender) and urlsplit(str(sender)).netloc == request.host


def takes_files(most_bytes: int) -> Callable[[V], V]:
    """Mark a view that takes files: its requests may be `most_bytes` long, where others end at MAX_CONTENT_LENGTH."""

    def mark(view: V) -> V:
        view.__linli_takes__ = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


def allow(directive: str, source: str) -> None:
    """Open the Content-Security-Policy of this one answer: `allow("worker-src", "blob:")`."""
    g.setdefault("policy", []).append((directive, source))


def init_app(app: Flask, assets: Assets) -> None:
    """Install the CSRF check and the headers on `app`."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # A page may lie open on a phone for a whole shift.
    app.config["WTF_CSRF_TIME_LIMIT"] = 12 * 3600
    csrf.init_app(app)
    policy = {
        "default-src": "'none'",
        "img-src": "'self' data: blob:",
        "style-src": " ".join(("'self'", *(f"'{name}'" for name in assets.style_hashes))),
        "script-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }

    # Before anybody reads the form: reading it is what meets the limit.
    app.before_request(_admit_files)
    app.before_request(_refuse_nul)

    @app.before_request
    def check_csrf() -> None:
        if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint is None:
            return
        view = current_app.view_functions[request.endpoint]
        if getattr(view, "__linli_tokenless__", False):
            if not from_here():
                raise CSRFError("sent from elsewhere")
        elif not getattr(view, "__linli_refills__", False):
            csrf.protect()

    @app.after_request
    def finish(response: Response) -> Response:
        _protect(response, policy)
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        _cache_rule(response, assets)
        _tag(response)
        return _compress(response)


def _admit_files() -> None:
    if request.endpoint is not None:
        view = current_app.view_functions[request.endpoint]
        most = getattr(view, "__linli_takes__", None)
        if most is not None:
            request.max_content_length = most


def _policy(plain: dict[str, str]) -> str:
    told = dict(plain)
    for directive, source in g.get("policy", ()):
        told[directive] = f"{told[directive]} {source}" if directive in told else source
    return "; ".join(f"{directive} {sources}" for directive, sources in told.items())


def _protect(response: Response, policy: dict[str, str]) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.endpoint == "static" and response.status_code != 404:
        # Script and pictures travel with every first visit: they carry no more than a file needs, which may do nothing.
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        for needless in ("Content-Disposition", "Last-Modified", "Accept-Ranges"):  # the ETag says all of it
            headers.pop(needless, None)
        return
    headers.setdefault("Content-Security-Policy", _policy(policy))
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")


def _refuse_nul() -> None:
    # No text of a person holds one, PostgreSQL cannot store it, and C libraries end strings there.
    values = (*request.args.items(multi=True), *request.form.items(multi=True))
    if "\0" in request.path or any("\0" in name or "\0" in value for name, value in values):
        abort(400)


def _cache_rule(response: Response, assets: Assets) -> None:
    if request.endpoint == "static":
        path = (request.view_args or {}).get("filename", "")
        known = response.status_code in {200, 206, 304}
        response.headers["Cache-Control"] = assets.cache_control(path, request.args.get("v")) if known else "no-store"
        held.note(response, assets, path)
    elif _has_form() or response.status_code >= 400:
        # A page with a form must not come back from a cache: its key may have been used, its token be another's. Nor
        # may a refusal: what it says may be over.
        response.headers.setdefault("Cache-Control", "no-store")
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = REVALIDATED


def _has_form() -> bool:
    """Say whether this answer shows a form's key, or a token of the session."""
    return bool(g.get("device_id")) or "csrf_token" in g


def _tag(response: Response) -> None:
    """Name a public page without a form by what it says, so that a phone which holds it is told "the same" (304).

    The name is of this login alone: who signed out and in again gets the page anew, with the mark of who she is.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    right = rights.right_of(view) if view else None
    is_page = response.status_code == 200 and response.mimetype == "text/html" and not response.is_streamed
    if not is_page or not (right and right.public) or response.headers["Cache-Control"] != REVALIDATED:
        return
    said = session.login_mark().encode() + b"\0" + response.get_data()
    response.set_etag(hashlib.sha256(said).hexdigest()[:16], weak=True)
    response.make_conditional(request)


def _may_tell(response: Response) -> bool:
    """Say whether the page may hold a secret (a form's token, what only this login sees) beside what its address may
    have put there.

    The size of such a page, compressed, tells how much the one is like the other. Numbers are like no secret.
    """
    holds = "csrf_token" in g or bool(session.login_mark())
    return response.mimetype == "text/html" and holds and not _NUMBERS.fullmatch(request.query_string)


def _compress(response: Response) -> Response:
    wanted = "gzip" in request.headers.get("Accept-Encoding", "") and response.mimetype in _COMPRESSED
    # A part of a file (206) keeps its bytes: the phone asked for those of the file as it is.
    if not wanted or response.status_code in {204, 206} or "Content-Encoding" in response.headers:
        return response
    response.headers.add("Vary", "Accept-Encoding")
    if response.status_code == 304:
        return response
    if response.direct_passthrough:
        response.direct_passthrough = False
    body = response.get_data()
    if len(body) < _MIN_BYTES or _may_tell(response):
        return response
    if response.mimetype == "text/html":
        # Random length against BREACH: what a page reflects can no longer be measured by its size.
        body += b"<!--" + secrets.token_hex(secrets.randbelow(_PAD_BYTES) // 2).encode() + b"-->"
    response.set_data(gzip.compress(body, 6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag = response.get_etag()[0]
    # A page's name is one of its words, whatever they are wrapped in.
    if etag and response.mimetype != "text/html":
        response.set_etag(etag + "-gz", weak=True)
    return response
