"""One's own memberships: where an application stands, agreeing to a new text, leaving."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.teams import queries, services
from community.teams.views import pages
from community.teams.views.blueprint import bp
from community.teams.words import KINDS, ROLES, STATES


@bp.get("/memberships")
@requires(Perm.MEMBERSHIP_READ)
def memberships() -> str:
    rows = queries.my_memberships(must_be_signed_in().member_id)
    return render_template("teams/mine.html", mine=rows, kinds=KINDS, states=STATES, roles=ROLES)


@bp.get("/memberships/<id:membership_id>")
@requires(Perm.MEMBERSHIP_READ)
def membership(membership_id: int) -> str:
    page = pages.standing(must_be_signed_in(), membership_id)
    return render_template("teams/membership.html", page=page, roles=ROLES)


@bp.post("/memberships/<id:membership_id>/agree")
@requires(Perm.MEMBERSHIP_APPLY)
@command()
def agree(membership_id: int) -> Response:
    services.agree(must_be_signed_in(), membership_id)
    flash(plain(_("谢谢，已经记下。")), "ok")
    return redirect(url_for("teams.membership", membership_id=membership_id), 303)


@bp.post("/memberships/<id:membership_id>/leave")
@requires(Perm.MEMBERSHIP_APPLY)
@command()
def leave(membership_id: int) -> Response:
    services.leave(must_be_signed_in(), membership_id)
    flash(plain(_("已经办好。您的积分和服务记录都还在。")), "ok")
    return redirect(url_for("teams.membership", membership_id=membership_id), 303)
