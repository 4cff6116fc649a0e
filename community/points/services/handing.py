"""The desk's side of an order: handed over once, refused with a reason, or never fetched. Need `transaction()`."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, insert, select, update

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must, must_be_system
from community.core.db import session
from community.core.errors import Conflict, DomainError
from community.core.i18n import _
from community.core.ids import new_id
from community.messages import kinds, services as messages
from community.people import standing
from community.places import queries as places
from community.points.models import RewardItem, RewardOrder, StockMove
from community.points.queries import checks, families
from community.points.services import holding, ordering
from community.points.services.posting import By

_ITEM, _MOVE = RewardItem.__table__.c, StockMove.__table__.c
WORDS_LONGEST = 200

kinds.register("points.collected", _("已领取：%(item)s"), _("用了 %(points)s 分。不是您领的？请马上告诉社区。"))
kinds.register("points.order_refused", _("没有发放：%(item)s"), _("原因：%(reason)s。%(points)s 分已经退回给您。"))
kinds.register(
    "points.order_reminder",
    _("还没领：%(item)s"),
    _("最晚 %(day)s，在%(where)s。过了那天，%(points)s 分退回给您，东西留给别人。"),
)
kinds.register("points.order_expired", _("过期没领：%(item)s"), _("%(points)s 分已经退回给您，想要可以再换一次。"))
# Where a family pays nobody is told that all of it came back to her.
kinds.register("points.order_refused_family", _("没有发放：%(item)s"), _("原因：%(reason)s。大家的积分都退回了。"))
kinds.register("points.order_expired_family", _("过期没领：%(item)s"), _("大家的积分都退回了。"))


def hand_over(actor: Actor, order_id: uuid.UUID) -> None:
    """Write down that an order was handed over: its points are spent, its pieces have left the stock. Once.

    Raises NotFound outside the actor's area, Conflict when it has ended (`already_collected` says when), expired, is
    the actor's own, or the town's books are being checked.
    """
    order = ordering.locked(order_id)
    must(actor, Perm.REWARD_HAND, order)
    _check(actor, order)
    last = ordering.kept_until(order)
    if last <= clock.now():
        raise Conflict(
            "code_expired",
            _("取货码过期了，最晚是 %(at)s", at=clock.local(last).strftime("%Y-%m-%d %H:%M")),
            next_step=_("积分今夜退回。请她再换一次，马上就能领。"),
        )
    ordering.check_green(order.town_id)
    item = session().get_one(RewardItem, order.item_id)
    shared = bool(families.shares_of(order.id))
    # Who ordered what others pay too: to them the line is one of the family's.
    by_whom = {"orderer": str(order.member_id)} if shared else {}
    txn_id = holding.post(
        order.id, kind="redeem", by=By(actor.member_id), evidence_ref=f"order:{order.id}",
        explain=ordering.explained(item, order.quantity, order.member_id, order.by_id) | by_whom,
        shared_by=order.member_id if shared else None,
    )  # fmt: skip
    ordering.close(order, txn_id, by_id=actor.member_id)
    _leave_stock(actor, order)
    _record(actor, "points.hand_over", order)
    messages.notify(order.member_id, "points.collected", _told(order, item), link=f"/shop/orders/{order.id}")


def refuse(actor: Actor, order_id: uuid.UUID, *, reason: str) -> None:
    """Do not hand an order over, for a reason that its member reads; her points and the pieces go back.

    Raises as `hand_over`, and DomainError of "reason" when it is empty or too long.
    """
    order = ordering.locked(order_id)
    must(actor, Perm.REWARD_HAND, order)
    words = " ".join(reason.split())
    if not 1 < len(words) <= WORDS_LONGEST:
        raise DomainError("reason", _("请写明为什么不发，对方会看到"), field="reason")
    _check(actor, order)
    item = session().get_one(RewardItem, order.item_id)
    ordering.end(order, "refused", by_id=actor.member_id, outcome="voided", words=words)
    _record(actor, "points.order_refuse", order, reason=words)
    _tell_all(order, "points.order_refused", _told(order, item) | {"reason": words})


def remind(actor: Actor, order_id: uuid.UUID) -> bool:
    """Tell a member, once, that the last day to fetch her order is near; says whether it did. For the job.

    Not while the town's books are being checked: nothing can be fetched, and nothing expires.
    """
    must_be_system(actor)
    order = ordering.locked(order_id)
    if (
        order.state != "reserved"
        or order.reminded_at
        or order.expires_at <= clock.now()
        or checks.frozen(order.town_id)
    ):
        return False
    item = session().get_one(RewardItem, order.item_id)
    order.reminded_at = clock.now()
    session().flush()
    # Kept to the end of a day: the day is what people read.
    last_day = clock.local(order.expires_at - dt.timedelta(seconds=1)).date()
    where = item.pick_up or places.names([order.town_id]).get(order.town_id, "")
    told = _told(order, item) | {"day": last_day, "where": where}
    messages.notify(order.member_id, "points.order_reminder", told, link=f"/shop/orders/{order.id}")
    return True


def expire(actor: Actor, order_id: uuid.UUID) -> bool:
    """End an order that nobody fetched in time; says whether it did. For the job.

    While the town's books are being checked nothing can be fetched, so nothing expires either.
    """
    must_be_system(actor)
    order = ordering.locked(order_id)
    if order.state != "reserved" or ordering.kept_until(order) > clock.now() or checks.frozen(order.town_id):
        return False
    item = session().get_one(RewardItem, order.item_id)
    ordering.end(order, "expired", by_id=None, outcome="expired")
    _tell_all(order, "points.order_expired", _told(order, item))
    return True


def _check(actor: Actor, order: RewardOrder) -> None:
    ordering.check_waits(order)
    if concerns(actor, order):
        raise Conflict("own_order", _("这是您自己的兑换"), next_step=_("自己的要由另一位工作人员发放。"))


def concerns(actor: Actor, order: RewardOrder) -> bool:
    """Say whether an order is the actor's own affair: hers, paid by her, of her family, or of whom she acts for."""
    theirs = {order.member_id, order.by_id, *(one.payer_id for one in families.shares_of(order.id))}
    hers = {*actor.ids, *families.close_to(actor.ids)}
    return bool(theirs & hers) or standing.helps(actor.ids, order.member_id)


