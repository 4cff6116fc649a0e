"""The desk of check-ins: a day's list, and what waits for a decision."""

from __future__ import annotations

import datetime as dt

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core import clock
from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.patrols.forms import SettleForm
from community.patrols.services.settle import settle as settle_checkin
from community.patrols.views import pages
from community.patrols.views.blueprint import bp
from community.patrols.views.checkin import checkin_id_of

# Nothing was recorded before the first release; a day outside the calendar of rows means today.
FIRST_DAY = dt.date(2020, 1, 1)


@bp.get("/desk/checkins")
@granted(Perm.CHECKIN_READ)
def desk() -> str:
    day = _day(request.args.get("day"))
    page = pages.desk(must_be_signed_in(), day, only=request.args.get("only", ""))
    return render_template("patrols/desk.html", page=page)


@bp.post("/desk/checkins/<checkin_id>/settle")
@granted(Perm.CHECKIN_SETTLE)
@command()
def settle(checkin_id: str) -> Response:
    form = SettleForm()
    if not form.validate():
        raise DomainError("reason_missing", _("请写明理由，对方会看到"), field="reason", status=422)
    accept = request.form.get("decision") == "accept"
    reason = form.reason.data or ""
    settle_checkin(must_be_signed_in(), checkin_id=checkin_id_of(checkin_id), accept=accept, reason=reason)
    flash(plain(_("已核对为有效")) if accept else plain(_("已核对为无效")), "ok")
    return redirect(url_for("patrols.desk", only="flagged"), 303)


def _day(text: str | None) -> dt.date:
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return clock.today()
    return day if FIRST_DAY <= day <= clock.today() else clock.today()
