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
from community.core.web.rights import requires
from community.core.web.session import must_be_signed_in
from community.points import rewards
from community.points.queries import shop as queries
from community.points.services import ordering
from community.points.views import shop_pages as pages
from community.points.views.blueprint import bp


@bp.get("/shop")
@requires(Perm.REWARD_REDEEM)
def shop() -> str:
    actor = must_be_signed_in()
    waiting = [pages.order(row) for row in queries.waiting(actor.member_id)]
    return render_template("points/shop.html", towns=pages.shelves(actor), waiting=waiting)


@bp.get("/shop/orders")
@requires(Perm.REWARD_REDEEM)
def orders() -> str:
    rows, older = queries.orders_of(must_be_signed_in(), parse_uuid(request.args.get("before", "")))
    return render_template("points/orders.html", orders=[pages.order(row) for row in rows], older=older)


@bp.get("/shop/items/<uuid:item_id>")
@requires(Perm.REWARD_REDEEM)
def reward(item_id: uuid.UUID) -> str:
    page = pages.before(must_be_signed_in(), item_id, _quantity(request.args.get("quantity")))
    return render_template("points/confirm.html", page=page)


@bp.post("/shop/items/<uuid:item_id>/redeem")
@requires(Perm.REWARD_REDEEM)
@command()
def redeem(item_id: uuid.UUID) -> Response:
    order_id = ordering.reserve(must_be_signed_in(), item_id, quantity=_quantity(request.form.get("quantity")))
    return redirect(url_for("points.pick_up", order_id=order_id), 303)


@bp.post("/shop/items/<uuid:item_id>/donate")
@requires(Perm.REWARD_REDEEM)
@command()
def donate(item_id: uuid.UUID) -> Response:
    order_id = ordering.donate(must_be_signed_in(), item_id, quantity=_quantity(request.form.get("quantity")))
    return redirect(url_for("points.order", order_id=order_id), 303)


@bp.get("/shop/orders/<uuid:order_id>")
@requires(Perm.REWARD_REDEEM)
def order(order_id: uuid.UUID) -> str:
    page = pages.order(queries.order_of(must_be_signed_in(), order_id))
    return render_template("points/order.html", page=page)


@bp.get("/shop/orders/<uuid:order_id>/pick-up")
@requires(Perm.REWARD_REDEEM)
def pick_up(order_id: uuid.UUID) -> Response:
    page = pages.order(queries.order_of(must_be_signed_in(), order_id))
    if not page.waits or page.late:
        return redirect(url_for("points.order", order_id=order_id), 303)
    response = make_response(render_template("points/pick_up.html", page=page, qr=pages.picture_of(order_id)))
    # The one page that a phone may keep: it has to be shown in a cellar without a signal. It holds no form, and what it
    # shows is worth nothing once the desk has handed the thing over.
    seconds = int((page.expires_at - clock.now()).total_seconds())
    response.headers["Cache-Control"] = f"private, max-age={max(0, seconds)}"
    return response


@bp.post("/shop/orders/<uuid:order_id>/cancel")
@requires(Perm.REWARD_REDEEM)
@command()
def cancel_order(order_id: uuid.UUID) -> Response:
    ordering.cancel(must_be_signed_in(), order_id)
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


def _quantity(text: str | None) -> int:
    return parse_id(text or "1", rewards.MOST_AT_ONCE) or 0
