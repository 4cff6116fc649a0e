"""Announcements for their readers: the list, one of them, and "I have read it"."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.errors import NotFound
from community.core.i18n import _
from community.core.web.command import command
from community.core.web.rights import public, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.messages.queries import announcements
from community.messages.services import announcing
from community.messages.views.blueprint import bp


@bp.get("/announcements")
@public("what is announced to everyone is for everyone")
def announcement_list() -> str:
    return render_template("messages/announcements.html", notices=announcements.shown_to(current_actor(), limit=50))


@bp.get("/announcements/<id:announcement_id>")
@public("what is announced to everyone is for everyone")
def announcement(announcement_id: int) -> str:
    notice = announcements.one(current_actor(), announcement_id)
    if notice is None:
        raise NotFound(_("没有这条公告，或者它不是发给您的。"))
    return render_template("messages/announcement.html", notice=notice)


@bp.post("/announcements/<id:announcement_id>/read")
@signed_in
@command()
def read_announcement(announcement_id: int) -> Response:
    announcing.mark_read(must_be_signed_in(), announcement_id)
    return redirect(url_for("messages.inbox"), 303)
