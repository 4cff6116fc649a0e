"""Branches, teams, memberships; legal moves are rows, decisions are events that the doer cannot make for herself."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from community.core.authz import under
from community.core.db import Base, Id, append_only, counted, frozen_columns, int_id, moves_by_events, one_of

TEAM_KINDS = ("patrol", "captains", "riders", "school_gate", "flood_watch", "mediation", "publicity")
TEAM_STATES = ("open", "closed")
ROLES = ("member", "leader", "deputy")
STATES = ("waiting_guardian", "applied", "approved", "active", "refused", "left")
OPEN_STATES = ("waiting_guardian", "applied", "approved", "active")
MOVES = (
    ("new", "waiting_guardian"),
    ("new", "applied"),
    ("waiting_guardian", "applied"),
    ("waiting_guardian", "refused"),
    ("waiting_guardian", "left"),
    ("applied", "approved"),
    ("applied", "refused"),
    ("applied", "left"),
    ("approved", "active"),
    ("approved", "left"),
    ("active", "left"),
    # Undone within ten seconds.
    ("approved", "applied"),
    ("active", "applied"),
    ("refused", "applied"),
    ("refused", "waiting_guardian"),
)
_OPEN = one_of("state", OPEN_STATES)
_CAPTAIN = "building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"


class Branch(Base):
    """A branch of the association (seven by default, editable)."""

    __tablename__ = "branch"

    id: Mapped[int] = int_id()
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    sort: Mapped[int] = mapped_column(Integer, default=0)


class Team(Base):
    """A team of volunteers. `night` teams patrol after dark and take adults only (product.md §5.4)."""

    __tablename__ = "team"
    __table_args__ = (
        CheckConstraint(one_of("kind", TEAM_KINDS), name="kind"),
        CheckConstraint(one_of("state", TEAM_STATES), name="state"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), index=True)
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    branch_id: Mapped[Id] = mapped_column(ForeignKey("branch.id"))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(String(300), default="")
    hours: Mapped[str] = mapped_column(String(60), default="")
    colour: Mapped[str] = mapped_column(String(10), default="green")
    night: Mapped[bool] = mapped_column(default=False)
    places: Mapped[int] = mapped_column(Integer, default=50)
    state: Mapped[str] = mapped_column(String(10), default="open")

    areas: Mapped[list[TeamArea]] = relationship(lazy="raise_on_sql")
    branch: Mapped[Branch] = relationship(lazy="raise_on_sql")

    @property
    def scope_team_id(self) -> int:
        return self.id

    @property
    def scope_paths(self) -> tuple[str, ...]:
        """The paths of every area the team works in (load `areas` first)."""
        return (self.scope_path, *(area.scope_path for area in self.areas))

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:
        works = select(TeamArea.team_id).where(under(TeamArea.scope_path, prefixes))
        return under(cls.scope_path, prefixes) | cls.id.in_(works) | cls.id.in_(team_ids)


class TeamArea(Base):
    """An area that a team works in; rider teams work in several towns."""

    __tablename__ = "team_area"

    team_id: Mapped[Id] = mapped_column(ForeignKey("team.id"), primary_key=True)
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    scope_path: Mapped[str] = mapped_column(String(200), index=True)


class MembershipMove(Base):
    """A legal move of a membership's state."""

    __tablename__ = "membership_move"

    from_state: Mapped[str] = mapped_column(String(20), primary_key=True)
    to_state: Mapped[str] = mapped_column(String(20), primary_key=True)


@frozen_columns("id", "team_id", "member_id", "building_id", "applied_at")
@moves_by_events("state", "membership_event.membership_id", "from_state", "to_state", "seq")
class Membership(Base):
    """A member's place in a team; for a captain also the building. `state` moves with an event for each move."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint(one_of("role", ROLES), name="role"),
        UniqueConstraint("id", "member_id", name="uq_membership_doer"),
        Index(
            "uq_membership_open",
            "team_id",
            "member_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "uq_membership_captain",
            "building_id",
            unique=True,
            sqlite_where=text(_CAPTAIN),
            postgresql_where=text(_CAPTAIN),
        ),
        Index("ix_membership_member", "member_id", "state"),
        Index("ix_membership_queue", "state", "scope_path"),
    )

    id: Mapped[int] = int_id()
    team_id: Mapped[Id] = mapped_column(ForeignKey("team.id"))
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    role: Mapped[str] = mapped_column(String(10), default="member")
    building_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"))
    # Where she wants to serve (captain: her building; else her village or the team's area): whose admin decides.
    scope_path: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))
    applied_at: Mapped[dt.datetime]
    active_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    reason: Mapped[str | None] = mapped_column(String(200))

    team: Mapped[Team] = relationship(lazy="raise_on_sql")
    events: Mapped[list[MembershipEvent]] = relationship(
        lazy="raise_on_sql", order_by="MembershipEvent.seq", viewonly=True
    )

    @property
    def owner_id(self) -> int:
        return self.member_id

    @property
    def scope_team_id(self) -> int:
        return self.team_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:
        return under(cls.scope_path, prefixes) | cls.team_id.in_(team_ids)


@append_only
@counted("membership_id", "seq", "from_state", "new")
class MembershipEvent(Base):
    """One move of a membership: from, to, by whom, why. Approval and refusal are never the applicant's own."""

    __tablename__ = "membership_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["membership_id", "member_id"], ["membership.id", "membership.member_id"], name="fk_membership_event_doer"
        ),
        ForeignKeyConstraint(
            ["from_state", "to_state"],
            ["membership_move.from_state", "membership_move.to_state"],
            name="fk_membership_event_move",
        ),
        CheckConstraint(
            "to_state NOT IN ('approved', 'refused') OR (by_id IS NOT NULL AND by_id <> member_id)",
            name="decided_by_another",
        ),
        CheckConstraint(
            "from_state <> 'waiting_guardian' OR to_state <> 'applied' OR (by_id IS NOT NULL AND by_id <> member_id)",
            name="guardian_by_another",
        ),
        CheckConstraint(
            "to_state NOT IN ('applied', 'waiting_guardian') OR from_state = 'new' "
            "OR (by_id IS NOT NULL AND by_id <> member_id)",
            name="undone_by_another",
        ),
        CheckConstraint("to_state <> 'refused' OR reason <> ''", name="refusal_reason"),
        UniqueConstraint("membership_id", "seq", name="uq_membership_event_seq"),
        Index("ix_membership_event_membership", "membership_id", "at"),
    )

    id: Mapped[int] = int_id()
    membership_id: Mapped[Id]
    # Counts the moves of one membership, from 0: which of them is the latest does not hang on anybody's clock.
    seq: Mapped[int] = mapped_column(Integer, default=0)
    member_id: Mapped[Id]
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    # Empty for moves that follow by rule (approved → active).
    by_id: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[dt.datetime]
