"""Finding a team and applying: what kind, where, which, then one form. Open to everybody, also without a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Actor
from community.core.errors import Conflict, DomainError
from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.web import security
from community.core.web.command import command
from community.core.web.limits import limiter
from community.core.web.rights import public
from community.core.web.session import current_actor, last_member, sign_in
from community.people import queries as people
from community.people.views import arrival, known
from community.teams import queries, services
from community.teams.forms import ApplyForm
from community.teams.services import Newcomer
from community.teams.views import pages
from community.teams.views.blueprint import bp

V = TypeVar("V", bound=Callable[..., Any])
_KINDS = "any(patrol, captains, riders, school_gate, flood_watch, mediation, publicity)"
# Carriers put thousands behind one address: loose, and only against programs that register people by the hundred.
PER_ADDRESS = "300 per hour"


@bp.get("/join")
@public("anybody may see what volunteers do")
def kinds() -> str:
    return render_template("teams/kinds.html", kinds=pages.kinds())


@bp.get(f"/join/<{_KINDS}:kind>")
@public("anybody may look for a team")
def choose(kind: str) -> str:
    anywhere = request.args.get("area") == "all"
    page = pages.choose(kind, area_of_request(), current_actor(), anywhere=anywhere)
    return render_template("teams/choose.html", page=page)


@bp.get("/join/<id:team_id>")
@public("anybody may look at a team and apply")
def join(team_id: int) -> Response:
    actor = current_actor()
    known = queries.open_membership(actor.member_id, team_id) if actor else None
    if known:
        return redirect(url_for("teams.membership", membership_id=known), 303)
    page = pages.joining(team_id, area_of_request(), actor)
    if page.team.kind == "captains" and page.area is None:
        return redirect(url_for("teams.choose", kind="captains"), 303)
    return _form_page(team_id, pages.form_for(team_id, area_of_request(), actor))


def stays_signed_in(view: V) -> V:
    """Sign a new member in again when her phone sends the same form twice and only the second answer arrives.

    The stored answer names her membership and goes to the same phone with the same key and body alone; it lets nobody
    in who has been verified since, and nobody where the first answer did arrive: a browser in which somebody was signed
    in, whom the next person at it may want to be.
    """

    @wraps(view)
    def run(**arguments: Any) -> Response:
        used = last_member()
        answer = make_response(view(**arguments))
        if "Idempotent-Replayed" in answer.headers and not used:
            newcomer = queries.newcomer_of(answer.headers.get("Location", ""))
            if newcomer is not None:
                sign_in(*newcomer)
                known.remember(answer, newcomer[0])
        return answer

    return run  # type: ignore[return-value]


@bp.post("/join/<id:team_id>")
@limiter.limit(PER_ADDRESS, deduct_when=lambda answer: answer.status_code == 303)
@stays_signed_in
@public("anybody may apply; who is new becomes a provisional member")
@command(volatile=("password",))
@security.refills
def apply(team_id: int) -> Response:
    actor = current_actor()
    known = queries.open_membership(actor.member_id, team_id) if actor else None
    if known:
        flash(plain(_("您已经报过这支队了，这里是办理进度。")), "tip")
        return redirect(url_for("teams.membership", membership_id=known), 303)
    form = pages.form_for(team_id, area_of_request(), actor)
    if not form.validate_on_submit():
        return _form_page(team_id, form, 422)
    try:
        membership = services.apply(
            actor,
            team_id=team_id,
            newcomer=None if actor else _newcomer(form),
            building_id=form.number("building_id"),
            agrees=bool(form.text("agrees")),
        )
    except DomainError as error:
        return _refused(team_id, form, error)
    return _received(actor, membership.member_id, membership.id)


def area_of_request() -> int | None:
    """Return the area that the address names, None for none or for nonsense."""
    return parse_id(request.args.get("area"))


def _newcomer(form: ApplyForm) -> Newcomer:
    return Newcomer(
        name=form.text("name"),
        phone=form.text("phone"),
        age_band=form.text("age_band"),
        home_area_id=form.number("home_area_id"),
        guardian_name=form.text("guardian_name") or None,
        guardian_phone=form.text("guardian_phone") or None,
        password=form.text("password") or None,
    )


def _refused(team_id: int, form: ApplyForm, error: DomainError) -> Response:
    if error.field is None and not isinstance(error, Conflict):
        raise error
    if not _told_kindly(error):
        form.blame(error)
    return _form_page(team_id, form, 422)


def _told_kindly(error: DomainError) -> bool:
    """Say whether the page has words of its own for what is no mistake: her age, or a question not asked yet."""
    not_asked = error.code == "guardian_missing" and "guardian_name" not in request.form
    return not_asked or error.code in {"under_14", "night_adults_only"}


def _received(actor: Actor | None, member_id: int, membership_id: int) -> Response:
    there = url_for("teams.membership", membership_id=membership_id)
    if actor is None:
        return arrival.arrive(member_id, people.known_member(member_id).session_epoch, next_path=there)
    return redirect(there, 303)


def _form_page(team_id: int, form: ApplyForm, status: int = 200) -> Response:
    page = pages.joining(team_id, area_of_request(), current_actor(), form)
    html = render_template("teams/join.html", page=page, form=form, area=area_of_request())
    return make_response(html, status)
