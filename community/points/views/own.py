"""One's own points, and the proof of each line."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.web.offline import kept_offline
from community.core.web.rights import requires
from community.points.views import appeal_pages, case_pages, pages
from community.points.views.blueprint import bp
from community.points.views.helped import acting, also_for_others


@bp.get("/points")
@bp.get("/helped/<id:for_id>/points")
@kept_offline
@requires(Perm.POINTS_READ)
@also_for_others
def mine() -> str:
    actor = acting()
    page = pages.mine(actor, number("account"), number("before"))
    return render_template("points/helped.html" if actor.instead else "points/mine.html", page=page)


@bp.get("/points/<id:txn_id>")
@bp.get("/helped/<id:for_id>/points/<id:txn_id>")
@requires(Perm.POINTS_READ)
@also_for_others
def proof(txn_id: int) -> str | Response:
    page = pages.proof(acting(), txn_id)
    if not page.own:
        # A look at somebody else's points leaves a trace, which that page writes.
        return redirect(url_for("points.award", member_id=page.member_id, txn_id=txn_id), 303)
    actor = acting()
    return render_template(
        "points/proof.html", page=page, case=case_pages.behind(txn_id), appeal=appeal_pages.link(actor, f"txn:{txn_id}")
    )


def number(name: str) -> int | None:
    """Return the whole number in the query string, None for anything else."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
