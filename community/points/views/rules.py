"""Rules for everybody: what holds in a town, how it came about, what is published for objections."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.errors import DomainError, NotFound
from community.core.i18n import _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import public, requires
from community.core.web.session import current_actor, must_be_signed_in
from community.places import queries as places
from community.points.forms.rules import ObjectForm
from community.points.queries import rule_sets
from community.points.services import proposing
from community.points.views import rule_pages
from community.points.views.blueprint import bp


@bp.get("/rules")
@public("rules are read by everybody")
def rules() -> str | Response:
    actor = current_actor()
    towns = places.towns()
    home = next((town for town in towns if actor and town.id == actor.town_id), None)
    if home is not None or len(towns) == 1:
        return redirect(url_for("points.rules_of", area_code=(home or towns[0]).code), 303)
    return render_template("points/rules_towns.html", towns=towns)


@bp.get("/rules/<area_code>")
@public("rules are read by everybody")
def rules_of(area_code: str) -> str | Response:
    area = places.area_by_code(area_code)
    town = places.area(area.town_id) if area and area.town_id else None
    if town is None:
        raise NotFound
    if town.code != area_code:
        return redirect(url_for("points.rules_of", area_code=town.code), 303)
    return render_template(
        "points/rules.html",
        town=town,
        rules=rule_pages.rules_of(town.id),
        sets=rule_pages.lines(rule_sets.public_of(town.id)),
        several=len(places.towns()) > 1,
    )


@bp.get("/rules/sets/<uuid:set_id>")
@public("published rules are read by everybody")
def rule_set(set_id: uuid.UUID) -> str:
    return _page(set_id, ObjectForm(formdata=None))


@bp.get("/rules/sets/<uuid:set_id>/trial")
@public("published rules are read by everybody")
def rule_trial(set_id: uuid.UUID) -> str | Response:
    page = rule_pages.page(current_actor(), rule_sets.for_everybody(set_id))
    if page.trial is None or page.few:
        return redirect(url_for("points.rule_set", set_id=set_id), 303)
    return render_template("points/rule_trial.html", page=page)


@bp.post("/rules/sets/<uuid:set_id>/object")
@requires(Perm.APPEAL_MAKE)
@command()
@security.refills
def object_to(set_id: uuid.UUID) -> Response | tuple[str, int]:
    form = ObjectForm()
    try:
        if form.validate():
            proposing.object_to(must_be_signed_in(), set_id, form.words.data or "")
            flash(plain(_("已记下。答复会公开在这里，也会发到您的消息里。")), "ok")
            return redirect(url_for("points.rule_set", set_id=set_id, _anchor="objections"), 303)
    except DomainError as error:
        if error.field != "words":
            raise
        form.words.errors = [str(error.message)]
    return _page(set_id, form), 422


def _page(set_id: uuid.UUID, form: ObjectForm) -> str:
    actor, found = current_actor(), rule_sets.for_everybody(set_id)
    town = places.area(found.town_id)
    mine = actor is not None and actor.town_id == found.town_id
    return render_template("points/rule_set.html", page=rule_pages.page(actor, found), town=town, form=form, mine=mine)
