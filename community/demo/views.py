"""One tap to be somebody of the invented cast. In demo mode only: anywhere else there is no such page."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_babel import get_locale
from werkzeug.wrappers import Response

from community.core.config import settings
from community.core.errors import NotFound
from community.core.web.rights import public
from community.demo import queries
from community.demo.district import Words
from community.people.views import arrival
from community.people.views.kept import SignInPage

bp = Blueprint("demo", __name__)


@bp.post("/sign-in/demo")
@public("demo mode only: the invented people have no passwords")
def become() -> Response:
    person = _asked_for(request.form.get("person", ""))
    return arrival.arrive(
        person.member_id, person.epoch, next_path=request.form.get("next"), kept=request.form.get("kept")
    )


def _asked_for(key: str) -> queries.CastMember:
    found = (person for person in queries.cast_members() if person.plan.key == key) if settings().demo else ()
    for person in found:
        return person
    raise NotFound


def cast_panel(page: SignInPage) -> str | None:
    """Return the list of the cast for the sign-in page; None outside demo mode and where no demo is loaded."""
    people = queries.cast_members() if settings().demo else []
    if not people:
        return None
    rows = [(one.plan.key, one.plan.name, _said(one.plan.title), _said(one.plan.can)) for one in people]
    return render_template("demo/_cast.html", page=page, people=rows)


def _said(words: Words | None) -> str:
    if words is None:
        return ""
    return words.en if str(get_locale()).startswith("en") else words.zh
