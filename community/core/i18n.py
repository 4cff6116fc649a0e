"""Texts: zh-CN is the source language, English the complete second one. Rooms below the views take `_` from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import force_locale, get_locale, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

__all__ = ["LazyString", "Text", "_", "chinese", "either", "english", "ngettext", "plain"]

Text = str | LazyString


def _(text: str, **variables: Any) -> LazyString:
    """Mark `text` for translation; it is translated into the reader's language when it is shown."""
    return lazy_gettext(text, **variables)


def plain(text: str | LazyString) -> str:
    """Return `text` in the current reader's language."""
    return str(text)


def english(make: Callable[[], str]) -> str:
    """Return what `make` says when its texts are read in English, for what is kept in both languages."""
    with force_locale("en"):
        return make()


def chinese(make: Callable[[], str]) -> str:
    """Return what `make` says in the language of the source, whoever acts: for what is kept for everybody to read."""
    with force_locale("zh"):
        return make()


def either(zh: str, en: str) -> LazyString:
    """Return what is kept in both languages in the reader's one when it is shown; the Chinese where no English is."""

    def read() -> str:
        locale = get_locale()
        return en if en and locale is not None and locale.language == "en" else zh

    return LazyString(read)
