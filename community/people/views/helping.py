"""Helping somebody in who stands before one: a one-time code, shown once; and lifting the waits of wrong tries."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import flash, make_response, redirect, render_template, session as cookie, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.authz import Perm, can
from community.core.config import settings
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import requires, signed_in
from community.core.web.session import must_be_signed_in
from community.people import codes, phones, queries, services
from community.people.forms import HelpForm, blamed
from community.people.queries import Person
from community.people.views.blueprint import bp

V = TypeVar("V", bound=Callable[..., Any])
# In the session of who made a code: the one that the next page shows.
SHOWN_ONCE = "code_shown"


@bp.get("/codes")
@signed_in
def helping() -> str:
    led = codes.leads(must_be_signed_in())
    names = queries.names(led)
    people = sorted(((names[key], where, key) for key, where in led.items() if key in names), key=lambda one: one[1:])
    return render_template("people/helping.html", people=people)


@bp.get("/codes/for/<id:member_id>")
@signed_in
@audits_look("people.code_page")
def new_code(member_id: int) -> str:
    return _form_page(member_id, HelpForm(formdata=None))


def shows_once(view: V) -> V:
    """Show the code also when only the second answer to the same form reaches its maker's phone."""

    @wraps(view)
    def run(**arguments: Any) -> Response:
        answer = make_response(view(**arguments))
        made = answer.headers.get("Location", "").rpartition("/codes/")[2]
        if answer.status_code == 303 and made.isdecimal():
            cookie[SHOWN_ONCE] = made
        return answer

    return run  # type: ignore[return-value]


@bp.post("/codes/for/<id:member_id>")
@shows_once
@signed_in
@command()
def make_code(member_id: int) -> Response | tuple[str, int]:
    form, actor = HelpForm(), must_be_signed_in()
    if not form.validate_on_submit():
        return _form_page(member_id, form), 422
    try:
        made = codes.make(
            actor, member_id=member_id, how=form.how.data, why=form.why.data, checked=bool(form.checked.data)
        )
    except DomainError as error:
        if error.field is None:
            raise
        return _form_page(member_id, blamed(form, error)), 422
    return redirect(url_for("people.show_code", code_id=made.id), 303)


@bp.get("/codes/<id:code_id>")
@signed_in
def show_code(code_id: int) -> Response:
    row, member, digits = codes.shown(must_be_signed_in(), code_id)
    first = cookie.pop(SHOWN_ONCE, None) == str(code_id)
    html = render_template(
        "people/code.html",
        row=row,
        member=member,
        code=f"{digits[:4]} {digits[4:]}" if first else None,
        phone=phones.masked(member.phone_cipher),
        address=f"{settings().public_url}/sign-in/code",
        at_desk=_at_desk(member),
    )
    answer = make_response(html)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/desk/people/<id:member_id>/waits")
@requires(Perm.CODE_MAKE)
@command()
def lift_waits(member_id: int) -> Response:
    services.lift_waits(must_be_signed_in(), member_id=member_id)
    flash(plain(_("已解除，她现在就能再试。")), "ok")
    return redirect(url_for("people.desk_person", member_id=member_id), 303)


def _form_page(member_id: int, form: HelpForm) -> str:
    actor = must_be_signed_in()
    member = codes.helpable(actor, member_id)
    return render_template(
        "people/code_new.html",
        form=form,
        member=member,
        phone=phones.masked(member.phone_cipher),
        at_desk=_at_desk(member),
    )


def _at_desk(member: Person) -> bool:
    """Say whether she came from the desk's page of the person, and goes back there."""
    return can(must_be_signed_in(), Perm.MEMBER_READ, member)
