"""Checking in at a post, and receipts."""

from __future__ import annotations

import datetime as dt
import uuid

from flask import Request, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.errors import NotFound
from community.core.ids import clean_code, is_code, parse_uuid
from community.core.slots import Slot
from community.core.web import device
from community.core.web.command import command, passing
from community.core.web.limits import limiter, wrong_codes
from community.core.web.rights import public, signed_in
from community.core.web.session import current_actor, must_be_signed_in
from community.patrols.policies import REFUSALS
from community.patrols.services.checkin import Outcome, check_in, refuse
from community.patrols.views import first, pages, scan
from community.patrols.views.blueprint import bp
from community.places import codes
from community.places.codes import PosterRevoked, ScannedPost, TokenBad

# Higher rooms show what a check-in brought (page: the receipt).
checkin_receipt = Slot("checkin_receipt")

_POSITION = ("lat", "lon", "acc", "age_ms", "crs", "pos_denied")


@bp.post("/p/<token>/checkin")
@wrong_codes
@limiter.limit(first.PER_ADDRESS, deduct_when=first.is_newcomer)
@limiter.limit(first.PER_DEVICE, key_func=device.current, deduct_when=first.is_newcomer)
@first.stays_signed_in
@public("a first visitor registers where anyone may; any other scan without a session is finished after sign-in")
@command(volatile=_POSITION)
def make(token: str) -> Response:
    try:
        post = codes.resolve(token, codes.accepted_hosts(request.host))
    except (TokenBad, PosterRevoked) as bad:
        return _bad_code(token, bad)
    actor, kept = current_actor(), scan.unseal(request.form.get("scan"), token)
    found = kept.evidence if kept else scan.evidence(request.form, post)
    if actor is None:
        kept = kept or scan.capture(token, found)
        return first.visit(post, token, kept) if first.is_sent(post) else _sign_in_first(token, kept)
    if kept is None and scan.needs_second_fix(request.form, found, token):
        return make_response(render_template("patrols/again.html", page=pages.again(post, token)), 200)
    outcome = check_in(
        actor,
        post,
        found,
        device=device.current(),
        at=kept.captured_at if kept else None,
        agrees=bool(request.form.get("agree")),
    )
    return _after(outcome, token)


def _bad_code(token: str, bad: TokenBad | PosterRevoked) -> Response:
    post: ScannedPost | None = getattr(bad, "post", None)
    actor, src = current_actor(), "typed" if is_code(clean_code(token)) else "poster"
    refuse(bad.code, device=device.current(), src=src, member_id=actor.member_id if actor else None, post=post)
    return redirect(url_for("home.landing", token=token[:60]), 303)


def _sign_in_first(token: str, kept: scan.Kept) -> Response:
    there = url_for("home.landing", token=token)
    response = make_response(redirect(url_for("people.sign_in", next=there), 303))
    scan.carry(response, kept)
    return passing(response)


def keep_scan(lost: Request) -> str | None:
    """Return the page that finishes, in one tap, a scan whose form lost its session; the position is a band by now.

    The panel of slot "keep_form" for check-ins: nothing of the form itself is kept.
    """
    if lost.endpoint != "patrols.make":
        return None
    token = str((lost.view_args or {}).get("token", ""))
    try:
        post = codes.resolve(token, codes.accepted_hosts(lost.host))
    except (TokenBad, PosterRevoked):
        return None
    kept = scan.unseal(lost.form.get("scan"), token) or scan.capture(token, scan.evidence(lost.form, post))
    if current_actor() is None and first.is_sent(post):
        return first.lost(post, token, kept)
    return render_template("patrols/finish.html", page=pages.finish(post, kept, agrees="agree" in lost.form))


def _after(outcome: Outcome, token: str) -> Response:
    if outcome.checkin_id is None:
        return redirect(url_for("patrols.refused", token=token, code=outcome.code), 303)
    again = 1 if outcome.status == "duplicate" else None
    there = url_for("patrols.receipt", checkin_id=str(outcome.checkin_id), again=again)
    response = make_response(redirect(there, 303))
    if scan.COOKIE in request.cookies:
        scan.forget(response)
    return response


@bp.get("/p/<token>/refused/<code>")
@wrong_codes
@public("says why a scan was not recorded")
def refused(token: str, code: str) -> Response:
    if code not in REFUSALS:
        raise NotFound
    post = codes.resolve(token, codes.accepted_hosts(request.host))
    page = pages.refused(current_actor(), post, code, url_for("home.landing", token=token))
    return make_response(render_template("patrols/refused.html", page=page), 403)


@bp.get("/checkins/<checkin_id>")
@signed_in
def receipt(checkin_id: str) -> str:
    actor = must_be_signed_in()
    page = pages.receipt(actor, checkin_id_of(checkin_id), again=request.args.get("again") == "1")
    welcome = page.own and not actor.verified and request.args.get("first") == "1"
    return render_template("patrols/receipt.html", page=page, welcome=welcome)


@bp.get("/checkins")
@signed_in
def mine() -> str:
    page = pages.mine(must_be_signed_in(), instant_of("before"))
    return render_template("patrols/mine.html", page=page)


def instant_of(argument: str) -> dt.datetime | None:
    """Return the instant in the query's `argument`, or None when it is none."""
    try:
        found = dt.datetime.fromisoformat(request.args.get(argument, ""))
        return found.astimezone(dt.UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def checkin_id_of(text: str) -> uuid.UUID:
    """Return the id that a URL spells; raises NotFound for anything else."""
    found = parse_uuid(text)
    if found is None:
        raise NotFound
    return found
