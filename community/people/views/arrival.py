"""Where somebody goes once she is signed in: to the form she had filled in, or to the page she wanted."""

from __future__ import annotations

from flask import make_response, redirect, url_for
from werkzeug.wrappers import Response

from community.core.web import session
from community.people.views import kept as kept_forms, known


def arrive(member_id: int, epoch: int, *, next_path: str | None = None, kept: str | None = None) -> Response:
    """Sign the member in on this phone and answer: the kept form's last tap, else a redirect to a page of this site."""
    session.sign_in(member_id, epoch)
    page = kept_forms.finish_page(kept) if kept else None
    if page is not None:
        answer = make_response(page)
        answer.headers["Cache-Control"] = "no-store"
        return known.remember(answer, member_id)
    return known.remember(redirect(local_path(next_path), 303), member_id)


def local_path(text: str | None) -> str:
    """Return `text` if it is a path on this site, else the home page: nobody is led elsewhere after signing in."""
    text = text or ""
    plain = all(character >= " " and character not in "\\\x7f" for character in text)
    if not plain or not text.startswith("/") or text.startswith(("//", "/sign-")) or len(text) > 2000:
        return url_for("home.index")
    return text
