"""Member cards at the desk: issuing one on a person's page, printing it, revoking it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from markupsafe import Markup
from werkzeug.wrappers import Response

from community.audit.looks import Shown, audits_look, audits_shown
from community.core.authz import Perm, can
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import current_actor, must_be_signed_in
from community.people import badges, cards, consents, queries
from community.people.views.blueprint import bp
from community.places.views.signs import printed_address


@bp.post("/desk/people/<id:member_id>/card")
@requires(Perm.CARD_ISSUE)
@command()
def issue_card(member_id: int) -> Response:
    cards.issue(must_be_signed_in(), member_id, agreed=bool(request.form.get("agreed")))
    return redirect(url_for("people.card", member_id=member_id), 303)


@bp.post("/desk/people/<id:member_id>/card/revoke")
@requires(Perm.CARD_ISSUE)
@command()
def revoke_card(member_id: int) -> Response:
    cards.revoke(must_be_signed_in(), member_id, reason=request.form.get("reason", ""))
    flash(plain(_("卡已停用，谁扫都不能再用。")), "ok")
    return redirect(url_for("people.desk_person", member_id=member_id), 303)


@bp.get("/desk/people/<id:member_id>/card")
@requires(Perm.CARD_ISSUE)
@audits_look("people.card")
def card(member_id: int) -> str:
    found = cards.in_force(must_be_signed_in(), member_id)
    sheet = _sheet([badges.badge(found, printed_address(), masked=_masked())])
    return render_template("people/card.html", member=queries.known_member(member_id), sheet=sheet, masked=_masked())


@bp.get("/desk/cards")
@requires(Perm.CARD_ISSUE)
@audits_shown("people.card")
def cards_today() -> Shown:
    found = cards.issued_today(must_be_signed_in())
    sheet = _sheet([badges.badge(card, printed_address(), masked=_masked()) for card in found]) if found else None
    page = render_template("people/cards.html", sheet=sheet, masked=_masked())
    return Shown(page, [card.member_id for card in found])


def card_panel(member: Any) -> str | None:
    """Return a person's cards for her page on the desk; None for who may issue none to her."""
    actor = current_actor()
    if actor is None or not can(actor, Perm.CARD_ISSUE, member):
        return None
    text = consents.current(consents.PRESENCE)
    found = cards.cards_of(member.id)
    return render_template(
        "people/_cards.html",
        member=member,
        cards=found,
        names=queries.names(card.issued_by for card in found),
        oneself=actor.is_me(member.id),
        text=None if queries.consented(member.id, text.scope, text.version) else text,
        reissued=cards.REISSUED,
    )


def _sheet(made: list[badges.Badge]) -> Markup:
    """A card speaks the language of the street, whatever language its printer reads."""
    with force_locale("zh"):
        return Markup(render_template("people/_card_sheet.html", badges=made))  # noqa: S704 - rendered


def _masked() -> bool:
    return request.args.get("name") == "masked"
