"""The ledger of points.md §2.1, as far as awards need it; ★ tables are materialised and moved only by postings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import Base, Id, append_only, frozen_columns, int_id, one_of

ASSETS = ("points", "minutes")
ACCOUNT_KINDS = ("resident", "issuance", "budget", "redeemed", "expired", "reversed", "adjustment")
TXN_KINDS = ("award", "redeem", "expire", "reverse", "adjust", "donate")
AWARD_STATES = ("held", "posted", "refused")
HOLD_REASONS = ("budget", "flagged", "unverified", "review")
NEVER = dt.date(9999, 12, 31)
_RESIDENT = "kind = 'resident'"


class Account(Base):
    """★ An account of one town and asset. Only residents' accounts keep a balance; system accounts are sums of rows."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(one_of("asset", ASSETS), name="asset"),
        CheckConstraint(one_of("kind", ACCOUNT_KINDS), name="kind"),
        CheckConstraint("(kind = 'resident') = (subject_id IS NOT NULL)", name="subject"),
        CheckConstraint("kind <> 'resident' OR (held >= 0 AND posted >= held)", name="balance"),
        UniqueConstraint("town_id", "asset", "id", name="uq_account_ledger"),
        Index(
            "uq_account_resident",
            "town_id",
            "asset",
            "subject_id",
            unique=True,
            sqlite_where=text(_RESIDENT),
            postgresql_where=text(_RESIDENT),
        ),
        Index(
            "uq_account_system",
            "town_id",
            "asset",
            "kind",
            unique=True,
            sqlite_where=text("kind <> 'resident'"),
            postgresql_where=text("kind <> 'resident'"),
        ),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    asset: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    posted: Mapped[Id] = mapped_column(default=0)
    held: Mapped[Id] = mapped_column(default=0)
    seq: Mapped[int] = mapped_column(Integer, default=0)


@frozen_columns("id", "town_id", "code")
class Rule(Base):
    """A rule of a town; its words and numbers live in versions."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("town_id", "code", name="uq_rule_code"),)

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    code: Mapped[str] = mapped_column(String(12))


@frozen_columns(
    "rule_id", "version", "trigger", "min_grade", "amount", "once_per", "cap_day", "expires_months",
    "text_zh", "text_en", "resolution", "published_on", "effective_on",
)  # fmt: skip
class RuleVersion(Base):
    """One adopted version of a rule: which event earns how much, under which conditions and caps.

    A version never changes (only `ends_on` is set when the next one starts): the past keeps its rules (points.md §1.4).
    Amounts are positive: no rule can take points.
    """

    __tablename__ = "rule_version"
    __table_args__ = (
        UniqueConstraint("rule_id", "version", name="uq_rule_version"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("cap_day IS NULL OR cap_day >= amount", name="cap_day"),
        CheckConstraint("once_per IN ('', 'hour', 'day')", name="once_per"),
        CheckConstraint("min_grade IN ('A', 'B', 'C', 'D')", name="min_grade"),
        CheckConstraint("effective_on >= published_on", name="published_first"),
        CheckConstraint("expires_months BETWEEN 1 AND 120", name="expires_months"),
        Index("ix_rule_version_trigger", "trigger", "effective_on"),
    )

    id: Mapped[int] = int_id()
    rule_id: Mapped[Id] = mapped_column(ForeignKey("rule.id"))
    version: Mapped[str] = mapped_column(String(12))
    trigger: Mapped[str] = mapped_column(String(40))
    min_grade: Mapped[str] = mapped_column(String(1), default="D")
    amount: Mapped[int] = mapped_column(Integer)
    once_per: Mapped[str] = mapped_column(String(4), default="")
    cap_day: Mapped[int | None] = mapped_column(Integer)
    expires_months: Mapped[int] = mapped_column(Integer, default=24)
    text_zh: Mapped[str] = mapped_column(String(400))
    text_en: Mapped[str] = mapped_column(String(600))
    # The resolution that adopted it (2018 procedure: draft, review, vote, publication).
    resolution: Mapped[str] = mapped_column(String(120))
    published_on: Mapped[dt.date] = mapped_column(Date)
    effective_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)


class RuleUsage(Base):
    """★ How much of a cap a subject has used in a period ("2026-11-23", "2026-11-23T19")."""

    __tablename__ = "rule_usage"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= cap", name="cap"),)

    rule_id: Mapped[Id] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    subject_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), primary_key=True)
    period_key: Mapped[str] = mapped_column(String(16), primary_key=True)
    used: Mapped[int] = mapped_column(Integer)
    cap: Mapped[int] = mapped_column(Integer)


@frozen_columns(
    "id", "town_id", "kind", "dedupe_key", "effective_on", "recorded_at", "rule_version_id", "evidence_ref",
    "subject_id", "actor_id", "approver_id", "reverses_txn_id", "reason_code", "explain",
)  # fmt: skip
class Txn(Base):
    """One posting, gated by its natural key. Only the salt may be erased: that unlinks the row from its sealed leaf."""

    __tablename__ = "txn"
    __table_args__ = (
        CheckConstraint(one_of("kind", TXN_KINDS), name="kind"),
        CheckConstraint("approver_id IS NULL OR approver_id <> subject_id", name="approved_by_another"),
        # Without a subject the line above would hold for anybody.
        CheckConstraint("kind <> 'award' OR subject_id IS NOT NULL", name="award_subject"),
        UniqueConstraint("town_id", "dedupe_key", name="uq_txn_dedupe"),
        UniqueConstraint("town_id", "id", name="uq_txn_town"),
        Index("ix_txn_evidence", "evidence_ref"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    kind: Mapped[str] = mapped_column(String(10))
    dedupe_key: Mapped[str] = mapped_column(String(140))
    effective_on: Mapped[dt.date] = mapped_column(Date)
    recorded_at: Mapped[dt.datetime]
    rule_version_id: Mapped[Id | None] = mapped_column(ForeignKey("rule_version.id"))
    # "checkin:<uuid>": which row of which room it rests on.
    evidence_ref: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    actor_id: Mapped[Id]
    approver_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    reverses_txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"))
    reason_code: Mapped[str] = mapped_column(String(30), default="")
    explain: Mapped[dict[str, Any]] = mapped_column(JSON)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))


@append_only
class Transfer(Base):
    """Amount from one account to another of the same town and asset; anything else cannot be stored."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_sides"),
        ForeignKeyConstraint(["town_id", "txn_id"], ["txn.town_id", "txn.id"], name="fk_transfer_txn"),
        ForeignKeyConstraint(
            ["town_id", "asset", "debit_account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_transfer_debit",
        ),
        ForeignKeyConstraint(
            ["town_id", "asset", "credit_account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_transfer_credit",
        ),
        Index("ix_transfer_txn", "txn_id"),
        Index("ix_transfer_debit", "debit_account_id"),
        Index("ix_transfer_credit", "credit_account_id"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id]
    asset: Mapped[str] = mapped_column(String(8))
    txn_id: Mapped[Id]
    debit_account_id: Mapped[Id]
    credit_account_id: Mapped[Id]
    amount: Mapped[int] = mapped_column(Integer)


@append_only
class Entry(Base):
    """A line of a resident's account. The key (account, seq) turns a lost update into an error on both engines."""

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("balance_after >= 0", name="balance_after"),
        CheckConstraint("delta <> 0", name="delta"),
        UniqueConstraint("transfer_id", "account_id", name="uq_entry_transfer"),
    )

    account_id: Mapped[Id] = mapped_column(ForeignKey("account.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfer.id"))
    delta: Mapped[int] = mapped_column(Integer)
    balance_after: Mapped[Id]


@frozen_columns("id", "account_id", "transfer_id", "granted", "expires_on")
class Lot(Base):
    """★ Points that were granted together and expire together; availability is judged by date, not by a job."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("0 <= held AND held <= remaining AND remaining <= granted", name="amounts"),
        Index(
            "ix_lot_spend",
            "account_id",
            "expires_on",
            "id",
            sqlite_where=text("remaining > 0"),
            postgresql_where=text("remaining > 0"),
        ),
    )

    id: Mapped[int] = int_id()
    account_id: Mapped[Id] = mapped_column(ForeignKey("account.id"))
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfer.id"), unique=True)
    granted: Mapped[int] = mapped_column(Integer)
    remaining: Mapped[int] = mapped_column(Integer)
    held: Mapped[int] = mapped_column(Integer, default=0)
    expires_on: Mapped[dt.date] = mapped_column(Date)


class Unsealed(Base):
    """The sealer's outbox: postings that no seal covers yet."""

    __tablename__ = "unsealed"

    txn_id: Mapped[Id] = mapped_column(ForeignKey("txn.id"), primary_key=True)
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), index=True)


