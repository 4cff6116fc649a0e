"""The desk's budgets: what each town may still give, how that came about, and whether its points are covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm, can, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import Text, _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import queries as people
from community.places import queries as places
from community.points.forms.budgets import MoveForm
from community.points.models import BudgetMove
from community.points.queries import awards, budgets, solvency
from community.points.queries.awards import TownBudget
from community.points.queries.budgets import Year
from community.points.queries.solvency import Gauge
from community.points.services import budget as services
from community.points.views.blueprint import bp

# How the gauge is called: word, tone, icon.
STATES: dict[str, tuple[Text, str, str]] = {
    "green": (_("够兑付"), "green", "check"),
    "amber": (_("刚够兑付"), "amber", "alert"),
    "red": (_("不够兑付"), "red", "alert"),
    "unknown": (_("没有定价"), "grey", "info"),
}


@dataclass(frozen=True)
class Town:
    """A town's budgets and how it stands; `moves` are (move, who)."""

    id: int
    name: str
    gauge: Gauge
    years: Sequence[Year]
    moves: Sequence[tuple[BudgetMove, Text]]
    may_move: bool


@bp.get("/desk/budget")
@requires(Perm.BUDGET_READ)
def budget() -> str:
    found = awards.budgets(must_be_signed_in())
    return render_template("points/budget.html", budgets=found, looks=_looks(found))


@bp.get("/desk/budget/<id:town_id>")
@requires(Perm.BUDGET_READ)
def town_budget(town_id: int) -> str:
    return _page(town_id, MoveForm(formdata=None))


@bp.post("/desk/budget/<id:town_id>")
@requires(Perm.BUDGET_MANAGE)
@command()
@security.refills
def move_budget(town_id: int) -> Response | tuple[str, int]:
    form = MoveForm().prepare(0)
    if not _moved(must_be_signed_in(), town_id, form):
        return _page(town_id, form), 422
    flash(plain(_("改好了。等预算的积分十分钟内补记。")), "ok")
    return redirect(url_for("points.town_budget", town_id=town_id), 303)


def _moved(actor: Actor, town_id: int, form: MoveForm) -> bool:
    """Say whether the budget was moved; False when the form has to be shown again, with the error at its field."""
    must(actor, Perm.BUDGET_MANAGE, _town(town_id))
    if not form.validate():
        return False
    try:
        services.move(
            actor,
            town_id,
            form.year.data,
            form.change(),
            resolution=form.resolution.data or "",
            fen_per_point=form.fen_per_point.data or 0,
        )
    except DomainError as error:
        if error.field is None or error.field not in form:
            raise
        form[error.field].errors = [plain(part) for part in (error.message, error.next_step) if part]
        return False
    return True


def _page(town_id: int, form: MoveForm) -> str:
    actor, town = must_be_signed_in(), _town(town_id)
    must(actor, Perm.BUDGET_READ, town)
    gauge, moves = solvency.gauge(town_id), budgets.moves(town_id)
    names = people.names(one.by_id for one in moves)
    page = Town(
        id=town_id,
        name=town.name,
        gauge=gauge,
        years=budgets.years(town_id),
        moves=[(one, names.get(one.by_id) or _("服务器命令")) for one in moves],
        may_move=can(actor, Perm.BUDGET_MANAGE, town),
    )
    return render_template("points/budget_town.html", page=page, form=form.prepare(gauge.price))


def _town(town_id: int) -> Any:
    found = places.area(town_id)
    if found is None or found.kind != "town":
        raise NotFound
    return found


def _looks(found: Sequence[TownBudget]) -> dict[tuple[int, int], tuple[Text, str, str]]:
    """Return the gauge's look beside the newest year of each town: it is about today."""
    newest = {one.town_id: one.year for one in reversed(found)}
    return {(town_id, year): STATES[solvency.gauge(town_id).state] for town_id, year in newest.items()}
