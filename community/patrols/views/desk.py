"""The desk of check-ins: a day's list, and what waits for a decision."""

from __future__ import annotations

import datetime as dt
import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core import clock, todo
from community.core.authz import Actor, Perm
from community.core.i18n import _, plain
from community.core.ids import parse_uuid
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.patrols import queries
from community.patrols.forms import SettleForm
from community.patrols.services import settle as settling
from community.patrols.views import pages
from community.patrols.views.blueprint import bp
from community.patrols.views.checkin import checkin_id_of, instant_of

# Nothing was recorded before the first release; a day outside the calendar of rows means today.
FIRST_DAY = dt.date(2020, 1, 1)


@bp.get("/desk/checkins")
@granted(Perm.CHECKIN_READ)
def desk() -> str:
    day = _day(request.args.get("day"))
    page = pages.desk(must_be_signed_in(), day, only=request.args.get("only", ""), before=instant_of("before"))
    return render_template("patrols/desk.html", page=page, decided=_decided(must_be_signed_in()))


@bp.post("/desk/checkins/<checkin_id>/settle")
@granted(Perm.CHECKIN_SETTLE)
@command()
def settle(checkin_id: str) -> Response:
    actor, form, wanted = must_be_signed_in(), SettleForm(), checkin_id_of(checkin_id)
    if not form.validate():
        queries.receipt(actor, wanted)  # outside her area there is no such form to show again
        page = pages.desk(actor, clock.today(), only="flagged")
        return make_response(render_template("patrols/desk.html", page=page, form=form, again=wanted), 422)
    accept = form.decision.data == "accept"
    settling.settle(actor, checkin_id=wanted, accept=accept, reason=form.reason.data or "")
    flash(plain(_("已核对为有效")) if accept else plain(_("已核对为无效")), "ok")
    return redirect(url_for("patrols.desk", only="flagged", done=wanted), 303)


@bp.post("/desk/checkins/<checkin_id>/undo")
@granted(Perm.CHECKIN_SETTLE)
@command()
def undo(checkin_id: str) -> Response:
    settling.undo(must_be_signed_in(), checkin_id=checkin_id_of(checkin_id))
    flash(plain(_("已撤销，这条打卡重新等您核对")), "ok")
    return redirect(url_for("patrols.desk", only="flagged"), 303)


def _decided(actor: Actor) -> tuple[uuid.UUID | None, int]:
    """Return which check-in she settled just now, and for how many milliseconds she may undo it."""
    asked = parse_uuid(request.args.get("done", ""))
    found = queries.settlement(asked) if asked else None
    return asked, todo.undo_ms(actor, by_id=found.by_id, at=found.at) if found else 0


def _day(text: str | None) -> dt.date:
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return clock.today()
    return day if FIRST_DAY <= day <= clock.today() else clock.today()
