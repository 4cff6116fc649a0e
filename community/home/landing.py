"""The page of a scanned code, and the form for a typed one. A GET never records (checkin.md §1.9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core import clock
from community.core.authz import Actor
from community.core.ids import clean_code, is_code
from community.core.web import pictures
from community.core.web.faults import wants_json
from community.core.web.limits import limiter, wrong_codes
from community.core.web.rights import public
from community.core.web.session import current_actor
from community.home import scanning
from community.home.views import bp
from community.patrols.views import first, scan
from community.people import consents, queries as people
from community.places import codes, hanging, queries as places
from community.places.codes import PosterRevoked, ScannedPost, TokenBad
from community.teams import queries as teams

__all__ = ["bp", "landing", "scanning", "type_code"]


@dataclass(frozen=True)
class Landing:
    """What can be done at this place. `kept` is a scan that sign-in interrupted."""

    post: ScannedPost
    place: str
    token: str
    kept: scan.Kept | None
    consent: consents.ConsentText | None
    in_place: bool
    at: dt.datetime
    # Nobody is signed in here, and who is here for the first time may register on the spot.
    may_be_first: bool
    # She puts up signs here: a picture says that this one hangs.
    installs: bool = False


@bp.get("/p/<token>")
@wrong_codes
@public("a printed code opens for everybody")
def landing(token: str) -> Response:
    try:
        post = codes.resolve(token, codes.accepted_hosts(request.host))
    except PosterRevoked as revoked:
        near = places.posts_near(revoked.post.post_id)
        leaders = teams.leaders(revoked.post.scope_path)
        return make_response(render_template("home/revoked.html", post=revoked.post, near=near, leaders=leaders), 410)
    except TokenBad as bad:
        if bad.typed or wants_json():
            raise
        return make_response(render_template("places/fake.html", code=token[:60]), 404)
    if first.is_offered(post):
        return make_response(render_template("patrols/first.html", page=first.opened(post, token)))
    return make_response(render_template("home/landing.html", page=_page(current_actor(), post, token)))


def _page(actor: Actor | None, post: ScannedPost, token: str) -> Landing:
    text = consents.current("presence")
    agreed = actor is not None and people.consented(actor.member_id, text.scope, text.version)
    return Landing(
        post=post,
        place=places.names([post.area_id]).get(post.area_id, ""),
        token=token,
        kept=scan.waiting(request, token) if actor else None,
        consent=None if agreed else text,
        in_place=post.state == "active" and not post.moved,
        at=clock.now(),
        may_be_first=actor is None and post.open_to == "anyone",
        installs=actor is not None and hanging.may_install(actor, post),
    )


@bp.get("/p/<token>/checkin")
@public("the page that answers a tap may be loaded anew")
def tapped(token: str) -> Response:
    """Lead back to the sign: a phone that loads the answer of a tap anew asks for this address."""
    return redirect(url_for("home.landing", token=token), 303)


@bp.get("/p/<token>/photo")
@wrong_codes
@public("who has a sign's code may see how the sign hangs")
def photo(token: str) -> Response:
    post = codes.resolve(token, codes.accepted_hosts(request.host))
    return pictures.answer(hanging.photo_of(post.print_id), small=True)


@bp.get("/p")
@public("anyone may type the code of a sign")
@limiter.limit("60/minute")
def type_code() -> Response | str:
    typed = clean_code(request.args.get("code", "")[:40])
    if not typed:
        return render_template("home/type_code.html", typed="", wrong=False)
    if is_code(typed):
        return redirect(url_for("home.landing", token=typed), 303)
    return make_response(render_template("home/type_code.html", typed=typed, wrong=True), 422)
