"""What the shop offers, a member's orders, and what the reward desk sees of its area."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from community.core import clock
from community.core.authz import Actor, Perm, can, must, under, visible
from community.core.db import session
from community.core.errors import NotFound
from community.core.uploads import Upload
from community.people import queries as people
from community.places import queries as places
from community.points.models import Account, RewardItem, RewardOrder, StockMove, Supplier

PAGE = 50
_ITEM, _ORDER, _MOVE = RewardItem.__table__.c, RewardOrder.__table__.c, StockMove.__table__.c
_SUPPLIER, _MEMBER = Supplier.__table__.c, people.MEMBER.c


@dataclass(frozen=True, slots=True)
class Purse:
    """A member's account of points in one town."""

    account_id: int
    town_id: int


# --- members ---


def offered(actor: Actor) -> Sequence[Row[Any]]:
    """Return what the actor may have today, of her own town and of every town where she has points: row (RewardItem,
    supplier's name), cheapest first, causes last.
    """
    towns = {purse.town_id for purse in purses(actor.member_id)} | ({actor.town_id} if actor.town_id else set())
    open_now = (_ITEM.state == "open") & or_(_ITEM.until_on.is_(None), _ITEM.until_on >= clock.today())
    wanted = _items().where(_ITEM.town_id.in_(towns), open_now)
    return session().execute(wanted.order_by(_ITEM.kind == "cause", _ITEM.points, _ITEM.id)).all()


def item(item_id: uuid.UUID) -> Row[Any]:
    """Return (RewardItem, supplier's name) of a reward that was ever offered; raises NotFound."""
    found = session().execute(_items().where(_ITEM.id == item_id, _ITEM.state != "draft")).first()
    if found is None:
        raise NotFound
    return found


def purses(member_id: int) -> list[Purse]:
    """Return the member's accounts of points."""
    account = Account.__table__.c
    rows = session().execute(
        select(account.id, account.town_id).where(
            account.subject_id == member_id, account.kind == "resident", account.asset == "points"
        )
    )
    return [Purse(row.id, row.town_id) for row in rows]


