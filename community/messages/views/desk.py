"""The desk of announcements: what was announced, a new one, taking one back."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.queries import actor_names
from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.ids import MAX_ID
from community.core.web import security
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.messages.forms import AnnouncementForm, WithdrawForm
from community.messages.queries import announcements
from community.messages.services import announcing
from community.messages.views.blueprint import bp
from community.places import pages


@bp.get("/desk/announcements")
@requires(Perm.ANNOUNCEMENT_MANAGE)
def desk_announcements() -> str:
    before = request.args.get("before", type=int)
    lines, older = announcements.at_desk(
        must_be_signed_in(), before=before if before and 0 < before <= MAX_ID else None
    )
    return render_template(
        "messages/desk_list.html",
        lines=lines,
        names=actor_names({line.by for line in lines}),
        areas=announcements.areas_to_tell(must_be_signed_in()),
        newest_href=url_for("messages.desk_announcements") if before else None,
        older_href=url_for("messages.desk_announcements", before=older) if older else None,
    )


@bp.get("/desk/announcements/new")
@requires(Perm.ANNOUNCEMENT_MANAGE)
def new_announcement() -> str:
    return render_template("messages/desk_new.html", form=_choices(AnnouncementForm(formdata=None)))


@bp.post("/desk/announcements/new")
@requires(Perm.ANNOUNCEMENT_MANAGE)
@command()
@security.refills
def publish_announcement() -> Response | tuple[str, int]:
    form = _choices(AnnouncementForm())
    try:
        if form.validate():
            made = announcing.publish(must_be_signed_in(), area_id=form.area_id.data or 0, words=form.words())
            flash(plain(_("已发布。")), "ok")
            return redirect(url_for("messages.desk_announcement", announcement_id=made), 303)
    except DomainError as error:
        if error.field is None or error.field not in form:
            raise
        form[error.field].errors = [str(error.message)]
    return render_template("messages/desk_new.html", form=form), 422


@bp.get("/desk/announcements/<id:announcement_id>")
@requires(Perm.ANNOUNCEMENT_MANAGE)
def desk_announcement(announcement_id: int) -> str:
    return _page(announcement_id, WithdrawForm(formdata=None))


@bp.post("/desk/announcements/<id:announcement_id>/withdraw")
@requires(Perm.ANNOUNCEMENT_MANAGE)
@command()
@security.refills
def withdraw_announcement(announcement_id: int) -> Response | tuple[str, int]:
    form = WithdrawForm()
    try:
        if form.validate():
            announcing.withdraw(must_be_signed_in(), announcement_id, reason=form.reason.data or "")
            flash(plain(_("已撤回。打开旧链接的人会看到撤回的原因。")), "ok")
            return redirect(url_for("messages.desk_announcement", announcement_id=announcement_id), 303)
    except DomainError as error:
        if error.field != "reason":
            raise
        form.reason.errors = [str(error.message)]
    return _page(announcement_id, form), 422


def _page(announcement_id: int, form: WithdrawForm) -> str:
    line = announcements.for_desk(must_be_signed_in(), announcement_id)
    return render_template("messages/desk_one.html", line=line, names=actor_names({line.by}), form=form)


def _choices(form: AnnouncementForm) -> AnnouncementForm:
    areas = announcements.areas_to_tell(must_be_signed_in())
    form.area_id.choices = pages.area_choices(areas)
    if form.area_id.data is None and areas:
        form.area_id.data = areas[0].id
    return form
