"""The shop: browse, confirm, pick up; one's orders; giving to a cause. All in three taps and without a script."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.core import clock
from community.core.authz import Perm, can
from community.core.errors import DomainError, Forbidden, NotFound
from community.core.i18n import _, plain
from community.core.ids import parse_id, parse_uuid
from community.core.web.command import command
from community.core.web.offline import kept_offline
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.points import rewards
from community.points.queries import shop as queries
from community.points.services import ordering, pooling
from community.points.views import appeal_pages, shop_pages as pages
from community.points.views.blueprint import bp
from community.points.views.helped import acting, also_for_others


@bp.get("/shop")
@bp.get("/helped/<id:for_id>/shop")
@requires(Perm.REWARD_REDEEM)
@also_for_others
def shop() -> str:
    actor = acting()
    waiting = pages.orders(queries.waiting(actor.member_id))
    return render_template("points/shop.html", towns=pages.shelves(actor), waiting=waiting)


@bp.get("/shop/orders")
@bp.get("/helped/<id:for_id>/shop/orders")
@requires(Perm.REWARD_REDEEM)
@also_for_others
def orders() -> str:
    rows, older = queries.orders_of(acting(), parse_uuid(request.args.get("before", "")))
    return render_template("points/orders.html", orders=pages.orders(rows), older=older)


@bp.get("/shop/items/<uuid:item_id>")
@bp.get("/helped/<id:for_id>/shop/items/<uuid:item_id>")
@requires(Perm.REWARD_REDEEM)
@also_for_others
def reward(item_id: uuid.UUID) -> str:
    page = pages.before(acting(), item_id, _quantity(request.args.get("quantity")))
    return render_template("points/confirm.html", page=page)


@bp.post("/shop/items/<uuid:item_id>/redeem")
@bp.post("/helped/<id:for_id>/shop/items/<uuid:item_id>/redeem")
@requires(Perm.REWARD_REDEEM)
@command()
def redeem(item_id: uuid.UUID) -> Response:
    reserve = pooling.reserve if request.form.get("family") else ordering.reserve
    order_id = reserve(acting(), item_id, quantity=_quantity(request.form.get("quantity")), expected=_told())
    return redirect(url_for("points.pick_up", order_id=order_id), 303)


@bp.post("/shop/items/<uuid:item_id>/donate")
@bp.post("/helped/<id:for_id>/shop/items/<uuid:item_id>/donate")
@requires(Perm.REWARD_REDEEM)
@command()
def donate(item_id: uuid.UUID) -> Response:
    order_id = ordering.donate(acting(), item_id, quantity=_quantity(request.form.get("quantity")), expected=_told())
    return redirect(url_for("points.order", order_id=order_id), 303)


@bp.get("/shop/orders/<uuid:order_id>")
@bp.get("/helped/<id:for_id>/shop/orders/<uuid:order_id>")
@requires(Perm.REWARD_REDEEM)
@also_for_others
def order(order_id: uuid.UUID) -> str:
    actor = acting()
    page = pages.whole_order(actor, queries.order_of(actor, order_id))
    appeal = appeal_pages.link(actor, f"order:{order_id}")
    return render_template("points/order.html", page=page, appeal=appeal)


@bp.get("/shop/orders/<uuid:order_id>/pick-up")
@bp.get("/helped/<id:for_id>/shop/orders/<uuid:order_id>/pick-up")
@kept_offline
@requires(Perm.REWARD_REDEEM)
@also_for_others
def pick_up(order_id: uuid.UUID) -> Response:
    page = pages.order(queries.order_of(acting(), order_id))
    if not page.waits or page.late:
        return redirect(url_for("points.order", order_id=order_id), 303)
    response = make_response(render_template("points/pick_up.html", page=page, qr=pages.picture_of(order_id)))
    # The one page that a phone may keep: it has to be shown in a cellar without a signal. It holds no form, and what it
    # shows is worth nothing once the desk has handed the thing over.
    seconds = int((page.expires_at - clock.now()).total_seconds())
    response.headers["Cache-Control"] = f"private, max-age={max(0, seconds)}"
    return response


@bp.post("/shop/orders/<uuid:order_id>/cancel")
@bp.post("/helped/<id:for_id>/shop/orders/<uuid:order_id>/cancel")
@requires(Perm.REWARD_REDEEM)
@command()
def cancel_order(order_id: uuid.UUID) -> Response:
    ordering.cancel(acting(), order_id)
    flash(plain(_("已取消，积分退回来了。")), "ok")
    return redirect(url_for("points.order", order_id=order_id), 303)


@bp.get("/o/<uuid:order_id>")
@requires(Perm.REWARD_REDEEM)
def scanned_order(order_id: uuid.UUID) -> Response:
    """The address in a pick-up code: the desk hands over, its member sees her order, nobody else learns anything."""
    actor = must_be_signed_in()
    if not can(actor, Perm.REWARD_HAND):
        return _to_member(order_id)
    elsewhere = queries.whose_desk(actor, order_id)
    if elsewhere is None:
        return redirect(url_for("points.desk_order", order_id=order_id), 303)
    raise NotFound(
        _("这份兑换不归您这里发"),
        next_step=_("它属于%(town)s，请到那里的兑换点领取。", town=elsewhere),
        code="other_town",
    )


def _to_member(order_id: uuid.UUID) -> Response:
    try:
        queries.order_of(must_be_signed_in(), order_id)
    except DomainError:
        raise Forbidden(
            _("这是取货码"), next_step=_("请把它出示给兑换点的工作人员，由他们来扫。"), code="for_the_desk"
        ) from None
    return redirect(url_for("points.order", order_id=order_id), 303)


def _told() -> int | None:
    """Return what the page said it costs."""
    return parse_id(request.form.get("total", ""))


def _quantity(text: str | None) -> int:
    return parse_id(text or "1", rewards.MOST_AT_ONCE) or 0
