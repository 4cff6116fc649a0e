"""What anyone may see of the ledger: whether a town's books are sound, the head of its chain, published months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request

from community.core.errors import NotFound
from community.core.i18n import Text
from community.core.web.display import mask_name
from community.core.web.rights import public
from community.people import queries as people
from community.places import queries as places
from community.points import checked
from community.points.models import LedgerCheck, PeriodClose
from community.points.queries import appeals, boards, chain, checks, months
from community.points.queries.chain import Head
from community.points.views.blueprint import bp

_WHY = "whose points these are may check them"


@dataclass(frozen=True)
class Town:
    """A town's books at a glance."""

    code: str
    name: str
    check: LedgerCheck | None
    head: Head
    newest: PeriodClose | None = None


@dataclass(frozen=True)
class Sums:
    """The sums of a month of one asset: (word, sign, number), ready to be read as one line of arithmetic."""

    asset: Text
    rows: Sequence[tuple[Text, str, int]]
    closing: int


@dataclass(frozen=True)
class Board:
    """The names of a published month, as long as they are shown."""

    shown: bool
    rows: Sequence[tuple[str, int, str]]
    more: int | None


@bp.get("/ledger")
@public(_WHY)
def ledger() -> str:
    kept = set(chain.towns())
    towns = [town for town in places.towns() if town.id in kept]
    found = checks.latest(town.id for town in towns)
    newest: dict[int, PeriodClose] = {}
    for month in months.months([town.id for town in towns], published=True):
        newest.setdefault(month.town_id, month)
    shown = [Town(one.code, one.name, found.get(one.id), chain.head(one.id), newest.get(one.id)) for one in towns]
    return render_template("points/ledger.html", towns=shown)


@bp.get("/ledger/<town_code>")
@public(_WHY)
def town_ledger(town_code: str) -> str:
    town = town_of_code(town_code)
    check = checks.latest([town.id]).get(town.id)
    promises = [(code, words, (check.found.get(code) if check else None)) for code, words in checked.PROMISES.items()]
    return render_template(
        "points/ledger_town.html",
        town=Town(town.code, town.name, check, chain.head(town.id)),
        promises=promises,
        green=checks.last_green(town.id),
        months=months.months([town.id], published=True),
        appeals=appeals.figures(town.id),
    )


@bp.get("/ledger/<town_code>/<month>")
@public(_WHY)
def published_month(town_code: str, month: str) -> str:
    town = town_of_code(town_code)
    closed = months.month(town.id, month_of(month))
    if closed is None or closed.state != "published":
        raise NotFound
    after, on_paper = request.args.get("after", 0, type=int), _hex(request.args.get("root", ""))
    return render_template(
        "points/ledger_month.html",
        town=town,
        month=closed,
        sums=sums_of(closed),
        board=_board(closed, after),
        on_paper=on_paper,
        same=on_paper == closed.root.hex(),
    )


def month_of(text: str) -> dt.date:
    """Return the first day of the month that a URL names ("2026-10"); raises NotFound for anything else."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise NotFound from None


def sums_of(month: PeriodClose) -> list[Sums]:
    """Return the month's sums, those of assets that nobody has or had left out."""
    return [
        Sums(
            asset=checked.ASSETS[asset],
            rows=[(words, checked.SIGNS.get(key, ""), sums[key]) for key, words in checked.SUMS.items()],
            closing=sums["closing"],
        )
        for asset, sums in sorted(month.totals.items(), reverse=True)
        if any(sums.values())
    ]


def _hex(text: str) -> str:
    """Return what a statement's paper says of the root, as it is compared: "" for none."""
    return "".join(text.split()).lower()[:64]


def _board(month: PeriodClose, after: int) -> Board:
    if not boards.is_shown(month):
        return Board(shown=False, rows=(), more=None)
    earned, more = boards.earned(month, max(0, min(after, 1 << 30)))
    names = people.names(one.member_id for one in earned)
    rows = [
        (mask_name(names.get(one.member_id)), one.total, " · ".join(f"{code} ×{n}" for code, _sum, n in one.rules))
        for one in earned
    ]
    return Board(shown=True, rows=rows, more=more)


def town_of_code(code: str) -> Any:
    """Return the town with this code; raises NotFound for one that keeps no books."""
    town = places.area_by_code(code)
    if town is None or town.kind != "town" or town.id not in chain.towns():
        raise NotFound
    return town
