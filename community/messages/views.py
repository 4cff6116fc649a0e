"""The inbox page."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.ids import MAX_ID
from community.core.web.command import command
from community.core.web.rights import signed_in
from community.core.web.session import must_be_signed_in
from community.messages import queries, services, wording

bp = Blueprint("messages", __name__)


@bp.get("/inbox")
@signed_in
def inbox() -> str:
    actor = must_be_signed_in()
    before = request.args.get("before", type=int)
    found = queries.inbox(actor, before=before if before and 0 < before <= MAX_ID else None)
    return render_template(
        "messages/inbox.html",
        lines=[(line, *wording.words(line.kind, line.params)) for line in found.lines],
        unread=found.unread,
        newest=found.lines[0].id if found.lines else None,
        newest_href=url_for("messages.inbox") if before else None,
        older_href=url_for("messages.inbox", before=found.older) if found.older else None,
    )


@bp.post("/inbox/read")
@signed_in
@command()
def read_all() -> Response:
    actor = must_be_signed_in()
    newest = request.form.get("newest", default=0, type=int)
    services.mark_read(actor, newest_id=newest if 0 < newest <= MAX_ID else 0)
    return redirect(url_for("messages.inbox"), 303)