class BudgetSlot(Base):
    """★ A slice of a town's points budget for a year; many small rows instead of one hot one (points.md §2.4)."""

    __tablename__ = "budget_slot"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= amount", name="limit"),)

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    amount: Mapped[int] = mapped_column(Integer)
    used: Mapped[int] = mapped_column(Integer, default=0)


@frozen_columns(
    "id", "town_id", "rule_version_id", "dedupe_key", "subject_id", "evidence_ref", "amount",
    "earned_at", "explain", "created_at",
)  # fmt: skip
class Award(Base):
    """An award that could not be posted at once: held, with a reason its owner sees, until it is posted or refused."""

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint(one_of("state", AWARD_STATES), name="state"),
        CheckConstraint(one_of("reason_code", HOLD_REASONS), name="reason"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("decided_by IS NULL OR decided_by <> subject_id", name="decided_by_another"),
        CheckConstraint("(state = 'posted') = (txn_id IS NOT NULL)", name="posted"),
        UniqueConstraint("town_id", "dedupe_key", name="uq_award_dedupe"),
        Index("ix_award_subject", "subject_id", "state"),
        Index("ix_award_evidence", "evidence_ref"),
        Index("ix_award_queue", "town_id", "state", "reason_code"),
        Index(
            "ix_award_due",
            "not_before",
            sqlite_where=text("not_before IS NOT NULL"),
            postgresql_where=text("not_before IS NOT NULL"),
        ),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200))
    rule_version_id: Mapped[Id] = mapped_column(ForeignKey("rule_version.id"))
    dedupe_key: Mapped[str] = mapped_column(String(140))
    subject_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    evidence_ref: Mapped[str] = mapped_column(String(60))
    amount: Mapped[int] = mapped_column(Integer)
    earned_at: Mapped[dt.datetime]
    explain: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    reason_code: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    decision: Mapped[str | None] = mapped_column(String(200))
    txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"))
    # What it waited for was decided, and the decision may be undone until then; set on waiting awards only.
    not_before: Mapped[dt.datetime | None]

    @property
    def owner_id(self) -> int:
        return self.subject_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)
