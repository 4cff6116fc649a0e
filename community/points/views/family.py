"""A family's pot on the phone, without a script: opening one, coming in by a code, agreeing, the cap, leaving."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.ids import clean_code, is_code, parse_id
from community.core.web import security
from community.core.web.command import command
from community.core.web.limits import handed_codes
from community.core.web.rights import requires, signed_in
from community.core.web.session import must_be_signed_in
from community.points.forms.family import CapForm, JoinForm, PotCodeForm
from community.points.services import families, pooling
from community.points.views import family_pages as pages
from community.points.views.blueprint import bp

_USUAL_CAP = 50


@bp.get("/family")
@requires(Perm.REWARD_REDEEM)
def family() -> str:
    return _page()


def _page(cap: CapForm | None = None, code: PotCodeForm | None = None) -> str:
    page = pages.pot(must_be_signed_in())
    return render_template(
        "points/family.html",
        page=page,
        cap=cap or CapForm(formdata=None, data={"cap": page.cap if page else _usual_cap()}),
        code=code or PotCodeForm(formdata=None),
        most=families.MOST,
    )


@bp.post("/family")
@requires(Perm.REWARD_REDEEM)
@command()
@security.refills
def found_family() -> Response | tuple[str, int]:
    form = CapForm()
    if not _done(form, lambda: families.found(must_be_signed_in(), cap=form.cap.data or 0)):
        return _page(cap=form), 422
    return _back(_("建好了。现在请家里人加入。"))


@bp.post("/family/invite")
@requires(Perm.REWARD_REDEEM)
@command()
def invite_to_family() -> Response:
    families.invite(must_be_signed_in())
    return redirect(url_for("points.family"), 303)


@bp.post("/family/code")
@requires(Perm.REWARD_REDEEM)
@security.refills
def type_family_code() -> Response | tuple[str, int]:
    """Lead to the pot that a typed code names; nothing is written."""
    form = PotCodeForm()
    code = clean_code((form.code.data or "")[:60])
    if form.validate_on_submit() and is_code(code):
        return redirect(url_for("points.join_family", pot_code=code), 303)
    form.code.errors = list(form.code.errors) or [plain(_("家庭码是 8 位"))]
    return _page(code=form), 422


@bp.get("/family/join/<pot_code>")
@handed_codes
@signed_in
def join_family(pot_code: str) -> str:
    return _join_page(pot_code, None)


@bp.post("/family/join/<pot_code>")
@handed_codes
@signed_in
@command()
def join_family_post(pot_code: str) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), JoinForm()
    families.invited(actor, pot_code)
    roll = parse_id(form.roll.data) or 0
    if not _done(form, lambda: families.join(actor, pot_code, cap=form.cap.data or 0, roll=roll)):
        return _join_page(pot_code, form), 422
    return _back(_("已加入。家里人同意以后，您也能用他们的。"))


def _join_page(pot_code: str, form: JoinForm | None) -> str:
    page = pages.invited(families.invited(must_be_signed_in(), pot_code))
    shown = form or JoinForm(formdata=None, data={"cap": _usual_cap()})
    shown.roll.data = str(page.roll)
    return render_template("points/family_join.html", page=page, form=shown)


def _usual_cap() -> int:
    return 0 if must_be_signed_in().minor else _USUAL_CAP


@bp.post("/family/agree")
@requires(Perm.REWARD_REDEEM)
@command()
def agree_to_family() -> Response:
    families.agree(must_be_signed_in(), roll=parse_id(JoinForm().roll.data) or 0)
    return _back(_("已同意。"))


@bp.post("/family/cap")
@requires(Perm.REWARD_REDEEM)
@command()
@security.refills
def set_family_cap() -> Response | tuple[str, int]:
    form = CapForm()
    if not _done(form, lambda: families.set_cap(must_be_signed_in(), form.cap.data or 0)):
        return _page(cap=form), 422
    return _back(_("已改好，马上生效。"))


@bp.post("/family/leave")
@requires(Perm.REWARD_REDEEM)
@command()
def leave_family() -> Response:
    families.leave(must_be_signed_in())
    return _back(_("已退出，您的积分只有您自己能用。"))


@bp.post("/family/orders/<uuid:order_id>/stop")
@requires(Perm.REWARD_REDEEM)
@command()
def stop_family_order(order_id: uuid.UUID) -> Response:
    pooling.stop(must_be_signed_in(), order_id)
    return _back(_("已取消，大家的积分都退回了。"))


def _done(form: Any, act: Any) -> bool:
    """Do `act` if the form is whole; a refusal that belongs to one of its fields is noted there."""
    if not form.validate_on_submit():
        return False
    try:
        act()
    except DomainError as error:
        if error.field not in form:
            raise
        form[error.field].errors = [plain(error.message)]
        return False
    return True


def _back(said: Any) -> Response:
    flash(plain(said), "ok")
    return redirect(url_for("points.family"), 303)
