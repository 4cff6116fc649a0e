"""The inbox page."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.db import transaction
from community.core.ids import MAX_ID
from community.core.web.command import command
from community.core.web.rights import signed_in
from community.core.web.session import must_be_signed_in
from community.messages import queries, services, wording
from community.messages.queries import announcements
from community.messages.views.blueprint import bp

# Announcements above the messages; the rest is on their own page.
ANNOUNCED = 3


@bp.get("/inbox")
@signed_in
def inbox() -> str:
    actor = must_be_signed_in()
    before = request.args.get("before", type=int)
    found = queries.inbox(actor, before=before if before and 0 < before <= MAX_ID else None)
    names = wording.names_in(line.params for line in found.lines)
    return render_template(
        "messages/inbox.html",
        lines=[(line, *wording.words(line.kind, line.params, names)) for line in found.lines],
        unread=found.unread,
        announced=announcements.shown_to(actor, limit=ANNOUNCED) if before is None else [],
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


@bp.post("/inbox/open")
@signed_in
def open_message() -> Response:
    """Open an unread message: no command, because opening it twice is the same and decides nothing."""
    message_id = request.form.get("message", default=0, type=int)
    with transaction():
        link = services.open_message(must_be_signed_in(), message_id if 0 < message_id <= MAX_ID else 0)
    return redirect(link or url_for("messages.inbox"), 303)
