"""The desk's months: drawn up, checked by everybody, published by a second person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core import clock
from community.core.authz import Actor, Perm, can, must
from community.core.errors import NotFound
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.people import queries as people
from community.places import queries as places
from community.points import policies
from community.points.models import PeriodClose
from community.points.queries import chain, months
from community.points.services import closing
from community.points.views.blueprint import bp
from community.points.views.ledger import Sums, month_of, sums_of


@dataclass(frozen=True)
class TownMonths:
    """A town's months, which of them is due, and the paths by which whoever works anywhere in it may read them."""

    id: int
    code: str
    name: str
    path: str
    scope_paths: tuple[str, ...]
    months: Sequence[PeriodClose] = ()
    due: dt.date | None = None
    may_close: bool = False


@dataclass(frozen=True)
class MonthPage:
    """A month at the desk; `next` is what the actor may do with it now: "draft", "publish", or why not."""

    town: TownMonths
    on: dt.date
    month: PeriodClose | None
    sums: Sequence[Sums]
    drafted_by: str
    published_by: str
    may_draft: bool
    may_publish: bool
    own_draft: bool
    window_open: bool


@bp.get("/desk/months")
@granted(Perm.MONTH_READ)
def months_desk() -> str:
    return render_template("points/months.html", towns=_towns(must_be_signed_in()))


@bp.get("/desk/months/<id:town_id>/<month>")
@granted(Perm.MONTH_READ)
def month_desk(town_id: int, month: str) -> str:
    return render_template("points/month.html", page=_page(must_be_signed_in(), town_id, month_of(month)))


@bp.post("/desk/months/<id:town_id>/<month>/draft")
@granted(Perm.MONTH_CLOSE)
@command()
def draft_month(town_id: int, month: str) -> Response:
    made = closing.draft(must_be_signed_in(), town_id, month_of(month))
    flash(plain(_("已起草：%(count)s 份月结单，大家可以核对了。", count=made.leaves)), "ok")
    return redirect(url_for("points.month_desk", town_id=town_id, month=month), 303)


@bp.post("/desk/months/<id:town_id>/<month>/publish")
@granted(Perm.MONTH_CLOSE)
@command()
def publish_month(town_id: int, month: str) -> Response:
    made = closing.publish(must_be_signed_in(), town_id, month_of(month))
    flash(plain(_("已公示，以后不再变。") if made.state == "published" else _("记下了，还要另一位来公示")), "ok")
    return redirect(url_for("points.month_desk", town_id=town_id, month=month), 303)


def _towns(actor: Actor) -> list[TownMonths]:
    kept = set(chain.towns())
    closes = {town.id for town in places.towns() if can(actor, Perm.MONTH_CLOSE, town)}
    towns = [_with_paths(town) for town in places.towns() if town.id in kept]
    mine = [town for town in towns if can(actor, Perm.MONTH_READ, town)]
    found = months.months([town.id for town in mine])
    last = policies.add_months(clock.today().replace(day=1), -1)
    shown = []
    for town in mine:
        own = [month for month in found if month.town_id == town.id]
        due = None if any(month.month_on >= last for month in own) else last
        shown.append(replace(town, months=own, due=due, may_close=town.id in closes))
    return shown


def _with_paths(town: Any) -> TownMonths:
    inside = (village.path for village in places.within("village", town.path))
    return TownMonths(town.id, town.code, town.name, town.path, (town.path, *inside))


def _page(actor: Actor, town_id: int, on: dt.date) -> MonthPage:
    area = places.area(town_id)
    if area is None or area.kind != "town":
        raise NotFound
    town = _with_paths(area)
    must(actor, Perm.MONTH_READ, town)
    month = months.month(town_id, on)
    if month is None and policies.add_months(on, 1) > clock.today():
        raise NotFound
    closes = can(actor, Perm.MONTH_CLOSE, area)
    names = people.names(one for one in (month.drafted_by, month.published_by) if one) if month else {}
    draft = month is not None and month.state == "draft"
    own = month is not None and actor.is_me(month.drafted_by)
    return MonthPage(
        town=town,
        on=on,
        month=month,
        sums=sums_of(month) if month else (),
        drafted_by=names.get(month.drafted_by or 0, "") if month else "",
        published_by=names.get(month.published_by or 0, "") if month else "",
        may_draft=closes and (month is None or draft),
        may_publish=closes and draft and not own and month is not None and clock.today() > month.window_until,
        own_draft=own,
        window_open=month is not None and draft and clock.today() <= month.window_until,
    )
