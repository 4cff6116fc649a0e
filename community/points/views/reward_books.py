"""The desk's books of the shop: rewards with price and stock, who provides them, the price list on paper."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from community.audit.queries import actor_names
from community.core.authz import Perm
from community.core.errors import DomainError
from community.core.i18n import _, plain
from community.core.web import security
from community.core.web.command import command
from community.core.web.forms import Form
from community.core.web.rights import granted
from community.core.web.session import must_be_signed_in
from community.points import rewards
from community.points.forms.rewards import NewRewardForm, RewardForm, StockForm, SupplierForm
from community.points.queries import shop as queries
from community.points.services import stocking
from community.points.views.blueprint import bp

# --- rewards ---


@bp.get("/desk/rewards/items")
@granted(Perm.REWARD_MANAGE)
def reward_items() -> str:
    return render_template(
        "points/reward_items.html",
        items=queries.items_at_desk(must_be_signed_in()),
        states=rewards.STATES,
        kinds=rewards.KINDS,
    )


@bp.get("/desk/rewards/prices")
@granted(Perm.REWARD_MANAGE)
def price_list() -> str:
    offered = [row for row in queries.items_at_desk(must_be_signed_in()) if row.RewardItem.state == "open"]
    return render_template("points/price_list.html", items=offered)


@bp.get("/desk/rewards/items/new")
@granted(Perm.REWARD_MANAGE)
def new_reward() -> str:
    return render_template("points/reward_new.html", form=_new_form(NewRewardForm(formdata=None)))


@bp.post("/desk/rewards/items/new")
@granted(Perm.REWARD_MANAGE)
@command()
@security.refills
def create_reward() -> Response | tuple[str, int]:
    form, actor = _new_form(NewRewardForm()), must_be_signed_in()
    made: list[uuid.UUID] = []
    if not _done(
        form, lambda: made.append(stocking.create(actor, form.area_id.data or 0, form.kind.data, form.details()))
    ):
        return render_template("points/reward_new.html", form=form), 422
    flash(plain(_("已添加，还没有上架。先登记到货，再上架。")), "ok")
    return redirect(url_for("points.reward_item", item_id=made[0]), 303)


@bp.get("/desk/rewards/items/<uuid:item_id>")
@granted(Perm.REWARD_MANAGE)
def reward_item(item_id: uuid.UUID) -> str:
    return item_page(item_id)


@bp.post("/desk/rewards/items/<uuid:item_id>")
@granted(Perm.REWARD_MANAGE)
@command()
@security.refills
def change_reward(item_id: uuid.UUID) -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), RewardForm()
    if not _done(form, lambda: stocking.change(actor, item_id, form.details())):
        return item_page(item_id, form=form), 422
    flash(plain(_("已保存。已经订了的，还按原来的分。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)


@bp.post("/desk/rewards/items/<uuid:item_id>/open")
@granted(Perm.REWARD_MANAGE)
@command()
def open_reward(item_id: uuid.UUID) -> Response:
    stocking.open_(must_be_signed_in(), item_id)
    flash(plain(_("已上架。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)


@bp.post("/desk/rewards/items/<uuid:item_id>/close")
@granted(Perm.REWARD_MANAGE)
@command()
def close_reward(item_id: uuid.UUID) -> Response:
    stocking.close(must_be_signed_in(), item_id)
    flash(plain(_("已下架。已经订了的照样发。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)


@bp.post("/desk/rewards/items/<uuid:item_id>/stock")
@granted(Perm.REWARD_MANAGE)
@command()
@security.refills
def move_stock(item_id: uuid.UUID) -> Response | tuple[str, int]:
    actor, form, counted = must_be_signed_in(), StockForm(), request.form.get("how") == "count"
    move = stocking.count if counted else stocking.deliver
    if not _done(form, lambda: move(actor, item_id, form.pieces.data or 0, form.words.data or "")):
        return item_page(item_id, stock=form, counted=counted), 422
    flash(plain(_("库存已记下。")), "ok")
    return redirect(url_for("points.reward_item", item_id=item_id), 303)


# --- suppliers ---


@bp.get("/desk/rewards/suppliers")
@granted(Perm.REWARD_MANAGE)
def suppliers() -> str:
    return _suppliers_page(SupplierForm(formdata=None))


@bp.post("/desk/rewards/suppliers")
@granted(Perm.REWARD_MANAGE)
@command()
@security.refills
def add_supplier() -> Response | tuple[str, int]:
    actor, form = must_be_signed_in(), SupplierForm()

    def add() -> int:
        return stocking.add_supplier(actor, form.town_id.data or 0, form.name.data or "", form.contact.data or "")

    if not _done(form, add):
        return _suppliers_page(form), 422
    flash(plain(_("已登记。")), "ok")
    return redirect(url_for("points.suppliers"), 303)


@bp.post("/desk/rewards/suppliers/<id:supplier_id>/close")
@granted(Perm.REWARD_MANAGE)
@command()
def close_supplier(supplier_id: int) -> Response:
    stocking.close_supplier(must_be_signed_in(), supplier_id)
    flash(plain(_("已停用。")), "ok")
    return redirect(url_for("points.suppliers"), 303)


# --- pages and forms ---


def item_page(
    item_id: uuid.UUID,
    *,
    form: RewardForm | None = None,
    stock: StockForm | None = None,
    counted: bool = False,
    picture_error: str = "",
) -> str:
    """Return the page of a reward at the desk; a form that was refused is open again."""
    actor = must_be_signed_in()
    item = queries.item_at_desk(actor, item_id)
    shown = form or RewardForm(formdata=None).show(item)
    shown.offer_suppliers(queries.supplier_choices(actor, item.town_id))
    moves = queries.moves(item_id)
    return render_template(
        "points/reward_item.html",
        item=item,
        form=shown,
        again=form is not None,
        stock=stock or StockForm(formdata=None),
        stock_again=stock is not None,
        counted=counted,
        picture_error=picture_error,
        moves=moves,
        names=actor_names({move.by_id for move in moves}),
        state=rewards.STATES[item.state],
        kind=rewards.KINDS[item.kind],
    )


def _suppliers_page(form: SupplierForm) -> str:
    actor = must_be_signed_in()
    form.offer_towns(queries.towns(actor))
    return render_template("points/suppliers.html", suppliers=queries.suppliers(actor), form=form)


def _new_form(form: NewRewardForm) -> NewRewardForm:
    actor = must_be_signed_in()
    form.offer_places(queries.places_to_offer(actor))
    form.offer_suppliers(queries.supplier_choices(actor))
    return form


def _done(form: Form, act: Callable[[], object]) -> bool:
    """Say whether the act was done; False when the form has to be shown again, with the error at its field."""
    try:
        if form.validate():
            act()
            return True
    except DomainError as error:
        # The cost is typed in yuan.
        name = "yuan" if error.field == "fen" else error.field
        if name is None or name not in form:
            raise
        form[name].errors = [str(error.message)]
    return False
