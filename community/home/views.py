"""Home, preferences, landing pages and the desk."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from community.core.web import preferences as looks
from community.core.web.rights import public

bp = Blueprint("home", __name__)


@bp.get("/")
@public("the front door")
def index() -> str:
    return render_template("home/index.html")


@bp.post("/preferences")
@public("text size and language belong to the phone, not to an account")
def preferences() -> Response:
    chosen = looks.change(request.form.get("size"), request.form.get("theme"), request.form.get("lang"))
    back = urlsplit(request.referrer or "/")
    # Only the path of the page she came from: nothing of a foreign Referer is followed.
    answer = redirect(back.path or "/", 303)
    looks.send(answer, chosen)
    return answer
