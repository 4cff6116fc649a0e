"""One table that is never changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ColumnElement, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import Base, Id, append_only, int_id


@append_only
class AuditEntry(Base):
    """Who did which act to which object, when, with what reason; digests instead of contents, no personal data."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_type", "object_id", "at"),)

    id: Mapped[int] = int_id()
    at: Mapped[dt.datetime] = mapped_column(index=True)
    # A member's id, or 0 with the job's or command's name.
    actor_id: Mapped[Id] = mapped_column(index=True)
    actor_name: Mapped[str] = mapped_column(String(60), default="")
    act: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(40))
    scope_path: Mapped[str] = mapped_column(String(200), default="", index=True)
    reason: Mapped[str | None] = mapped_column(String(400))
    before_digest: Mapped[str | None] = mapped_column(String(64))
    after_digest: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@append_only
class PathMove(Base):
    """An area's path changed: entries about what lies below `old_path` were written before that under the old one.

    The log itself is never rewritten; who reads it for the new place reads these entries too.
    """

    __tablename__ = "path_move"

    id: Mapped[int] = int_id()
    at: Mapped[dt.datetime] = mapped_column(index=True)
    old_path: Mapped[str] = mapped_column(String(200))
    new_path: Mapped[str] = mapped_column(String(200))
