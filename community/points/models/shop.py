"""The rewards shop: suppliers, rewards with their stock, orders from reserving to picking up."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import Base, Id, append_only, frozen_columns, int_id, one_of, said_once, uuid_id

REWARD_KINDS = ("goods", "service", "cause")
REWARD_STATES = ("draft", "open", "closed")
STOCK_REASONS = ("delivery", "count", "collected")
ORDER_STATES = ("reserved", "collected", "cancelled", "expired", "refused", "donated")


@frozen_columns("id", "town_id", "created_at")
class Supplier(Base):
    """Who provides rewards of a town: a shop or service point, and how staff reach it."""

    __tablename__ = "supplier"
    __table_args__ = (UniqueConstraint("town_id", "name", name="uq_supplier_name"),)

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    name: Mapped[str] = mapped_column(String(60))
    contact: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]


@frozen_columns("id", "town_id", "kind", "created_by", "created_at")
class RewardItem(Base):
    """★ A reward: what it costs in points and in money (fen), where and until when; its stock moves with orders."""

    __tablename__ = "reward_item"
    __table_args__ = (
        CheckConstraint(one_of("kind", REWARD_KINDS), name="kind"),
        CheckConstraint(one_of("state", REWARD_STATES), name="state"),
        CheckConstraint("points > 0 AND fen >= 0", name="price"),
        CheckConstraint("0 <= reserved AND reserved <= on_hand", name="stock"),
        CheckConstraint("kind <> 'cause' OR (on_hand = 0 AND reserved = 0)", name="cause_without_stock"),
        CheckConstraint("per_month IS NULL OR per_month > 0", name="per_month"),
        Index("ix_reward_item_town", "town_id", "state"),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    supplier_id: Mapped[Id | None] = mapped_column(ForeignKey("supplier.id"))
    kind: Mapped[str] = mapped_column(String(8))
    name_zh: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60), default="")
    about_zh: Mapped[str] = mapped_column(String(300), default="")
    about_en: Mapped[str] = mapped_column(String(400), default="")
    points: Mapped[int] = mapped_column(Integer)
    fen: Mapped[int] = mapped_column(Integer, default=0)
    on_hand: Mapped[int] = mapped_column(Integer, default=0)
    reserved: Mapped[int] = mapped_column(Integer, default=0)
    # How many one member may have in a month.
    per_month: Mapped[int | None] = mapped_column(Integer)
    pick_up: Mapped[str] = mapped_column(String(120), default="")
    until_on: Mapped[dt.date | None] = mapped_column(Date)
    upload_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("upload.id"))
    state: Mapped[str] = mapped_column(String(8), default="draft")
    created_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[dt.datetime]

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@append_only
class StockMove(Base):
    """That pieces came, were counted, or were handed over, by whom; `on_hand_after` is the stock after it."""

    __tablename__ = "stock_move"
    __table_args__ = (
        CheckConstraint("delta <> 0", name="delta"),
        CheckConstraint("on_hand_after >= 0", name="on_hand_after"),
        CheckConstraint(one_of("reason", STOCK_REASONS), name="reason"),
        CheckConstraint("(reason = 'collected') = (order_id IS NOT NULL)", name="collected"),
        UniqueConstraint("item_id", "seq", name="uq_stock_move_seq"),
    )

    id: Mapped[int] = int_id()
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reward_item.id"))
    seq: Mapped[int] = mapped_column(Integer)
    delta: Mapped[int] = mapped_column(Integer)
    on_hand_after: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(10))
    order_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reward_order.id"), unique=True)
    words: Mapped[str] = mapped_column(String(120), default="")
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    at: Mapped[dt.datetime]


@frozen_columns(
    "id", "town_id", "item_id", "member_id", "by_id", "quantity", "points", "code", "created_at", "expires_at"
)
@said_once(
    "state", "reserved", "done_at", "done_by", "words", "txn_id",
    last=("collected", "cancelled", "expired", "refused", "donated"), may_blank=("words",),
)  # fmt: skip
class RewardOrder(Base):
    """A reward that a member reserved (or a donation to a cause): ends once, handed over by another than herself."""

    __tablename__ = "reward_order"
    __table_args__ = (
        CheckConstraint(one_of("state", ORDER_STATES), name="state"),
        CheckConstraint("quantity BETWEEN 1 AND 99 AND points > 0", name="amounts"),
        CheckConstraint(
            "state <> 'collected' OR (done_by IS NOT NULL AND done_by <> member_id)", name="handed_by_another"
        ),
        CheckConstraint("(state = 'reserved') = (done_at IS NULL)", name="done"),
        CheckConstraint("(state IN ('collected', 'donated')) = (txn_id IS NOT NULL)", name="posted"),
        CheckConstraint("state <> 'refused' OR words <> ''", name="refusal_reason"),
        Index(
            "uq_reward_order_code",
            "town_id",
            "code",
            unique=True,
            sqlite_where=text("state = 'reserved'"),
            postgresql_where=text("state = 'reserved'"),
        ),
        # What a family's shares of an order refer to.
        Index("uq_reward_order_owner", "id", "town_id", "member_id", unique=True),
        Index("ix_reward_order_member", "member_id", "created_at"),
        Index("ix_reward_order_item", "item_id", "state"),
        Index(
            "ix_reward_order_due",
            "expires_at",
            sqlite_where=text("state = 'reserved'"),
            postgresql_where=text("state = 'reserved'"),
        ),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reward_item.id"))
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    # Who tapped: the member herself or her helper.
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(Integer)
    # Six digits, unique among a town's open orders.
    code: Mapped[str] = mapped_column(String(6))
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    done_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    words: Mapped[str] = mapped_column(String(200), default="")
    txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"), unique=True)
    # When she was told that its last day is near; once.
    reminded_at: Mapped[dt.datetime | None]

    @property
    def owner_id(self) -> int:
        return self.member_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)
