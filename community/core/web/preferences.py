"""Text size, theme and language of this phone: one readable cookie, no row, no script needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import current_app, g, has_request_context, request
from werkzeug.wrappers import Response as BaseResponse

COOKIE = "linli_look"
SIZES = ("std", "large", "xlarge")
THEMES = ("auto", "light", "dark", "contrast")
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Preferences:
    """`size` std|large|xlarge, `theme` auto|light|dark|contrast, `lang` zh|en."""

    size: str = "std"
    theme: str = "auto"
    lang: str = "zh"


def current() -> Preferences:
    """Return this request's preferences; an unknown or hostile cookie means the defaults."""
    if "preferences" not in g:
        parts = request.cookies.get(COOKIE, "").split(".")
        g.preferences = _read(*parts) if len(parts) == 3 else Preferences(lang=_first_language())
    return g.preferences  # type: ignore[no-any-return]


def change(size: str | None, theme: str | None, lang: str | None) -> Preferences:
    """Return the preferences with the known ones of the given values changed."""
    chosen = current()
    if size in SIZES:
        chosen = replace(chosen, size=size)
    if theme in THEMES:
        chosen = replace(chosen, theme=theme)
    if lang in LANGUAGES:
        chosen = replace(chosen, lang=lang)
    return chosen


def send(response: BaseResponse, chosen: Preferences) -> None:
    """Put `chosen` into the cookie of `response`, for a year."""
    response.set_cookie(
        COOKIE,
        f"{chosen.size}.{chosen.theme}.{chosen.lang}",
        max_age=365 * 86400,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def locale() -> str:
    """Return the reader's locale for Flask-Babel; jobs and commands have no reader and speak the source language."""
    return "en" if has_request_context() and current().lang == "en" else "zh"


def _read(size: str, theme: str, lang: str) -> Preferences:
    return Preferences(
        size if size in SIZES else "std", theme if theme in THEMES else "auto", lang if lang in LANGUAGES else "zh"
    )


def _first_language() -> str:
    # Chinese is the site's language: only a phone that asks for English before any Chinese gets English at once.
    for tag in request.accept_languages.values():
        first = tag.partition("-")[0].lower()
        if first in LANGUAGES:
            return first
    return "zh"
