"""Check-ins keep their first values; what is decided later is an event. No coordinates anywhere."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import (
    Base,
    Id,
    append_only,
    counted,
    frozen_columns,
    int_id,
    moves_by_events,
    never,
    one_of,
    uuid_id,
)

KINDS = ("in", "pass", "out")
STATUSES = ("accepted", "flagged", "rejected")
BANDS = ("near", "compatible", "coarse", "far", "none")
GRADES = ("A", "B", "C", "D")
SOURCES = ("poster", "typed")
MOVES = (
    ("new", "accepted"),
    ("new", "flagged"),
    ("flagged", "accepted"),
    ("flagged", "rejected"),
    # Undone within ten seconds.
    ("accepted", "flagged"),
    ("rejected", "flagged"),
    # An objection was granted.
    ("rejected", "accepted"),
)


class CheckInMove(Base):
    """A legal move of a check-in's status."""

    __tablename__ = "checkin_move"

    from_status: Mapped[str] = mapped_column(String(10), primary_key=True)
    to_status: Mapped[str] = mapped_column(String(10), primary_key=True)


@frozen_columns(
    "id", "member_id", "post_id", "print_id", "team_id", "town_id", "kind", "used_at", "lo", "hi",
    "claimed_at", "received_at", "band", "far_m", "grade", "first_status", "code", "notes", "src", "device", "proxy_id",
    may_empty=("device",),
)  # fmt: skip
@moves_by_events("status", "checkin_event.checkin_id", "from_status", "to_status", "seq")
@never("own_proxy", "NEW.proxy_id = NEW.member_id")
class CheckIn(Base):
    """Presence at a post at a proved time [lo, hi], with the grade of its evidence (checkin.md §2.6, §2.9, §2.11).

    `code` is the first condition of the decision table that met, `notes` all of them; `far_m` is rounded to 100 m.
    Only `status` moves, with an event for each move.
    """

    __tablename__ = "checkin"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint("first_status IN ('accepted', 'flagged')", name="first_status"),
        CheckConstraint(one_of("band", BANDS), name="band"),
        CheckConstraint(one_of("grade", GRADES), name="grade"),
        CheckConstraint(one_of("src", SOURCES), name="src"),
        CheckConstraint("lo <= used_at AND used_at <= hi", name="interval"),
        CheckConstraint("far_m IS NULL OR far_m % 100 = 0", name="far_rounded"),
        UniqueConstraint("id", "member_id", name="uq_checkin_doer"),
        Index("ix_checkin_member", "member_id", "used_at"),
        Index("ix_checkin_post", "post_id", "used_at"),
        Index("ix_checkin_device", "device", "used_at"),
        Index("ix_checkin_day", "scope_path", "used_at"),
        Index("ix_checkin_queue", "status", "scope_path"),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    post_id: Mapped[Id] = mapped_column(ForeignKey("post.id"))
    print_id: Mapped[Id | None] = mapped_column(ForeignKey("post_print.id"))
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"))
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(4))
    used_at: Mapped[dt.datetime]
    lo: Mapped[dt.datetime]
    hi: Mapped[dt.datetime]
    claimed_at: Mapped[dt.datetime | None]
    received_at: Mapped[dt.datetime]
    band: Mapped[str] = mapped_column(String(10))
    far_m: Mapped[int | None] = mapped_column(Integer)
    grade: Mapped[str] = mapped_column(String(1))
    first_status: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(20), default="")
    notes: Mapped[str] = mapped_column(String(120), default="")
    src: Mapped[str] = mapped_column(String(8))
    device: Mapped[str] = mapped_column(String(32))
    # The leader who checked her in by her paper card.
    proxy_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))

    @property
    def owner_id(self) -> int:
        return self.member_id

    @property
    def scope_team_id(self) -> int | None:
        return self.team_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:
        return under(cls.scope_path, prefixes) | cls.team_id.in_(team_ids)


@append_only
@counted("checkin_id", "seq", "from_status", "new")
class CheckInEvent(Base):
    """One move of a check-in: a flag is settled by somebody else with a reason, or by a rule after its time."""

    __tablename__ = "checkin_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["checkin_id", "member_id"], ["checkin.id", "checkin.member_id"], name="fk_checkin_event_doer"
        ),
        ForeignKeyConstraint(
            ["from_status", "to_status"],
            ["checkin_move.from_status", "checkin_move.to_status"],
            name="fk_checkin_event_move",
        ),
        CheckConstraint("from_status = 'new' OR by_id IS NULL OR by_id <> member_id", name="settled_by_another"),
        CheckConstraint("from_status = 'new' OR reason <> ''", name="settled_reason"),
        CheckConstraint(
            "to_status <> 'flagged' OR from_status = 'new' OR by_id IS NOT NULL", name="reopened_by_somebody"
        ),
        # Of two who settle the same flag at once, the second is refused.
        UniqueConstraint("checkin_id", "seq", name="uq_checkin_event_seq"),
    )

    id: Mapped[int] = int_id()
    checkin_id: Mapped[uuid.UUID] = mapped_column(Uuid())
    # Counts the moves of one check-in, from 0: which of them is the latest does not hang on anybody's clock.
    seq: Mapped[int] = mapped_column(Integer, default=0)
    member_id: Mapped[Id]
    from_status: Mapped[str] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[dt.datetime]


class Attempt(Base):
    """A scan that was refused: which rule, where if known; kept 30 days, no coordinates, no token."""

    __tablename__ = "attempt"

    id: Mapped[uuid.UUID] = uuid_id()
    at: Mapped[dt.datetime] = mapped_column(index=True)
    member_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    device: Mapped[str] = mapped_column(String(32))
    post_id: Mapped[Id | None] = mapped_column(ForeignKey("post.id"))
    scope_path: Mapped[str] = mapped_column(String(200), default="")
    code: Mapped[str] = mapped_column(String(20))
    src: Mapped[str] = mapped_column(String(8))
