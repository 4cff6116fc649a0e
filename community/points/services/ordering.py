"""A member's side of the shop: reserving a reward, giving to a cause, changing her mind. Need `transaction()`.

Order of locks (points.md §2.2): the order's row, then the account with its lots, the stock last, because it is the
hottest row. What is refused raises, and the caller's transaction takes everything back.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, or_, select, update

from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Busy, Conflict, DomainError, Forbidden, NotFound, on_constraint
from community.core.i18n import Text, _, ngettext
from community.core.ids import new_uuid
from community.messages import kinds, services as messages
from community.places import queries as places
from community.points import rewards
from community.points.models import Account, PotShare, RewardItem, RewardOrder, TownTerms
from community.points.queries import checks, families
from community.points.services import helping, holding, spending
from community.points.services.posting import By
from community.points.services.spending import NotEnough

_ITEM, _ORDER = RewardItem.__table__.c, RewardOrder.__table__.c

# So many days are left after the books were found in order again.
LATER_DAYS = 3

kinds.register("points.family_stopped", _("%(who)s取消了家庭共用换的%(item)s"), _("大家的积分都退回了。"))

# Two orders of a town drew the same six digits at the same moment: the next try draws others.
on_constraint("uq_reward_order_code", Busy)


# Holds so many points for an order of a reward until the instant.
Pays = Callable[[RewardItem, int, uuid.UUID, dt.datetime], None]


@dataclass(frozen=True, slots=True)
class Purse:
    """Whose points are to be spent."""

    owner_id: int


def reserve(
    actor: Actor,
    item_id: uuid.UUID,
    *,
    quantity: int = 1,
    member_id: int | None = None,
    expected: int | None = None,
    pays: Pays | None = None,
) -> uuid.UUID:
    """Reserve pieces of a reward for a member (herself by default) and hold their points; returns the order's id.

    `expected` is what she was told it costs; `pays` holds the points where not hers alone pay. Raises NotFound for no
    such reward, Conflict with a code of its own: `not_offered`, `offer_ended`, `ledger_red`, `other_town`, `sold_out`,
    `not_enough` (how many are missing), `month_limit`, `price_changed`.
    """
    whose = actor.member_id if member_id is None else member_id
    must(actor, Perm.REWARD_REDEEM, Purse(whose))
    item = offered(item_id)
    if item.kind == "cause":
        raise DomainError("cause", _("这是公益项目，请用“捐赠”"))
    _check_quantity(quantity)
    _check_price(item, quantity, expected)
    if item.on_hand - item.reserved < quantity:
        raise sold_out(item.on_hand - item.reserved)
    order_id, expires_at = new_uuid(), rewards.last_moment(clock.today(), pick_up_days(item.town_id))
    _write(
        item, id=order_id, member_id=whose, by_id=actor.doer_id, quantity=quantity, state="reserved",
        code=_new_code(item.town_id), expires_at=expires_at,
    )  # fmt: skip
    (pays or _hers(whose))(item, item.points * quantity, order_id, expires_at)
    # Her account is locked by now, so nobody else orders for her at this moment.
    _check_month(item, whose)
    _take_from_stock(item.id, quantity)
    helping.done(actor, "redeem", f"order:{order_id}", f"/shop/orders/{order_id}", {"item": item.name_zh})
    return order_id


def donate(
    actor: Actor,
    item_id: uuid.UUID,
    *,
    quantity: int = 1,
    member_id: int | None = None,
    expected: int | None = None,
) -> uuid.UUID:
    """Give a member's points to a cause, for good; returns the order's id. Raises as `reserve`.

    Nobody gives away for another: a mandate covers what can be cancelled, and what comes to the person herself.
    """
    whose = actor.member_id if member_id is None else member_id
    must(actor, Perm.REWARD_REDEEM, Purse(whose))
    if actor.instead is not None:
        raise Forbidden(_("代办不能替人捐积分"), next_step=_("请本人来捐。"), code="beyond_mandate")
    item = offered(item_id)
    if item.kind != "cause":
        raise DomainError("no_cause", _("这不是公益项目，请用“兑换”"))
    _check_quantity(quantity)
    _check_price(item, quantity, expected)
    order_id = new_uuid()
    try:
        txn_id = spending.spend(
            item.town_id, whose, item.points * quantity, kind="donate", by=By(actor.doer_id),
            evidence_ref=f"order:{order_id}", explain=explained(item, quantity, whose, actor.doer_id),
        )  # fmt: skip
    except NotEnough as refusal:
        raise _too_little(item, whose, refusal) from None
    _write(
        item, id=order_id, member_id=whose, by_id=actor.doer_id, quantity=quantity, state="donated", code="",
        expires_at=clock.now(), done_at=clock.now(), txn_id=txn_id,
    )  # fmt: skip
    _check_month(item, whose)
    return order_id


def cancel(actor: Actor, order_id: uuid.UUID) -> None:
    """Give an order up before it was picked up: points and piece go back, and whose points they were is told.

    Raises Conflict when it has ended, Forbidden (beyond_mandate) in somebody's place where her family pays.
    """
    order = locked(order_id)
    must(actor, Perm.REWARD_REDEEM, order)
    check_waits(order)
    if actor.instead is not None and families.shares_of(order_id):
        raise Forbidden(
            _("这份有家里人的积分，代办不能取消"),
            next_step=_("请本人或者出积分的家里人来取消。"),
            code="beyond_mandate",
        )
    end(order, "cancelled", by_id=actor.doer_id, outcome="voided")
    item = session().get_one(RewardItem, order.item_id)
    helping.done(actor, "cancel", f"order:{order.id}", f"/shop/orders/{order.id}", {"item": item.name_zh})
    tell_family(order, actor.ids)


def give_up(member_ids: Iterable[int]) -> None:
    """Cancel what waits for somebody who leaves for good, and what she pays of her family's: nobody spends it later."""
    ids = list(member_ids)
    paid = select(PotShare.order_id).where(PotShare.payer_id.in_(ids))
    open_ones = select(_ORDER.id).where(or_(_ORDER.member_id.in_(ids), _ORDER.id.in_(paid)), _ORDER.state == "reserved")
    for order_id in session().scalars(open_ones.order_by(_ORDER.id)).all():
        order = locked(order_id)
        if order.state == "reserved":
            end(order, "cancelled", by_id=None, outcome="voided")
            tell_family(order, ids)


