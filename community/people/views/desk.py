"""The desk's pages about people: the list of one's areas, a person's page, and what is decided there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.authz import Actor, Perm
from community.core.errors import DomainError
from community.core.i18n import Text, _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.forms import Form
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import phones, policies, queries, services
from community.people.forms import GuardianForm, ReasonForm, blamed
from community.people.views.blueprint import bp
from community.places import queries as places


@bp.get("/desk/people")
@requires(Perm.MEMBER_READ)
def desk_people() -> str:
    asked = request.args
    show = asked.get("show", "all")
    number = asked.get("page", "1")
    found = queries.people(
        must_be_signed_in(),
        text=asked.get("q", ""),
        show=show if show in queries.SHOWN else "all",
        number=int(number) if number.isdecimal() and len(number) < 7 else 1,
    )
    return render_template(
        "people/desk_list.html",
        found=found,
        areas=places.names(row.home_area_id for row in found.rows),
        masked=phones.masked,
        text=asked.get("q", "")[:40],
        show=show,
    )


@bp.get("/desk/people/<id:member_id>")
@requires(Perm.MEMBER_READ)
@audits_look("people.desk_person")
def desk_person(member_id: int) -> str:
    return _person_page(member_id)


def _person_page(member_id: int, guardian: GuardianForm | None = None, reason: ReasonForm | None = None) -> str:
    actor = must_be_signed_in()
    member = queries.for_desk(actor, member_id)
    return render_template(
        "people/desk_person.html",
        member=member,
        area=places.place_line(member.home_path),
        names=queries.names(key for key in (member.verified_by, member.guardian_by) if key),
        masked=phones.masked,
        guardian_form=guardian or GuardianForm(formdata=None),
        reason_form=reason or ReasonForm(formdata=None),
        oneself=actor.member_id == member_id,
        at_home=policies.covers_home(actor, member),
    )


@bp.post("/desk/people/<id:member_id>/verify")
@requires(Perm.MEMBER_VERIFY)
@command()
def verify(member_id: int) -> Response:
    services.verify(must_be_signed_in(), member_id=member_id)
    return _back_to(member_id, _("已核实。"))


@bp.post("/desk/people/<id:member_id>/guardian")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def confirm_guardian(member_id: int) -> Response | tuple[str, int]:
    form = GuardianForm()

    def confirm(actor: Actor) -> None:
        services.confirm_guardian(actor, member_id=member_id, how=form.how.data)

    if not _done(form, confirm):
        return _person_page(member_id, guardian=form), 422
    return _back_to(member_id, _("监护人的同意已登记。"))


@bp.post("/desk/people/<id:member_id>/suspend")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def suspend(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.suspend(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已暂停，她能看到原因。"))


@bp.post("/desk/people/<id:member_id>/reinstate")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def reinstate(member_id: int) -> Response | tuple[str, int]:
    form = ReasonForm()
    if not _done(form, lambda actor: services.reinstate(actor, member_id=member_id, reason=form.reason.data)):
        return _person_page(member_id, reason=form), 422
    return _back_to(member_id, _("已恢复。"))


def _done(form: Form, act: Callable[[Actor], Any]) -> bool:
    """Do `act` if the form is whole; a refusal that belongs to one of its fields is noted there."""
    if not form.validate_on_submit():
        return False
    try:
        act(must_be_signed_in())
    except DomainError as error:
        if error.field is None:
            raise
        blamed(form, error)
        return False
    return True


def _back_to(member_id: int, said: Text) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("people.desk_person", member_id=member_id), 303)
