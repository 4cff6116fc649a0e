"""The front door, one's own page, the desk's to-do, help, and how this phone likes its pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from community.core.db import transaction
from community.core.web import preferences as looks, security
from community.core.web.offline import kept_offline
from community.core.web.rights import public, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.home import own, today
from community.messages.queries import announcements
from community.people.details import keep_looks
from community.people.views.arrival import local_path

bp = Blueprint("home", __name__)


@bp.get("/")
@kept_offline
@public("the front door")
def index() -> str:
    actor = current_actor()
    if actor is None:
        return render_template("home/index.html", notices=announcements.shown_to(None, limit=2))
    return render_template("home/today.html", page=today.today(actor))


@bp.get("/me")
@signed_in
def me() -> str:
    return render_template("home/me.html", page=own.profile(must_be_signed_in()))


@bp.get("/help")
@kept_offline
@public("help is for everybody")
def help() -> str:  # noqa: A001 - the address of the page
    return render_template("home/help.html")


@bp.get("/accessibility")
@public("whoever has trouble with a page must be able to read this one")
def accessibility() -> str:
    return render_template("home/accessibility.html")


@bp.post("/preferences")
@security.tokenless
@public("text size and language belong to the phone; of somebody signed in they follow her to the next one")
def preferences() -> Response:
    chosen = looks.change(request.form.get("size"), request.form.get("theme"), request.form.get("lang"))
    if (actor := current_actor()) is not None:
        with transaction():
            keep_looks(actor, language=chosen.lang, text_size=chosen.size)
    answer = redirect(_page_she_came_from(), 303)
    looks.send(answer, chosen)
    return answer


def _page_she_came_from() -> str:
    """Return path and query of the Referer if they open a page of this site, else the home page."""
    back = urlsplit(request.referrer or "")
    path = local_path(back.path + (f"?{back.query}" if back.query else ""))
    try:
        # What answered a POST (a form shown again) has no page to go back to.
        current_app.url_map.bind(request.host).match(path.partition("?")[0], method="GET")
    except HTTPException:
        return url_for("home.index")
    return path
