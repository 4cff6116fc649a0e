"""The auditors' page: who did what, when, and who looked at whom."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from community.audit import queries
from community.core.authz import Perm
from community.core.ids import MAX_ID
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in

bp = Blueprint("audit", __name__)


@bp.get("/desk/audit")
@requires(Perm.AUDIT_READ)
def entries() -> str:
    wanted = queries.Filter(**{name: _asked(name) for name in ("act", "actor", "object_type", "object_id")})
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before <= MAX_ID:
        before = None
    actor = must_be_signed_in()
    page = queries.entries(actor, wanted, before=before)
    chosen = {name: value for name in ("act", "actor", "object_type", "object_id") if (value := getattr(wanted, name))}
    return render_template(
        "audit/entries.html",
        page=page,
        wanted=wanted,
        filtered=bool(chosen),
        newest_href=url_for("audit.entries", **chosen) if before else None,
        older_href=url_for("audit.entries", **chosen, before=page.older) if page.older else None,
    )


def _asked(name: str) -> str:
    return request.args.get(name, "").strip()[:60]
