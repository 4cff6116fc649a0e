"""The kiosk: a screen in a hall that shows an area to whoever passes. No names, nothing to touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template, request, url_for
from markupsafe import Markup

from community.core import clock
from community.core.config import settings
from community.core.errors import NotFound
from community.core.i18n import Text, _, ngettext
from community.core.web import display
from community.core.web.rights import public
from community.home.views import bp
from community.messages.queries import announcements
from community.messages.queries.announcements import Notice
from community.patrols import queries as patrols
from community.places import qr, queries as places

__all__ = ["bp", "kiosk"]

# Long enough to be read aloud (ux.md §3: at least 15 seconds a panel).
SECONDS = 20
DAYS = 14
_KINDS = {"district", "town", "village"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of the round. `next_href` is the next one, `href` this one, held still or running."""

    name: str
    next_href: str
    held: bool
    toggle_href: str
    seconds: int
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Board:
    """What the area shows: today's figures in words, what is announced, the days before, where to join."""

    name: str
    today: Text
    posts: int
    notices: Sequence[Notice]
    days: list[tuple[str, int, Text]]
    join: Markup
    join_url: str


@bp.get("/kiosk/<code>")
@public("a screen in a hall is for whoever passes")
def kiosk(code: str) -> str:
    area = places.area_by_code(code)
    if area is None or area.kind not in _KINDS:
        raise NotFound(_("没有这个区域的大屏。"))
    board = _board(area.name, area.path)
    names = ["today", *(["notices"] if board.notices else []), "days", "join"]
    return render_template("home/kiosk.html", board=board, panel=_panel(area.code, names))


def _panel(code: str, names: Sequence[str]) -> Panel:
    asked = request.args.get("panel", "")
    number = names.index(asked) if asked in names else 0
    held = request.args.get("hold") == "1"

    def href(name: str, hold: str | None = None) -> str:
        return url_for("home.kiosk", code=code, panel=name, hold=hold)

    following = names[(number + 1) % len(names)]
    return Panel(
        name=names[number],
        next_href=href(following),
        held=held,
        toggle_href=href(names[number]) if held else href(names[number], "1"),
        seconds=SECONDS,
        number=number + 1,
        of=len(names),
    )


def _board(name: str, path: str) -> Board:
    days = [clock.today() - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = patrols.public_days(path, days)
    join_url = f"{settings().public_url or request.host_url.rstrip('/')}{url_for('teams.kinds')}"
    return Board(
        name=name,
        today=_told(counts[-1]),
        posts=len(places.posts(path)),
        notices=announcements.shown_to(None, limit=3, scope=path),
        days=[
            (display.day(day), max(count, patrols.FEWEST) if count else 0, _told(count))
            for day, count in zip(days, counts, strict=True)
        ],
        join=qr.svg(join_url, _("扫码加入志愿队")),
        join_url=join_url,
    )


def _told(count: int) -> Text:
    """Return a public count: small ones are not told apart."""
    if count == 0:
        return _("0 次")
    if count < patrols.FEWEST:
        return _("不到 %(count)s 次", count=patrols.FEWEST)
    return ngettext("%(num)s 次", "%(num)s 次", count)