def tell_family(order: RewardOrder, by: Sequence[int]) -> None:
    """Tell who ordered and who pays that `by` (one person's ids) gave an order of their family up; herself left out."""
    shares = families.shares_of(order.id)
    concerned = {order.member_id, *(one.payer_id for one in shares)}
    gone = next((one for one in by if one in concerned), None)
    if not shares or gone is None:
        return
    told = {"who": kinds.Person(gone), "item": session().get_one(RewardItem, order.item_id).name_zh}
    for who in sorted(concerned - set(by)):
        link = f"/shop/orders/{order.id}" if who == order.member_id else "/family"
        messages.notify(who, "points.family_stopped", told, link=link)


# --- what the desk's side needs too ---


def locked(order_id: uuid.UUID) -> RewardOrder:
    """Return the order, locked, as it is now; raises NotFound."""
    order = session().scalar(
        locking(select(RewardOrder).where(_ORDER.id == order_id)).execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order


def end(order: RewardOrder, state: str, *, by_id: int | None, outcome: str, words: str = "") -> None:
    """End a locked order without handing it over: its points are given back (`outcome`), its pieces are free again."""
    holding.void(order.id, outcome)
    _close(order, state, by_id, words)
    session().execute(
        update(RewardItem.__table__)  # type: ignore[arg-type]
        .where(_ITEM.id == order.item_id)
        .values(reserved=_ITEM.reserved - order.quantity)
    )


def close(order: RewardOrder, txn_id: int, *, by_id: int) -> None:
    """Write down that a locked order was handed over by `by_id`, paid for by `txn_id`."""
    order.txn_id = txn_id
    _close(order, "collected", by_id, "")


def _close(order: RewardOrder, state: str, by_id: int | None, words: str) -> None:
    order.state, order.done_at, order.done_by, order.words = state, clock.now(), by_id, words
    session().flush()


def check_waits(order: RewardOrder) -> None:
    """Raise Conflict, with what became of it and when, unless the order still waits to be picked up."""
    if order.state != "reserved":
        raise _ended(order)


def explained(item: RewardItem, quantity: int, member_id: int, by_id: int) -> dict[str, object]:
    """Return what a posting writes down about what was bought, by whom if it was somebody in her member's place."""
    return {
        **({"helper": str(by_id)} if by_id != member_id else {}),
        "what": item.name_zh + (f" × {quantity}" if quantity > 1 else ""),
        "what_en": (item.name_en or item.name_zh) + (f" × {quantity}" if quantity > 1 else ""),
        "item": str(item.id),
        "quantity": quantity,
        "each": item.points,
        "where": item.scope_path,
    }


def offered(item_id: uuid.UUID) -> RewardItem:
    """Return a reward that can be had today; raises NotFound or Conflict."""
    item = session().scalar(select(RewardItem).where(_ITEM.id == item_id).execution_options(populate_existing=True))
    if item is None or item.state == "draft":
        raise NotFound
    if item.state != "open":
        raise Conflict("not_offered", _("这样奖品已经下架"), next_step=_("请回到商城看看别的。"))
    if item.until_on is not None and item.until_on < clock.today():
        raise Conflict("offer_ended", _("这样奖品的兑换已经截止"), next_step=_("请回到商城看看别的。"))
    check_green(item.town_id)
    return item


def check_green(town_id: int) -> None:
    """Raise Conflict while the latest look over the town's books found a fault: nothing is redeemed there."""
    if checks.frozen(town_id):
        raise Conflict(
            "ledger_red",
            _("账本正在核对，兑换先停一下"),
            next_step=_("昨夜的核对发现账本有一处对不上。积分都还在，查清后就恢复；已留的东西不会过期。"),
        )


def sold_out(left: int) -> Conflict:
    """Return the refusal for who comes too late, with how many are left."""
    if left > 0:
        said: Text = ngettext("只剩 %(num)s 份了", "只剩 %(num)s 份了", left)
        return Conflict("sold_out", said, next_step=_("请少选几份，或者换一样。"))
    return Conflict("sold_out", _("刚刚换完了"), next_step=_("您的积分没有动。可以换一样，补货后再来。"))


def kept_until(order: RewardOrder) -> dt.datetime:
    """Return until when an order is kept: a few days longer when nothing could be fetched on its last one, because the
    town's books were being checked.
    """
    if order.expires_at > clock.now() or not checks.red_at(order.town_id, order.expires_at):
        return order.expires_at
    green = checks.green_after(order.town_id, order.expires_at)
    return rewards.last_moment(clock.local(green or clock.now()).date(), LATER_DAYS)


def pick_up_days(town_id: int) -> int:
    """Return how many days a reward is kept for its member in the town."""
    terms = session().get(TownTerms, town_id)
    return terms.pick_up_days if terms else rewards.PICK_UP_DAYS


# --- steps of reserving ---


def _check_quantity(quantity: int) -> None:
    if not 0 < quantity <= rewards.MOST_AT_ONCE:
        raise DomainError("quantity", _("请填 1 到 %(most)s 份", most=rewards.MOST_AT_ONCE), field="quantity")


def _check_price(item: RewardItem, quantity: int, expected: int | None) -> None:
    now = item.points * quantity
    if expected is not None and expected != now:
        told: Text = _("现在要 %(now)s 分，刚才是 %(before)s 分", now=now, before=expected)
        raise Conflict("price_changed", told, next_step=_("您的积分没有动。请回到这样奖品，看清楚再定。"))


def _write(item: RewardItem, **columns: object) -> None:
    session().execute(
        insert(RewardOrder.__table__),  # type: ignore[arg-type]
        {
            "town_id": item.town_id,
            "scope_path": item.scope_path,
            "item_id": item.id,
            "points": item.points * int(columns["quantity"]),  # type: ignore[call-overload]
            "created_at": clock.now(),
            "words": "",
            **columns,
        },
    )


def _hers(whose: int) -> Pays:
    def hold(item: RewardItem, points: int, order_id: uuid.UUID, expires_at: dt.datetime) -> None:
        try:
            holding.hold(item.town_id, whose, points, order_id=order_id, expires_at=expires_at)
        except NotEnough as refusal:
            raise _too_little(item, whose, refusal) from None

    return hold


def _too_little(item: RewardItem, whose: int, refusal: NotEnough) -> Conflict:
    account = Account.__table__.c
    mine = select(account.town_id).where(
        account.subject_id == whose, account.asset == "points", account.kind == "resident"
    )
    towns = set(session().scalars(mine))
    if not towns or item.town_id in towns:
        return refusal
    town = places.area(item.town_id)
    return Conflict(
        "other_town",
        _("这是%(town)s的奖品，您在那里还没有积分", town=town.name if town else ""),
        next_step=_("每个镇街的积分各自计算，请在您有积分的镇街兑换。"),
    )


def _check_month(item: RewardItem, whose: int) -> None:
    if item.per_month is None:
        return
    first = clock.at_local(clock.today().replace(day=1), dt.time.min)
    had = session().scalar(
        select(func.coalesce(func.sum(_ORDER.quantity), 0)).where(
            _ORDER.member_id == whose, _ORDER.item_id == item.id, _ORDER.created_at >= first,
            _ORDER.state.in_(("reserved", "collected", "donated")),
        )
    )  # fmt: skip
    if (had or 0) > item.per_month:
        limit: Text = ngettext("每人每月最多 %(num)s 份", "每人每月最多 %(num)s 份", item.per_month)
        raise Conflict("month_limit", limit, next_step=_("下个月再来，或者换一样。"))


def _take_from_stock(item_id: uuid.UUID, quantity: int) -> None:
    taken = session().execute(
        update(RewardItem.__table__)  # type: ignore[arg-type]
        .where(_ITEM.id == item_id, _ITEM.state == "open", _ITEM.on_hand - _ITEM.reserved >= quantity)
        .values(reserved=_ITEM.reserved + quantity)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise sold_out(0)


def _new_code(town_id: int) -> str:
    for _again in range(40):
        code = f"{secrets.randbelow(1_000_000):06d}"
        taken = select(_ORDER.id).where(_ORDER.town_id == town_id, _ORDER.code == code, _ORDER.state == "reserved")
        if session().scalar(taken) is None:
            return code
    raise Busy


def _ended(order: RewardOrder) -> Conflict:
    at = clock.local(order.done_at or order.created_at).strftime("%Y-%m-%d %H:%M")
    said: dict[str, Text] = {
        "collected": _("这份已经领走了（%(at)s）", at=at),
        "cancelled": _("这份兑换已经取消（%(at)s）", at=at),
        "expired": _("取货码过期了（%(at)s），积分已经退回", at=at),
        "refused": _("这份没有发放（%(at)s），积分已经退回", at=at),
        "donated": _("这是一笔捐赠，没有东西要领"),
    }
    return Conflict(
        "already_collected" if order.state == "collected" else f"order_{order.state}",
        said[order.state],
        next_step=_("兑换记录里能看到每一步。"),
    )
