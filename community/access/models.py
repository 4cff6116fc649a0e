"""Roles are data, grants give them at an area (and below) or for one team."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, frozen_columns, int_id


class Role(Base):
    """A named set of rights. `perms` lists values of `core.authz.Perm`; unknown ones are ignored (older programs)."""

    __tablename__ = "role"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60), default="")
    perms: Mapped[list[str]] = mapped_column(JSON)
    sort: Mapped[int] = mapped_column(Integer, default=0)


@frozen_columns("id", "member_id", "role", "area_id", "team_id", "place", "starts_at", "granted_by")
class RoleGrant(Base):
    """A role given to a member at an area or for a team, from a date, possibly until one; ended, never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("(area_id IS NULL) <> (team_id IS NULL)", name="one_place"),
        CheckConstraint("granted_by IS NULL OR granted_by <> member_id", name="given_by_another"),
        CheckConstraint("until IS NULL OR until > starts_at", name="order"),
    )

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    role: Mapped[str] = mapped_column(ForeignKey("role.code"))
    area_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str | None] = mapped_column(String(200))
    # A plain id: teams live above this room.
    team_id: Mapped[Id | None] = mapped_column(index=True)
    place: Mapped[str] = mapped_column(String(60), default="")
    starts_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    # Empty for grants made by a command line.
    granted_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    # Who set the date on which it ends, and why.
    ended_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    end_reason: Mapped[str | None] = mapped_column(String(200))
