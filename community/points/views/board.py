"""The board of a town: groups first, then who chose to be named; and one's own choice, which ends at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.display import mask_name
from community.core.web.rights import public, requires
from community.core.web.session import current_actor, must_be_signed_in
from community.places import queries as places
from community.points.forms.board import AliasForm
from community.points.forms.deciding import refused
from community.points.models import MonthGroup, PeriodClose
from community.points.queries import accounts, boards, groups
from community.points.services import showing
from community.points.views.blueprint import bp
from community.points.views.ledger import town_of_code


@dataclass(frozen=True)
class Shown:
    """Somebody on the board, as everybody reads it; `own` for herself alone."""

    place: int
    name: str
    points: int
    own: bool


@dataclass(frozen=True)
class Board:
    """A town's newest published month, None before the first; `people` is empty while fewer than five are named."""

    town: str
    town_code: str
    month: PeriodClose | None
    groups: Mapping[str, Sequence[MonthGroup]]
    people: Sequence[Shown]
    more: int


@dataclass(frozen=True)
class Choice:
    """A town where the actor has points, and whether and as what she is named there."""

    town_id: int
    town: str
    town_code: str
    chosen: bool
    shown_as: str
    alias: str


@bp.get("/ledger/<town_code>/board")
@public("teams and grids together; of people only who chose to be named")
def town_board(town_code: str) -> str:
    return render_template("points/town_board.html", page=_board(town_code))


@bp.get("/points/board")
@requires(Perm.POINTS_READ)
def board() -> str:
    actor = must_be_signed_in()
    return render_template("points/board.html", choices=_choices(actor), minor=actor.minor, faulty={})


@bp.post("/points/board/<id:town_id>")
@requires(Perm.POINTS_READ)
@command()
@security.refills
def join_board(town_id: int) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), AliasForm()
    try:
        if form.validate():
            showing.choose(actor, town_id, form.alias.data or "")
            flash(plain(_("已上榜。随时可以下榜，下榜立刻不见。")), "ok")
            return redirect(url_for("points.board"), 303)
    except DomainError as error:
        if error.field != "alias":
            raise
        refused(form.alias, error.message)
    page = render_template("points/board.html", choices=_choices(actor), minor=actor.minor, faulty={town_id: form})
    return page, 422


@bp.post("/points/board/<id:town_id>/leave")
@requires(Perm.POINTS_READ)
@command()
def leave_board(town_id: int) -> Response:
    showing.leave(must_be_signed_in(), town_id)
    flash(plain(_("已下榜，榜上已经没有您。")), "ok")
    return redirect(url_for("points.board"), 303)


def _board(town_code: str) -> Board:
    town, actor = town_of_code(town_code), current_actor()
    month = groups.latest(town.id)
    # Names come off with the rest of the month's board, ninety days after it was published.
    found = groups.named(month) if month and boards.is_shown(month) else []
    people = [
        Shown(one.place, one.alias or mask_name(one.name), one.points, bool(actor and actor.is_me(one.member_id)))
        for one in found
    ]
    shown = [one for index, one in enumerate(people) if index < groups.NAMED or one.own]
    kept = groups.kept(month) if month else {"team": [], "grid": []}
    return Board(town.name, town.code, month, kept, shown, len(people) - len(shown))


def _choices(actor: Actor) -> list[Choice]:
    made, found = [], groups.chosen(actor.ids)
    for purse in accounts.balance(actor.member_id).purses:
        town, chosen = places.area(purse.town_id), found.get(purse.town_id)
        if town is None:
            continue
        alias = (chosen.alias if chosen else None) or ""
        made.append(
            Choice(town.id, town.name, town.code, chosen is not None, alias or mask_name(actor.name), alias)
        )  # fmt: skip
    return made
