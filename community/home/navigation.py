"""The bottom bar, the desk's rail and the foot of a page."""

from __future__ import annotations

from flask import request

from community.core.i18n import _
from community.core.web.templating import Entry


def tabs() -> list[Entry]:
    """Return the tabs of the bottom bar for this request."""
    return [Entry("home.index", _("首页"), "home", current=request.endpoint == "home.index")]


def desk() -> list[Entry]:
    """Return the sections of the desk that the current actor may open."""
    return []


def foot() -> list[Entry]:
    """Return the links at the foot of each page."""
    return []
