"""The desk: awards that wait in one's area, a posting of somebody else. All read-only."""

from __future__ import annotations

from flask import render_template, request

from community.audit.looks import audits_look
from community.core.authz import Perm, can
from community.core.errors import NotFound
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.points.texts import WAITS
from community.points.views import case_pages, pages
from community.points.views.blueprint import bp
from community.points.views.own import number


@bp.get("/desk/awards")
@granted(Perm.AWARD_READ)
def awards() -> str:
    reason = request.args.get("reason", "")
    page = pages.queue(must_be_signed_in(), reason if reason in WAITS else "", number("before"))
    return render_template("points/awards.html", page=page)


@bp.get("/desk/awards/<id:member_id>/<id:txn_id>")
@granted(Perm.AWARD_READ)
@audits_look("points.award")
def award(member_id: int, txn_id: int) -> str:
    page = pages.proof(must_be_signed_in(), txn_id)
    if page.member_id != member_id:
        raise NotFound
    actor = must_be_signed_in()
    reversible = page.kind == "award" and can(actor, Perm.AWARD_PROPOSE, page) and not page.own
    return render_template("points/award.html", page=page, case=case_pages.behind(txn_id), reversible=reversible)
