"""Writing a mandate down for somebody without a phone: the helper's code, and a photo of the paper that was signed."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.audit.looks import audits_look
from community.core.errors import DomainError, Forbidden, NotFound
from community.core.i18n import _, plain
from community.core.uploads import Picture, PictureRefused
from community.core.web import security, sent
from community.core.web.command import command
from community.core.web.limits import handed_code_forms
from community.core.web.rights import signed_in
from community.core.web.session import must_be_signed_in
from community.people import mandates as services, policies, standing
from community.people.forms import MandatePaperForm, blamed
from community.people.queries import Person
from community.people.views import mandate_pages as pages
from community.people.views.blueprint import bp


@bp.get("/people/<id:member_id>/mandate")
@signed_in
@audits_look("people.mandate")
def witness_mandate(member_id: int) -> str:
    return _page(member_id, MandatePaperForm(formdata=None))


def _read_photo(member_id: int) -> Picture | PictureRefused:
    """Decode the photo before the transaction, only for who may write a mandate down."""
    services.witnessed(must_be_signed_in(), member_id)
    return sent.picture()


@bp.post("/people/<id:member_id>/mandate")
@handed_code_forms
@signed_in
@sent.takes_pictures
@command(first=_read_photo)
@security.refills
def witness_mandate_post(member_id: int, ready: Picture | PictureRefused) -> Response | tuple[str, int]:
    form = MandatePaperForm()
    if not form.validate_on_submit():
        return _page(member_id, form), 422
    if isinstance(ready, PictureRefused):
        form.photo.errors = [sent.why(ready)]
        return _page(member_id, form), 422
    code, seen = form.code.data or "", bool(form.seen.data)
    try:
        made = services.register(must_be_signed_in(), member_id, code=code, picture=ready, seen=seen)
    except DomainError as error:
        if error.field is None:
            raise
        return _page(member_id, blamed(form, error)), 422
    flash(plain(_("已登记，双方都会收到消息。")), "ok")
    return redirect(url_for("people.mandate", mandate_id=made.mandate_id), 303)


def _page(member_id: int, form: MandatePaperForm) -> str:
    member = services.witnessed(must_be_signed_in(), member_id)
    rows = [row for row, _found in pages.listed(standing.of_member(member.id))]
    return render_template(
        "people/mandate_witness.html",
        member=member,
        mandates=rows,
        form=form,
        minor=member.age_band == policies.MINOR,
        unguarded=policies.needs_guardian(member),
    )


def panel(member: Person) -> str | None:
    """Return who acts for the person of the desk's page, and the way to write another down."""
    try:
        services.witnessed(must_be_signed_in(), member.id)
    except (Forbidden, NotFound):
        return None
    rows = [row for row, _found in pages.listed(standing.of_member(member.id))]
    return render_template("people/_mandates.html", member=member, mandates=[row for row in rows if row.alive])
