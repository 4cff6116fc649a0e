"""The desk's pages about offices: who holds which where, giving one, changing its last day, ending it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.access import queries, services
from community.access.forms import EndDateForm, EndForm, GrantForm
from community.audit.looks import audits_look
from community.core import clock
from community.core.authz import Perm
from community.core.errors import DomainError, Forbidden
from community.core.i18n import _, plain
from community.core.ids import MAX_ID
from community.core.web import preferences as looks, searches, security
from community.core.web.command import command
from community.core.web.display import indented
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import phones, queries as people
from community.people.forms import blamed
from community.places import queries as places

bp = Blueprint("access", __name__)


@bp.get("/desk/grants")
@requires(Perm.GRANT_READ)
def grants() -> str:
    actor, asked = must_be_signed_in(), request.args
    show = asked.get("show", "now")
    chosen = {
        searches.SEALED: asked.get(searches.SEALED, "") if searches.asked() else "",
        "role": asked.get("role", "")[:30],
        "show": show if show in queries.SHOWN else "now",
    }
    found = queries.grants(
        actor, text=searches.asked(), role=chosen["role"], show=chosen["show"], number=_number("page") or 1
    )
    return render_template(
        "access/grants.html",
        found=found,
        chosen=chosen,
        text=searches.asked(),
        roles=queries.role_names(actor),
        english=looks.current().lang == "en",
        soon=clock.now() + queries.SOON,
        now=clock.now(),
    )


@bp.post("/desk/grants")
@requires(Perm.GRANT_READ)
def look_for_grants() -> Response:
    """A search by name: it writes nothing, and leads to the list without the name in its address."""
    return searches.lead(
        "access.grants", role=request.form.get("role", "")[:30], show=request.form.get("show", "")[:30]
    )


@bp.post("/desk/grants/new")
@requires(Perm.GRANT_MANAGE)
def look_for_holder() -> Response:
    return searches.lead("access.find")


@bp.get("/desk/grants/new")
@requires(Perm.GRANT_MANAGE)
def find() -> str:
    """Find the person first: an office is given to somebody, not to a number."""
    actor, text = must_be_signed_in(), searches.asked()
    found = people.people(actor, text=text, show="verified") if text.strip() else None
    return render_template(
        "access/find.html",
        text=text,
        found=found,
        masked=phones.masked,
        areas=places.names(row.home_area_id for row in found.rows) if found else {},
    )


@bp.get("/desk/grants/new/<id:member_id>")
@requires(Perm.GRANT_MANAGE)
@audits_look("access.new_grant")
def new_grant(member_id: int) -> str:
    return _new_page(member_id, _grant_form(formdata=None, data={"starts_on": clock.today()}))


@bp.post("/desk/grants/new/<id:member_id>")
@requires(Perm.GRANT_MANAGE)
@command()
@security.refills
def give(member_id: int) -> Response | tuple[str, int]:
    form = _grant_form()
    people.for_desk(must_be_signed_in(), member_id)
    try:
        if form.validate_on_submit():
            made = _give(member_id, form)
            flash(plain(_("已授权，从所选日期起生效。她会收到消息。")), "ok")
            return redirect(url_for("access.grant", grant_id=made.id), 303)
    except DomainError as error:
        _blame(form, error, "role")
    return _new_page(member_id, form), 422


@bp.get("/desk/grants/<id:grant_id>")
@requires(Perm.GRANT_READ)
def grant(grant_id: int) -> str:
    return _grant_page(grant_id)


@bp.post("/desk/grants/<id:grant_id>/until")
@requires(Perm.GRANT_MANAGE)
@command()
@security.refills
def change_end(grant_id: int) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), EndDateForm()
    queries.one_grant(actor, grant_id)
    try:
        if form.validate_on_submit():
            services.change_end(actor, grant_id, until=_last_day(form.until_on.data), reason=form.reason.data)
            flash(plain(_("结束日期已改。她会收到消息。")), "ok")
            return redirect(url_for("access.grant", grant_id=grant_id), 303)
    except DomainError as error:
        _blame(form, error, "until_on")
    return _grant_page(grant_id, change=form), 422


@bp.post("/desk/grants/<id:grant_id>/end")
@requires(Perm.GRANT_MANAGE)
@command()
@security.refills
def end_now(grant_id: int) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), EndForm()
    queries.one_grant(actor, grant_id)
    try:
        if form.validate_on_submit():
            services.end_grant(actor, grant_id, reason=form.why.data)
            flash(plain(_("授权已结束，权限立即失效。")), "ok")
            return redirect(url_for("access.grant", grant_id=grant_id), 303)
    except DomainError as error:
        _blame(form, error, "why")
    return _grant_page(grant_id, ending=form), 422


def _give(member_id: int, form: GrantForm) -> Any:
    actor, starts_on = must_be_signed_in(), form.starts_on.data or clock.today()
    return services.grant(
        actor,
        member_id=member_id,
        role=form.role.data,
        place=queries.area_to_give(actor, int(form.area_id.data)),
        reason=form.reason.data,
        starts_at=max(clock.now(), clock.at_local(starts_on, dt.time.min))
        if starts_on == clock.today()
        else clock.at_local(starts_on, dt.time.min),
        until=_last_day(form.until_on.data),
    )


def _blame(form: Any, error: DomainError, field: str) -> None:
    """Show at the form what belongs to a field of it, and what giving refuses; the rest is a page of its own."""
    if error.field is None and not (isinstance(error, Forbidden) or error.status == 409):
        raise error
    blamed(form, error) if error.field else blamed(form, _at(error, field))


def _at(error: DomainError, field: str) -> DomainError:
    error.field = field
    return error


def _last_day(day: dt.date | None) -> dt.datetime | None:
    """The instant at which an office ends whose last day is `day`: the midnight after it."""
    return None if day is None else clock.at_local(day + dt.timedelta(days=1), dt.time.min)


def _grant_form(**given: Any) -> GrantForm:
    actor, form = must_be_signed_in(), GrantForm(**given)
    english = looks.current().lang == "en"
    roles = queries.roles_to_give(actor)
    form.role.choices = [("", plain(_("请选择"))), *((one.code, one.name_en if english else one.name) for one in roles)]
    areas = queries.areas_to_give(actor)
    form.area_id.choices = [(str(one.id), indented(one.name, one.path, areas[0].path)) for one in areas]
    return form


def _new_page(member_id: int, form: GrantForm) -> str:
    member = people.for_desk(must_be_signed_in(), member_id)
    return render_template(
        "access/new.html",
        form=form,
        member=member,
        place=places.place_line(member.home_path),
        offices=queries.held_by(member_id),
        english=looks.current().lang == "en",
        oneself=must_be_signed_in().is_me(member_id),
    )


def _grant_page(grant_id: int, change: EndDateForm | None = None, ending: EndForm | None = None) -> str:
    actor = must_be_signed_in()
    row = queries.one_grant(actor, grant_id)
    held = row.RoleGrant
    return render_template(
        "access/grant.html",
        row=row,
        held=held,
        place=queries.place_of(held),
        rights=queries.words_of(held.role),
        english=looks.current().lang == "en",
        change=change or EndDateForm(formdata=None, data={"until_on": queries.last_day(held.until)}),
        ending=ending or EndForm(formdata=None),
        mine=actor.is_me(held.member_id),
        now=clock.now(),
        soon=clock.now() + queries.SOON,
    )


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return min(int(text), MAX_ID) if text.isascii() and text.isdigit() and len(text) < 7 else None
