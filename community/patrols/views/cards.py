"""The page of a member card: nothing to strangers; a leader of its holder checks her in with one tap."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.looks import Shown, audits_shown
from community.core.authz import Perm, can
from community.core.i18n import _, plain
from community.core.ids import parse_id
from community.core.web import device
from community.core.web.command import command
from community.core.web.rights import public, requires
from community.core.web.session import current_actor, must_be_signed_in
from community.patrols import texts
from community.patrols.services import proxy
from community.patrols.services.checkin import Outcome
from community.patrols.views.blueprint import bp
from community.people import cards
from community.places import codes


@bp.get("/m/<card>")
@public("a member card says what it is to everybody; whose it is only to her leaders")
@audits_shown("patrols.card")
def card(card: str) -> str | Shown:
    hosts, actor = codes.accepted_hosts(request.host), current_actor()
    # Strangers learn nothing from the database, not even whether the card still counts.
    cards.must_be_ours(card, hosts)
    if actor is None or not can(actor, Perm.CARD_USE):
        return render_template("patrols/card_stranger.html", here=request.path)
    found = proxy.holder(actor, cards.read(card, hosts))
    page = render_template(
        "patrols/card.html", holder=found, posts=proxy.posts(actor), own=actor.is_me(found.member.id), card=card
    )
    return Shown(page, [found.member.id])


@bp.post("/m/<card>/checkin")
@requires(Perm.CARD_USE)
@command()
def use_card(card: str) -> Response:
    hosts, actor = codes.accepted_hosts(request.host), must_be_signed_in()
    post_id = parse_id(request.form.get("post_id")) or 0
    outcome = proxy.check_in_for(actor, cards.read(card, hosts), post_id=post_id, device=device.current())
    return _after(outcome, card)


@bp.get("/m/<card>/refused/<code>")
@requires(Perm.CARD_USE)
@audits_shown("patrols.card")
def card_refused(card: str, code: str) -> Shown:
    found = proxy.holder(must_be_signed_in(), cards.read(card, codes.accepted_hosts(request.host)))
    why = texts.PROXY_REFUSALS.get(code, texts.PROXY_REFUSALS["not_member"])
    page = render_template("patrols/card_refused.html", holder=found, why=why, card=card)
    return Shown(make_response(page, 403), [found.member.id])


def _after(outcome: Outcome, card: str) -> Response:
    if outcome.checkin_id is None:
        return redirect(url_for("patrols.card_refused", card=card, code=outcome.code), 303)
    if outcome.status == "duplicate":
        flash(plain(_("她刚才已打过卡，没有重复记。")), "tip")
    return redirect(url_for("patrols.receipt", checkin_id=str(outcome.checkin_id)), 303)
