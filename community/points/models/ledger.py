"""The ledger of points.md §2.1; ★ tables are materialised and moved only by postings."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
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

from community.core.db import Base, CanonicalJson, Id, append_only, frozen_columns, int_id, never, one_of, younger

ASSETS = ("points", "minutes")
ACCOUNT_KINDS = ("resident", "issuance", "budget", "redeemed", "expired", "reversed", "adjustment")
TXN_KINDS = ("award", "redeem", "expire", "reverse", "adjust", "donate")
HOLD_OUTCOMES = ("posted", "voided", "expired")
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
        # Whoever opens her points asks without a town.
        Index("ix_account_subject", "subject_id"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    asset: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    posted: Mapped[Id] = mapped_column(default=0)
    held: Mapped[Id] = mapped_column(default=0)
    seq: Mapped[int] = mapped_column(Integer, default=0)


@frozen_columns(
    "id", "town_id", "kind", "dedupe_key", "effective_on", "recorded_at", "rule_version_id", "evidence_ref",
    "subject_id", "actor_id", "approver_id", "reverses_txn_id", "reason_code", "explain", "salt",
    may_empty=("salt",),
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
    explain: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
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


@append_only
class LotUse(Base):
    """How much a debit took from a lot: every debit of a resident is allocated in full (I5, I7)."""

    __tablename__ = "lot_use"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), Index("ix_lot_use_transfer", "transfer_id"))

    lot_id: Mapped[Id] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    transfer_id: Mapped[Id] = mapped_column(ForeignKey("transfer.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(Integer)


@append_only
class Hold(Base):
    """Points set aside for an order until they are spent or given back."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        UniqueConstraint("town_id", "dedupe_key", name="uq_hold_dedupe"),
        Index("ix_hold_order", "order_id"),
        Index("ix_hold_account", "account_id"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    account_id: Mapped[Id] = mapped_column(ForeignKey("account.id"))
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reward_order.id"))
    amount: Mapped[int] = mapped_column(Integer)
    dedupe_key: Mapped[str] = mapped_column(String(140))
    expires_at: Mapped[dt.datetime]


@append_only
class HoldLot(Base):
    """From which lots a hold is: they are chosen when it is made, so that what is held does not expire."""

    __tablename__ = "hold_lot"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), Index("ix_hold_lot_lot", "lot_id"))

    hold_id: Mapped[Id] = mapped_column(ForeignKey("hold.id"), primary_key=True)
    lot_id: Mapped[Id] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(Integer)


@append_only
class HoldResolution(Base):
    """What became of a hold. The primary key makes it end at most once."""

    __tablename__ = "hold_resolution"
    __table_args__ = (
        CheckConstraint(one_of("outcome", HOLD_OUTCOMES), name="outcome"),
        CheckConstraint("(outcome = 'posted') = (transfer_id IS NOT NULL)", name="posted"),
    )

    hold_id: Mapped[Id] = mapped_column(ForeignKey("hold.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(8))
    transfer_id: Mapped[Id | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    at: Mapped[dt.datetime]


class Unsealed(Base):
    """The sealer's outbox: postings that no seal covers yet."""

    __tablename__ = "unsealed"

    txn_id: Mapped[Id] = mapped_column(ForeignKey("txn.id"), primary_key=True)
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), index=True)


@append_only
class Seal(Base):
    """A link of a town's hash chain over its postings (points.md §2.5)."""

    __tablename__ = "seal"
    __table_args__ = (ForeignKeyConstraint(["town_id", "txn_id"], ["txn.town_id", "txn.id"], name="fk_seal_txn"),)

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    # From 1, without a gap.
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    txn_id: Mapped[Id] = mapped_column(unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[dt.datetime]


@never("unmarked", "NEW.mac IS NULL")
@append_only
class LedgerCheck(Base):
    """One run of the invariants over a town's ledger; a red one freezes redeeming in that town until a green one."""

    __tablename__ = "ledger_check"
    __table_args__ = (
        Index("ix_ledger_check_latest", "town_id", "at"),
        Index("uq_ledger_check_seq", "town_id", "seq", unique=True),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    at: Mapped[dt.datetime]
    # From 1 in each town, without a gap: which look was the last, whatever the clock said. Older looks have none.
    seq: Mapped[int | None] = mapped_column(Integer)
    ok: Mapped[bool] = mapped_column(Boolean)
    # Invariant → number of rows that break it; with the head of the chain at that moment.
    found: Mapped[dict[str, Any]] = mapped_column(JSON)
    head_seq: Mapped[int] = mapped_column(Integer)
    head_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # The program's mark (`vouching`), with the name of its key. Without one, or with another, a look counts for nothing
    # once a town has looks that bear one.
    kid: Mapped[str | None] = mapped_column(String(1))
    mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))


@never("odd_step", "NEW.days_before NOT IN (60, 30, 7)")
# A month, as `services.retiring` keeps them; a calendar east of UTC may be a day ahead of the database's.
@frozen_columns("account_id", "expires_on", "days_before", "at", kept_while=younger("expires_on", 29))
class ExpiryNotice(Base):
    """That a member was told, so many days before, that points of hers expire on a day; told once, kept a month."""

    __tablename__ = "expiry_notice"

    account_id: Mapped[Id] = mapped_column(ForeignKey("account.id"), primary_key=True)
    expires_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    days_before: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
