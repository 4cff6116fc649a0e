"""The desk and people's data: who asked to be erased, and asking it for somebody who stands at the desk."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core import clock
from community.core.authz import Perm, can
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import display, security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.people import phones, requests
from community.people.erasing import COOLING_OFF, needed
from community.people.forms import ErasureForm, blamed
from community.people.queries import Person
from community.people.views.blueprint import bp


@bp.get("/desk/privacy")
@requires(Perm.MEMBER_VERIFY)
def privacy_requests() -> str:
    waiting, closed = requests.for_desk(must_be_signed_in())
    return render_template("people/desk_privacy.html", waiting=waiting, closed=closed, now=clock.now())


@bp.get("/desk/people/<id:member_id>/erase")
@requires(Perm.MEMBER_VERIFY)
@audits_look("people.desk_erase")
def desk_erase(member_id: int) -> str:
    return _erase_page(member_id, ErasureForm(formdata=None))


@bp.post("/desk/people/<id:member_id>/erase")
@requires(Perm.MEMBER_VERIFY)
@command()
@security.refills
def desk_erase_post(member_id: int) -> Response | tuple[str, int]:
    form = ErasureForm()
    if not form.validate_on_submit():
        return _erase_page(member_id, form), 422
    try:
        asked = requests.ask_erasure_for(must_be_signed_in(), member_id, form.how.data)
    except DomainError as error:
        if error.field is None:
            raise
        return _erase_page(member_id, blamed(form, error)), 422
    flash(plain(_("已登记，%(when)s 注销，之前可以撤回。", when=display.instant(asked.due_at))), "ok")
    return redirect(url_for("people.privacy_requests"), 303)


@bp.post("/desk/people/<id:member_id>/keep")
@requires(Perm.MEMBER_VERIFY)
@command()
def desk_keep(member_id: int) -> Response:
    requests.keep_for(must_be_signed_in(), member_id)
    flash(plain(_("已撤回注销申请。")), "ok")
    return redirect(url_for("people.privacy_requests"), 303)


def _erase_page(member_id: int, form: ErasureForm) -> str:
    member = requests.at_desk(must_be_signed_in(), member_id)
    return render_template(
        "people/desk_erase.html",
        form=form,
        member=member,
        masked=phones.masked(member.phone_cipher),
        against=needed(member_id),
        waiting=requests.waiting_erasure(member_id),
        hours=int(COOLING_OFF.total_seconds() // 3600),
    )


def panel(member: Person) -> str | None:
    """Return the way to erase the person of the desk's page, where the actor may ask for it."""
    actor = must_be_signed_in()
    if not can(actor, Perm.MEMBER_VERIFY, member) or actor.is_me(member.id) or member.status in {"merged", "left"}:
        return None
    return render_template("people/_erasure.html", member=member, waiting=requests.waiting_erasure(member.id))