def _leave_stock(actor: Actor, order: RewardOrder) -> None:
    left = (
        session()
        .execute(
            update(RewardItem.__table__)  # type: ignore[arg-type]
            .where(_ITEM.id == order.item_id)
            .values(on_hand=_ITEM.on_hand - order.quantity, reserved=_ITEM.reserved - order.quantity)
            .returning(_ITEM.on_hand)
        )
        .scalar_one()
    )
    write_move(actor, order.item_id, -order.quantity, left, "collected", order_id=order.id)


def write_move(
    actor: Actor,
    item_id: uuid.UUID,
    delta: int,
    on_hand_after: int,
    reason: str,
    *,
    order_id: uuid.UUID | None = None,
    words: str = "",
) -> None:
    """Write down how a stock moved. The reward's row is locked: its moves are numbered without a gap."""
    last = session().scalar(select(func.max(_MOVE.seq)).where(_MOVE.item_id == item_id)) or 0
    session().execute(
        insert(StockMove.__table__),  # type: ignore[arg-type]
        {
            "id": new_id(),
            "item_id": item_id,
            "seq": last + 1,
            "delta": delta,
            "on_hand_after": on_hand_after,
            "reason": reason,
            "order_id": order_id,
            "words": words,
            "by_id": actor.member_id,
            "at": clock.now(),
        },
    )


def _record(actor: Actor, act: str, order: RewardOrder, reason: str | None = None) -> None:
    audit.record(
        actor, act, "order", order.id, scope_path=order.scope_path, reason=reason,
        details={"points": order.points, "quantity": order.quantity},
    )  # fmt: skip


def _tell_all(order: RewardOrder, kind: str, told: dict[str, object]) -> None:
    """Tell who ordered how it ended, and whoever of her family has points back by that."""
    payers = sorted(one.payer_id for one in families.shares_of(order.id))
    for who in (order.member_id, *payers):
        link = f"/shop/orders/{order.id}" if who == order.member_id else "/family"
        messages.notify(who, f"{kind}_family" if payers else kind, told, link=link)


def _told(order: RewardOrder, item: RewardItem) -> dict[str, object]:
    return {"item": item.name_zh, "points": order.points}
