"""The words by which members are named on a town's board, for who closes its months: one that will not do goes."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm, must
from community.core.errors import DomainError, NotFound
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.places import queries as places
from community.points.forms.board import TakeDownForm
from community.points.forms.deciding import refused
from community.points.queries import groups
from community.points.services import showing
from community.points.views.blueprint import bp

# As far as anybody turns pages.
_PAGES = 10_000


@bp.get("/desk/months/<id:town_id>/aliases")
@granted(Perm.MONTH_CLOSE)
def alias_list(town_id: int) -> str:
    return _page(town_id)


def _page(town_id: int, form: TakeDownForm | None = None) -> str:
    town = places.area(town_id)
    if town is None or town.kind != "town":
        raise NotFound
    must(must_be_signed_in(), Perm.MONTH_CLOSE, town)
    page = min(max(1, request.args.get("page", 1, type=int)), _PAGES)
    aliases, more = groups.aliases(town_id, page)
    form = form or TakeDownForm(formdata=None)
    return render_template(
        "points/aliases.html", town=town, aliases=aliases, page=page, more=more, form=form, at=form.alias.data
    )


@bp.post("/desk/months/<id:town_id>/aliases")
@granted(Perm.MONTH_CLOSE)
@command()
def take_alias_down(town_id: int) -> Response | tuple[str, int]:
    form = TakeDownForm()
    try:
        showing.take_down(must_be_signed_in(), town_id, form.alias.data or "", form.reason.data or "")
    except DomainError as error:
        if error.field != "reason":
            raise
        refused(form.reason, error.message)
        return _page(town_id, form), 422
    flash(plain(_("撤下来了，对方会看到理由。")), "ok")
    return redirect(url_for("points.alias_list", town_id=town_id), 303)
