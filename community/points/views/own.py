"""One's own points, and the proof of each line."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.points.views import appeal_pages, case_pages, pages
from community.points.views.blueprint import bp


@bp.get("/points")
@requires(Perm.POINTS_READ)
def mine() -> str:
    page = pages.mine(must_be_signed_in(), number("account"), number("before"))
    return render_template("points/mine.html", page=page)


@bp.get("/points/<id:txn_id>")
@requires(Perm.POINTS_READ)
def proof(txn_id: int) -> str | Response:
    page = pages.proof(must_be_signed_in(), txn_id)
    if not page.own:
        # A look at somebody else's points leaves a trace, which that page writes.
        return redirect(url_for("points.award", member_id=page.member_id, txn_id=txn_id), 303)
    actor = must_be_signed_in()
    return render_template(
        "points/proof.html", page=page, case=case_pages.behind(txn_id), appeal=appeal_pages.link(actor, f"txn:{txn_id}")
    )


def number(name: str) -> int | None:
    """Return the whole number in the query string, None for anything else."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
