"""The town's side of the shop: rewards, their prices and stock, and who provides them. Need `transaction()`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select

from community.audit import services as audit
from community.core import clock, uploads
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _, ngettext
from community.core.ids import new_id, new_uuid
from community.core.uploads import Picture, Upload
from community.places import queries as places
from community.points import rewards
from community.points.models import RewardItem, RewardOrder, Supplier
from community.points.rewards import Details
from community.points.services import budget, noting
from community.points.services.handing import write_move

PURPOSE = "reward"
_ITEM, _ORDER = RewardItem.__table__.c, RewardOrder.__table__.c


def _name_taken() -> DomainError:
    return DomainError("name", _("这个名字已经登记过了"), field="name")


on_constraint("uq_supplier_name", _name_taken)

# --- rewards ---


def create(actor: Actor, area_id: int, kind: str, wanted: Details) -> uuid.UUID:
    """Write down a new reward of an area (a town or a part of it); nobody sees it before `open_`. Returns its id.

    Raises NotFound outside the actor's area, DomainError of the field that is wrong (also for what points may never
    gate, with the reason).
    """
    area = places.area(area_id)
    must(actor, Perm.REWARD_MANAGE, _Place(area.path if area else ""))
    if area is None or area.town_id is None:
        raise DomainError("area_id", _("请选一个镇街或村社"), field="area_id")
    details = rewards.check(wanted, kind)
    _check_supplier(area.town_id, details)
    item = RewardItem(
        id=new_uuid(), town_id=area.town_id, scope_path=area.path, kind=kind, state="draft", created_by=actor.member_id,
        created_at=clock.now(), **asdict(details),
    )  # fmt: skip
    session().add(item)
    session().flush()
    noting.reward(item, actor.member_id)
    _record(actor, "points.reward_create", item, after=asdict(details))
    return item.id


def change(actor: Actor, item_id: uuid.UUID, wanted: Details) -> None:
    """Change what is written about a reward; orders keep what they cost. Raises as `create`."""
    item = _locked(actor, item_id)
    details = rewards.check(wanted, item.kind)
    _check_supplier(item.town_id, details)
    fields = asdict(details)
    before = {name: getattr(item, name) for name in fields}
    for name, value in fields.items():
        setattr(item, name, value)
    session().flush()
    noting.reward(item, actor.member_id)
    _record(actor, "points.reward_change", item, before=before, after=fields)


def open_(actor: Actor, item_id: uuid.UUID) -> None:
    """Let members have the reward. Raises Conflict `no_stock` for goods of which there are none, `insolvent` while the
    town's points are not covered: then it promises nothing new.
    """
    item = _locked(actor, item_id)
    rewards.check(Details(**{name: getattr(item, name) for name in Details.__dataclass_fields__}), item.kind)
    if item.kind != "cause" and item.on_hand == 0:
        raise Conflict("no_stock", _("还没有库存"), next_step=_("请先登记到货，再上架。"))
    budget.must_be_solvent(item.town_id)
    item.state = "open"
    session().flush()
    noting.reward(item, actor.member_id)
    _record(actor, "points.reward_open", item)


def close(actor: Actor, item_id: uuid.UUID) -> None:
    """Take the reward out of the shop; what was reserved is still handed over."""
    item = _locked(actor, item_id)
    item.state = "closed"
    session().flush()
    noting.reward(item, actor.member_id)
    _record(actor, "points.reward_close", item)


def show(actor: Actor, item_id: uuid.UUID, picture: Picture | None) -> None:
    """Let the reward be seen as `picture`, or as none; the one it had before is deleted."""
    item = _locked(actor, item_id)
    before = session().get(Upload, item.upload_id) if item.upload_id else None
    item.upload_id = uploads.keep(actor, PURPOSE, picture).id if picture else None
    if before is not None:
        uploads.delete(before)
    session().flush()
    _record(actor, "points.reward_picture", item, details={"shown": picture is not None})


# --- stock ---


def deliver(actor: Actor, item_id: uuid.UUID, pieces: int, words: str = "") -> None:
    """Write down that pieces came. Raises DomainError of "pieces"."""
    item = _locked(actor, item_id)
    _must_have_stock(item)
    if not 0 < pieces <= rewards.MOST_PIECES - item.on_hand:
        raise DomainError("pieces", _("请填到了多少份"), field="pieces")
    _move(actor, item, pieces, "delivery", words)


def count(actor: Actor, item_id: uuid.UUID, pieces: int, words: str) -> None:
    """Write down how many pieces were counted, with the reason when it differs from the books.

    Raises DomainError of "pieces" when fewer are there than are reserved, of "words" without a reason.
    """
    item = _locked(actor, item_id)
    _must_have_stock(item)
    if not 0 <= pieces <= rewards.MOST_PIECES:
        raise DomainError("pieces", _("请填点到多少份"), field="pieces")
    if pieces < item.reserved:
        raise DomainError(
            "pieces",
            ngettext(
                "已经有人订了 %(num)s 份，不能比这个少。请先拒发或联系他们。",
                "已经有人订了 %(num)s 份，不能比这个少。请先拒发或联系他们。",
                item.reserved,
            ),
            field="pieces",
        )
    if pieces != item.on_hand:
        if not words.strip():
            raise DomainError("words", _("和账上不一样，请写明原因"), field="words")
        _move(actor, item, pieces - item.on_hand, "count", words)


def _move(actor: Actor, item: RewardItem, delta: int, reason: str, words: str) -> None:
    item.on_hand += delta
    session().flush()
    write_move(actor, item.id, delta, item.on_hand, reason, words=" ".join(words.split())[:120])
    _record(actor, "points.stock", item, details={"delta": delta, "on_hand": item.on_hand})


# --- suppliers ---


def add_supplier(actor: Actor, town_id: int, name: str, contact: str) -> int:
    """Write down who provides rewards of a town; returns the id. Raises DomainError of "name"."""
    town = places.area(town_id)
    must(actor, Perm.REWARD_MANAGE, _Place(town.path if town else ""))
    clean = " ".join(name.split())
    if not 1 < len(clean) <= 60:
        raise DomainError("name", _("请填写名称，60 字以内"), field="name")
    taken = select(func.count()).where(Supplier.town_id == town_id, Supplier.name == clean)
    if session().scalar(taken):
        raise _name_taken()
    made = Supplier(
        id=new_id(), town_id=town_id, name=clean, contact=" ".join(contact.split())[:120], created_at=clock.now()
    )
    session().add(made)
    session().flush()
    audit.record(actor, "points.supplier_add", "supplier", made.id, scope_path=town.path if town else "")
    return made.id


def close_supplier(actor: Actor, supplier_id: int) -> None:
    """Note that somebody provides nothing any more. Raises Conflict while rewards of theirs are in the shop."""
    found = session().scalar(locking(select(Supplier).where(Supplier.id == supplier_id)))
    town = places.area(found.town_id) if found else None
    must(actor, Perm.REWARD_MANAGE, _Place(town.path if town else ""))
    if found is None:
        raise NotFound
    still = select(func.count()).where(_ITEM.supplier_id == supplier_id, _ITEM.state == "open")
    if session().scalar(still):
        raise Conflict("supplier_used", _("还有上架的奖品由他们提供"), next_step=_("请先下架，或改成别的供应方。"))
    found.closed_at = found.closed_at or clock.now()
    session().flush()
    audit.record(actor, "points.supplier_close", "supplier", found.id, scope_path=town.path if town else "")


# --- what all of them need ---


class _Place:
    def __init__(self, scope_path: str) -> None:
        self.scope_path = scope_path


def _locked(actor: Actor, item_id: uuid.UUID) -> RewardItem:
    wanted = locking(select(RewardItem).where(_ITEM.id == item_id)).execution_options(populate_existing=True)
    item = session().scalar(wanted)
    if item is None:
        raise NotFound
    must(actor, Perm.REWARD_MANAGE, item)
    return item


def _check_supplier(town_id: int, details: Details) -> None:
    if details.supplier_id is None:
        return
    found = session().get(Supplier, details.supplier_id)
    if found is None or found.town_id != town_id or found.closed_at is not None:
        raise DomainError("supplier_id", _("请从列出的里面选一个"), field="supplier_id")


def _must_have_stock(item: RewardItem) -> None:
    if item.kind == "cause":
        raise Conflict("cause_without_stock", _("公益项目没有库存"))


def _record(
    actor: Actor,
    act: str,
    item: RewardItem,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        actor, act, "reward", item.id, scope_path=item.scope_path, before=before, after=after,
        details={"reward": item.name_zh, **(details or {})},
    )  # fmt: skip
