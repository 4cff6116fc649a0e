"""The reward desk: scan or type a code, hand over once, refuse with a reason."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web.command import command
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.points import rewards
from community.points.queries import shop as queries
from community.points.services import handing
from community.points.views import shop_pages as pages
from community.points.views.blueprint import bp


@bp.get("/desk/rewards")
@granted(Perm.REWARD_HAND)
def reward_desk() -> Response | str | tuple[str, int]:
    typed = request.args.get("code", "").strip()
    if not typed:
        return _desk()
    found = queries.by_code(must_be_signed_in(), rewards.clean_code(typed)) if rewards.clean_code(typed) else None
    if found is not None:
        return redirect(url_for("points.desk_order", order_id=found.RewardOrder.id), 303)
    if not rewards.clean_code(typed):
        return _desk(plain(_("取货码是 6 位数字")), typed), 422
    return _desk(plain(_("这里没有这个取货码。请核对数字，或者它是别的镇街的。")), typed), 422


@bp.get("/desk/rewards/orders/<uuid:order_id>")
@granted(Perm.REWARD_HAND)
def desk_order(order_id: uuid.UUID) -> str:
    return _page(order_id)


@bp.post("/desk/rewards/orders/<uuid:order_id>/hand")
@granted(Perm.REWARD_HAND)
@command()
def hand_over(order_id: uuid.UUID) -> Response:
    handing.hand_over(must_be_signed_in(), order_id)
    flash(plain(_("已发放。对方的手机上也写着。")), "ok")
    return redirect(url_for("points.desk_order", order_id=order_id), 303)


@bp.post("/desk/rewards/orders/<uuid:order_id>/refuse")
@granted(Perm.REWARD_HAND)
@command()
def refuse_order(order_id: uuid.UUID) -> Response | tuple[str, int]:
    reason = request.form.get("reason", "")
    try:
        handing.refuse(must_be_signed_in(), order_id, reason=reason)
    except DomainError as error:
        if error.field != "reason":
            raise
        return _page(order_id, error=plain(error.message), reason=reason), 422
    flash(plain(_("已登记不发放，积分退回给对方了。")), "ok")
    return redirect(url_for("points.desk_order", order_id=order_id), 303)


def _desk(error: str = "", typed: str = "") -> str:
    actor = must_be_signed_in()
    count, points = queries.handed_today(actor)
    return render_template(
        "points/reward_desk.html",
        orders=pages.orders(queries.open_orders(actor)),
        handed=count,
        handed_points=points,
        error=error,
        typed=typed,
    )


def _page(order_id: uuid.UUID, error: str = "", reason: str = "") -> str:
    actor = must_be_signed_in()
    row = queries.order_at_desk(actor, order_id)
    own = handing.concerns(actor, row.RewardOrder)
    return render_template("points/desk_order.html", page=pages.order(row), own=own, error=error, reason=reason)
