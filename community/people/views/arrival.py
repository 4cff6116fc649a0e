"""Where somebody goes once she is signed in: to the form she had filled in, or to the page she wanted."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from community.core.web import preferences, session
from community.people import details
from community.people.views import kept as kept_forms, known


def arrive(member_id: int, epoch: int, *, next_path: str | None = None, kept: str | None = None) -> Response:
    """Sign the member in on this phone and answer: the kept form, filled in, else a redirect to a page of this site."""
    session.sign_in(member_id, epoch)
    answer = kept_forms.again(kept) if kept else None
    if answer is not None:
        answer.headers["Cache-Control"] = "no-store"
        return known.remember(_as_she_likes(answer, member_id), member_id)
    return known.remember(_as_she_likes(redirect(local_path(next_path), 303), member_id), member_id)


def _as_she_likes(response: Response, member_id: int) -> Response:
    """Let this phone speak her language and show her text size, if she ever chose them."""
    language, text_size = details.looks_of(member_id)
    chosen = preferences.change(text_size, None, language)
    if chosen != preferences.current():
        preferences.send(response, chosen)
    return response


def local_path(text: str | None) -> str:
    """Return `text` if it is a path on this site, else the home page: nobody is led elsewhere after signing in."""
    text = text or ""
    plain = all(character >= " " and character not in "\\\x7f" for character in text)
    if not plain or not text.startswith("/") or text.startswith(("//", "/sign-")) or len(text) > 2000:
        return url_for("home.index")
    return text
