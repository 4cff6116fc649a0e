"""Family pots: people who let each other use their points for rewards, without any point changing hands."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, append_only, final_in, final_with, frozen_columns, int_id, one_of

SEAT_STATES = ("in", "left")


@frozen_columns("id", "town_id", "founder_id", "created_at")
class FamilyPot(Base):
    """A family's pot in one town; it holds nothing itself. `roll` counts those who came in, one after the other."""

    __tablename__ = "family_pot"
    __table_args__ = (
        CheckConstraint("roll > 0", name="roll"),
        UniqueConstraint("town_id", "id", name="uq_family_pot_town"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    founder_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    roll: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[dt.datetime]


@frozen_columns(
    "id", "town_id", "pot_id", "code", "made_by", "created_at", "expires_at", kept_while="OLD.closed_at IS NULL"
)
class PotInvite(Base):
    """A code with which somebody comes into a pot, by her own word alone; good once and for a few days."""

    __tablename__ = "pot_invite"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="order"),
        ForeignKeyConstraint(["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_invite_pot"),
        Index("ix_pot_invite_pot", "pot_id"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id]
    pot_id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(8), unique=True)
    made_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]


@final_in("state", "left")
@frozen_columns("seat_id", "town_id", "pot_id", "member_id", "joined_roll", "joined_at")
class PotSeat(Base):
    """That a member is in a pot, by her own consent, and how much of hers the others may use in a month.

    Her consent reaches those who had come in up to `agreed_roll`: whoever comes later uses nothing of hers before she
    agrees to that person too. Once she has left, the row never changes again and nothing of hers is used.
    """

    __tablename__ = "pot_seat"
    __table_args__ = (
        CheckConstraint(one_of("state", SEAT_STATES), name="state"),
        CheckConstraint("cap >= 0", name="cap"),
        CheckConstraint("joined_roll > 0 AND agreed_roll >= joined_roll", name="agreed"),
        CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name="left"),
        ForeignKeyConstraint(["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_seat_pot"),
        UniqueConstraint("pot_id", "seat_id", "member_id", "joined_roll", name="uq_pot_seat_member"),
        UniqueConstraint("pot_id", "joined_roll", name="uq_pot_seat_roll"),
        Index(
            "uq_pot_seat_once",
            "town_id",
            "member_id",
            unique=True,
            sqlite_where=text("state = 'in'"),
            postgresql_where=text("state = 'in'"),
        ),
        Index("ix_pot_seat_member", "member_id"),
    )

    # Not `id`: the triggers on its shares find their row by a name that both tables have.
    seat_id: Mapped[int] = int_id()
    town_id: Mapped[Id]
    pot_id: Mapped[Id]
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    cap: Mapped[int] = mapped_column(Integer)
    joined_roll: Mapped[int] = mapped_column(Integer)
    agreed_roll: Mapped[int] = mapped_column(Integer)
    joined_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(4), default="in")
    left_at: Mapped[dt.datetime | None]

    @property
    def owner_id(self) -> int:
        return self.member_id


@final_with("pot_seat", "state", "left", ("seat_id", "pot_id"))
@append_only
class PotShare(Base):
    """What a member's points pay of an order that another of her pot made, within her cap and her consent.

    The keys hold order, pot and both seats to one town; the checks hold the cap and whom the consent reaches.
    """

    __tablename__ = "pot_share"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("used_before >= 0 AND used_before + amount <= cap", name="within_cap"),
        CheckConstraint("agreed_roll >= joined_roll", name="agreed"),
        CheckConstraint("payer_id <> orderer_id", name="another"),
        ForeignKeyConstraint(["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_share_pot"),
        ForeignKeyConstraint(
            ["order_id", "town_id", "orderer_id"],
            ["reward_order.id", "reward_order.town_id", "reward_order.member_id"],
            name="fk_pot_share_order",
        ),
        ForeignKeyConstraint(
            ["pot_id", "seat_id", "payer_id", "payer_roll"],
            ["pot_seat.pot_id", "pot_seat.seat_id", "pot_seat.member_id", "pot_seat.joined_roll"],
            name="fk_pot_share_payer",
        ),
        ForeignKeyConstraint(
            ["pot_id", "orderer_seat_id", "orderer_id", "joined_roll"],
            ["pot_seat.pot_id", "pot_seat.seat_id", "pot_seat.member_id", "pot_seat.joined_roll"],
            name="fk_pot_share_orderer",
        ),
        Index("ix_pot_share_payer", "payer_id", "town_id", "at"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seat_id: Mapped[Id] = mapped_column(primary_key=True)
    town_id: Mapped[Id]
    pot_id: Mapped[Id]
    payer_id: Mapped[Id]
    payer_roll: Mapped[int] = mapped_column(Integer)
    orderer_seat_id: Mapped[Id]
    orderer_id: Mapped[Id]
    # When she came in who orders, and up to whom the payer agreed.
    joined_roll: Mapped[int] = mapped_column(Integer)
    agreed_roll: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(Integer)
    # Of the payer at that moment: what others may use in a month, and what they had used before.
    cap: Mapped[int] = mapped_column(Integer)
    used_before: Mapped[int] = mapped_column(Integer)
    at: Mapped[dt.datetime]