def orders_of(actor: Actor, before: uuid.UUID | None = None) -> tuple[Sequence[Row[Any]], uuid.UUID | None]:
    """Return a page of the actor's orders, newest first, and the one to go on from: rows (RewardOrder, RewardItem)."""
    must(actor, Perm.REWARD_REDEEM)
    wanted = _orders().where(_ORDER.member_id.in_(actor.ids))
    if before is not None:
        wanted = wanted.where(_ORDER.id < before)
    rows = session().execute(wanted.order_by(_ORDER.id.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].RewardOrder.id if len(rows) > PAGE else None


def waiting(member_id: int) -> Sequence[Row[Any]]:
    """Return the member's orders that wait to be picked up, the one that expires first on top."""
    wanted = _orders().where(_ORDER.member_id == member_id, _ORDER.state == "reserved")
    return session().execute(wanted.order_by(_ORDER.expires_at, _ORDER.id)).all()


def order_of(actor: Actor, order_id: uuid.UUID) -> Row[Any]:
    """Return one of the actor's orders (RewardOrder, RewardItem); NotFound for others'."""
    found = _order(order_id)
    must(actor, Perm.REWARD_REDEEM, found.RewardOrder)
    return found


# --- the reward desk ---


def order_at_desk(actor: Actor, order_id: uuid.UUID) -> Row[Any]:
    """Return an order of the actor's area, with its member's name; NotFound elsewhere."""
    found = _order(order_id)
    must(actor, Perm.REWARD_HAND, found.RewardOrder)
    return found


def whose_desk(actor: Actor, order_id: uuid.UUID) -> str | None:
    """Return the name of the town whose desk hands an order over, None when it is the actor's; raises NotFound."""
    found = _order(order_id).RewardOrder
    if can(actor, Perm.REWARD_HAND, found):
        return None
    return places.names([found.town_id]).get(found.town_id, "")


def by_code(actor: Actor, code: str) -> Row[Any] | None:
    """Return the order of the actor's area with this pick-up code: one that waits, else the last that had it."""
    wanted = _orders().where(_ORDER.code == code, visible(actor, Perm.REWARD_HAND, RewardOrder))
    return session().execute(wanted.order_by(_ORDER.state != "reserved", _ORDER.id.desc()).limit(1)).first()


def open_orders(actor: Actor, limit: int = PAGE, *, area: str = "") -> Sequence[Row[Any]]:
    """Return what waits to be picked up in the actor's area, or below `area`, what expires first on top."""
    wanted = _orders().where(*_waits(actor, area))
    return session().execute(wanted.order_by(_ORDER.expires_at, _ORDER.id).limit(limit)).all()


def open_count(actor: Actor, area: str = "") -> int:
    """Return how many orders wait to be picked up in the actor's area, or below `area`."""
    return session().scalar(select(func.count()).select_from(RewardOrder).where(*_waits(actor, area))) or 0


def _waits(actor: Actor, area: str) -> tuple[ColumnElement[bool], ...]:
    below = (under(_ORDER.scope_path, (area,)),) if area else ()
    return _ORDER.state == "reserved", visible(actor, Perm.REWARD_HAND, RewardOrder), *below


def handed_today(actor: Actor) -> tuple[int, int]:
    """Return how many orders were handed over today in the actor's area, and for how many points."""
    midnight = clock.at_local(clock.today(), dt.time.min)
    wanted = select(func.count(), func.coalesce(func.sum(_ORDER.points), 0)).where(
        _ORDER.state == "collected", _ORDER.done_at >= midnight, visible(actor, Perm.REWARD_HAND, RewardOrder)
    )
    row = session().execute(wanted).one()
    return int(row[0]), int(row[1])


def overdue(limit: int = 500) -> Sequence[uuid.UUID]:
    """Return orders that were not fetched in time, for the job; those of towns whose books are red are among them."""
    wanted = select(_ORDER.id).where(_ORDER.state == "reserved", _ORDER.expires_at <= clock.now())
    return session().scalars(wanted.order_by(_ORDER.expires_at).limit(limit)).all()


def to_remind(limit: int = 500) -> Sequence[uuid.UUID]:
    """Return orders whose last day is today or tomorrow and whose members were not told so, for the job.

    Who ordered today knows it.
    """
    midnight = clock.at_local(clock.today(), dt.time.min)
    wanted = select(_ORDER.id).where(
        _ORDER.state == "reserved",
        _ORDER.reminded_at.is_(None),
        _ORDER.created_at < midnight,
        _ORDER.expires_at > clock.now(),
        _ORDER.expires_at <= clock.at_local(clock.today() + dt.timedelta(days=2), dt.time.min),
    )
    return session().scalars(wanted.order_by(_ORDER.expires_at).limit(limit)).all()


def to_mend(actor: Actor, area: str = "") -> Sequence[RewardItem]:
    """Return rewards in the shop below `area` that nobody can have: all pieces are gone, or their last day is over."""
    below = (under(_ITEM.scope_path, (area,)),) if area else ()
    gone = (_ITEM.kind != "cause") & (_ITEM.on_hand == _ITEM.reserved)
    wanted = select(RewardItem).where(
        visible(actor, Perm.REWARD_MANAGE, RewardItem), _ITEM.state == "open", gone | (_ITEM.until_on < clock.today()),
        *below,
    )  # fmt: skip
    return session().scalars(wanted.order_by(_ITEM.points, _ITEM.id)).all()


# --- the shop's books ---


def items_at_desk(actor: Actor) -> Sequence[Row[Any]]:
    """Return every reward of the actor's area (RewardItem, supplier's name), what is offered first."""
    wanted = _items().where(visible(actor, Perm.REWARD_MANAGE, RewardItem))
    return session().execute(wanted.order_by(_ITEM.state != "open", _ITEM.state, _ITEM.points, _ITEM.id)).all()


def item_at_desk(actor: Actor, item_id: uuid.UUID) -> RewardItem:
    """Return a reward that the actor manages; NotFound elsewhere."""
    found = session().get(RewardItem, item_id)
    if found is None:
        raise NotFound
    must(actor, Perm.REWARD_MANAGE, found)
    return found


def may_see(actor: Actor | None, upload: Upload) -> bool:
    """Say whether somebody may see the picture of a reward: members once it was offered, before only who manages it."""
    item = session().scalar(select(RewardItem).where(_ITEM.upload_id == upload.id))
    if actor is None or item is None:
        return False
    return item.state != "draft" or can(actor, Perm.REWARD_MANAGE, item)


def moves(item_id: uuid.UUID, limit: int = PAGE) -> Sequence[StockMove]:
    """Return how a reward's stock moved, newest first."""
    return (
        session()
        .scalars(select(StockMove).where(_MOVE.item_id == item_id).order_by(_MOVE.seq.desc()).limit(limit))
        .all()
    )


def suppliers(actor: Actor) -> Sequence[Row[Any]]:
    """Return who provides rewards of the actor's towns: (Supplier, town's name, number of rewards offered)."""
    offered_now = select(func.count()).where(_ITEM.supplier_id == _SUPPLIER.id, _ITEM.state == "open").scalar_subquery()
    area = places.AREA.c
    wanted = (
        select(Supplier, area.name.label("town"), offered_now.label("offered"))
        .join(places.AREA, area.id == _SUPPLIER.town_id)
        .where(_managed(actor, area.path))
        .order_by(_SUPPLIER.closed_at.is_not(None), area.path, _SUPPLIER.name)
    )
    return session().execute(wanted).all()


def supplier_choices(actor: Actor, town_id: int | None = None) -> list[tuple[int, str]]:
    """Return (id, name) of those who provide rewards now, of one town or of all the actor's."""
    return [
        (row.Supplier.id, row.Supplier.name)
        for row in suppliers(actor)
        if row.Supplier.closed_at is None and town_id in (None, row.Supplier.town_id)
    ]


def places_to_offer(actor: Actor) -> list[tuple[int, str]]:
    """Return (id, name) of the towns and villages whose rewards the actor manages."""
    area = places.AREA.c
    wanted = select(area.id, area.name).where(area.kind.in_(("town", "village")), _managed(actor, area.path))
    return [(row.id, row.name) for row in session().execute(wanted.order_by(area.path).limit(places.CHOICES))]


def towns(actor: Actor) -> list[tuple[int, str]]:
    """Return (id, name) of the towns whose rewards the actor manages."""
    area = places.AREA.c
    wanted = select(area.id, area.name).where(area.kind == "town", _managed(actor, area.path))
    return [(row.id, row.name) for row in session().execute(wanted.order_by(area.path).limit(places.CHOICES))]


def _managed(actor: Actor, path: ColumnElement[str]) -> ColumnElement[bool]:
    return under(
        path, tuple(held.area_path for held in actor.held if held.area_path and Perm.REWARD_MANAGE in held.perms)
    )


def _items() -> Select[Any]:
    return select(RewardItem, _SUPPLIER.name.label("supplier")).outerjoin(
        Supplier.__table__, _SUPPLIER.id == _ITEM.supplier_id
    )


def _orders() -> Select[Any]:
    return (
        select(RewardOrder, RewardItem, _MEMBER.display_name.label("member"))
        .join(RewardItem, _ITEM.id == _ORDER.item_id)
        .join(people.MEMBER, _MEMBER.id == _ORDER.member_id)
    )


def _order(order_id: uuid.UUID) -> Row[Any]:
    found = session().execute(_orders().where(_ORDER.id == order_id)).first()
    if found is None:
        raise NotFound
    return found
