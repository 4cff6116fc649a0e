"""What points cost: budgets in slots, how they came about, the terms of a town, months that were closed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, append_only, final_in, final_with, frozen_columns, int_id, one_of

CLOSE_STATES = ("draft", "published")


class BudgetSlot(Base):
    """★ A slice of a town's points budget for a year; many small rows instead of one hot one (points.md §2.4)."""

    __tablename__ = "budget_slot"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= amount", name="limit"),)

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    amount: Mapped[int] = mapped_column(Integer)
    used: Mapped[int] = mapped_column(Integer, default=0)


@append_only
class BudgetMove(Base):
    """That a town's budget of a year was raised or lowered, by which resolution, at which price of a point (in fen)."""

    __tablename__ = "budget_move"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("fen_per_point >= 0", name="fen"),
        CheckConstraint("resolution <> ''", name="resolution"),
        Index("ix_budget_move_town", "town_id", "year"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(Integer)
    fen_per_point: Mapped[int] = mapped_column(Integer)
    resolution: Mapped[str] = mapped_column(String(120))
    # 0: a command.
    by_id: Mapped[Id]
    at: Mapped[dt.datetime]


@append_only
class AnomalyLook(Base):
    """That somebody looked at a flag of the anomaly list, when it counted `size` rows, and what she found."""

    __tablename__ = "anomaly_look"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("words <> ''", name="words"),
        Index("ix_anomaly_look_flag", "town_id", "flag"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    # "pair:<approver>:<member>:2026-11": the kind of flag, whom it names, since when.
    flag: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    at: Mapped[dt.datetime]


class TownTerms(Base):
    """A town's settings: from how many points on two people decide, days to answer an appeal, days to pick up."""

    __tablename__ = "town_terms"
    __table_args__ = (
        CheckConstraint("four_eyes_from > 0", name="four_eyes_from"),
        CheckConstraint("appeal_days BETWEEN 1 AND 30", name="appeal_days"),
        CheckConstraint("pick_up_days BETWEEN 1 AND 60", name="pick_up_days"),
    )

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    four_eyes_from: Mapped[int] = mapped_column(Integer, default=50)
    appeal_days: Mapped[int] = mapped_column(Integer, default=7)
    pick_up_days: Mapped[int] = mapped_column(Integer, default=14)


@frozen_columns("town_id", "month_on", kept_while="OLD.state = 'published'")
@final_in("state", "published")
class PeriodClose(Base):
    """A month of a town's ledger: drafted, open for corrections until `window_until`, then published for good.

    `totals` are the sums of I14 by asset; `root` the Merkle root over the residents' statements; the head of the chain
    as it stood. A published month never changes: later entries appear as corrections of earlier months.
    """

    __tablename__ = "period_close"
    __table_args__ = (
        CheckConstraint(one_of("state", CLOSE_STATES), name="state"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
        CheckConstraint("published_by IS NULL OR drafted_by IS NULL OR published_by <> drafted_by", name="four_eyes"),
    )

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    # Its first day.
    month_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    totals: Mapped[dict[str, Any]] = mapped_column(JSON)
    leaves: Mapped[int] = mapped_column(Integer)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    head_seq: Mapped[int] = mapped_column(Integer)
    head_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    drafted_at: Mapped[dt.datetime]
    drafted_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    window_until: Mapped[dt.date] = mapped_column(Date)
    published_at: Mapped[dt.datetime | None]
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))


@frozen_columns(
    "town_id", "month_on", "position", "account_id", "salt", "leaf_hash", may_empty=("salt",), kept_while="1 = 0"
)
@final_with("period_close", "state", "published", ("town_id", "month_on"))
class StatementLeaf(Base):
    """A resident's statement of a month as a leaf of its Merkle tree; written anew with each draft of the month."""

    __tablename__ = "statement_leaf"
    __table_args__ = (
        ForeignKeyConstraint(
            ["town_id", "month_on"], ["period_close.town_id", "period_close.month_on"], name="fk_statement_leaf_month"
        ),
        UniqueConstraint("town_id", "month_on", "account_id", name="uq_statement_leaf_account"),
    )

    town_id: Mapped[Id] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    account_id: Mapped[Id] = mapped_column(ForeignKey("account.id"))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
