"""The reward desk's part of the queue: what waits to be fetched, and rewards on the shelf that nobody can have."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.i18n import Text, _, ngettext
from community.core.todo import Badge, Queue, Task
from community.core.web import display
from community.places import queries as places
from community.points.models import RewardItem
from community.points.queries import shop
from community.points.services import ordering

# From the day before its last day on.
_SOON = dt.timedelta(days=1)


def _orders(actor: Actor, area: str, limit: int) -> list[Task]:
    """What ends by tomorrow one by one, the rest in one line: people come for it when they like."""
    rows = shop.open_orders(actor, limit, area=area)
    near = [row for row in rows if _last_day(row) - clock.today() <= _SOON]
    others = shop.open_count(actor, area) - len(near)
    return [*(_order(row) for row in near), *([_rest(rows[len(near)], others)] if others and len(near) < limit else [])]


def _last_day(row: Any) -> dt.date:
    return clock.local(ordering.kept_until(row.RewardOrder) - dt.timedelta(seconds=1)).date()


def _order(row: Any) -> Task:
    order, item = row.RewardOrder, row.RewardItem
    late = ordering.kept_until(order) <= clock.now()
    return Task(
        kind="order",
        key=str(order.id),
        title=f"{item.name_zh} × {order.quantity}" if order.quantity > 1 else item.name_zh,
        about=_("%(who)s · 最晚 %(day)s 来领", who=display.mask_name(row.member), day=display.day(_last_day(row))),
        since=order.created_at,
        href=url_for("points.desk_order", order_id=order.id),
        place=item.pick_up,
        late=late,
        badges=() if late else (Badge(_("快到期"), "amber", "clock"),),
    )


def _rest(first: Any, count: int) -> Task:
    return Task(
        kind="order",
        key="later",
        title=ngettext("%(num)s 份等人来领", "%(num)s 份等人来领", count),
        about=_("最早的 %(day)s 到期", day=display.day(_last_day(first))),
        since=first.RewardOrder.created_at,
        href=url_for("points.reward_desk", _anchor="waiting"),
    )


def _stock(actor: Actor, area: str, limit: int) -> list[Task]:
    items = shop.to_mend(actor, area)[:limit]
    names = {path: found.name for path, found in places.by_path([one.scope_path for one in items]).items()}
    return [
        Task(
            kind="stock",
            key=str(one.id),
            title=one.name_zh,
            about=_why(one),
            since=None,
            href=url_for("points.reward_item", item_id=one.id),
            place=names.get(one.scope_path, ""),
        )
        for one in items
    ]


def _why(item: RewardItem) -> Text:
    if item.until_on is not None and item.until_on < clock.today():
        return _("兑换已经截止，请下架或改日期")
    if item.reserved:
        return ngettext(
            "换完了，%(num)s 份等人来领；请补货或下架", "换完了，%(num)s 份等人来领；请补货或下架", item.reserved
        )
    return _("换完了，请补货或下架")


ORDERS = Queue(
    kind="order",
    perm=Perm.REWARD_HAND,
    label=_("等领的奖品"),
    note=_("对方来了，扫取货码发放"),
    icon="hands",
    endpoint="points.reward_desk",
    count=shop.open_count,
    tasks=_orders,
    looks=True,
)
STOCK = Queue(
    kind="stock",
    perm=Perm.REWARD_MANAGE,
    label=_("奖品补货"),
    note=_("换完了，或者过了截止日"),
    icon="list",
    endpoint="points.reward_items",
    count=lambda actor, area: len(shop.to_mend(actor, area)),
    tasks=_stock,
    rare=True,
)

QUEUES = (ORDERS, STOCK)
