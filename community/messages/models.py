"""Inbox messages (kind and parameters, put into words when read) and the outbox."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import Base, Id, int_id, one_of, uuid_id

AUDIENCES = ("everyone", "members", "volunteers", "leaders")


class Message(Base):
    """One line in a member's inbox. `kind` names a registered text, `params` fill it, `link` is a path of ours."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_inbox", "member_id", "created_at"),)

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(40))
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    link: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]

    @property
    def owner_id(self) -> int:
        return self.member_id


class Outbox(Base):
    """Something that leaves the process, sent by a job after the commit, at most once per key and channel."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "next_try_at",
            sqlite_where=text("sent_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND dead_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    channel: Mapped[str] = mapped_column(String(20))
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime]
    next_try_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    sent_at: Mapped[dt.datetime | None]
    dead_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(300))


class Announcement(Base):
    """Words for the people of an area, shown from `starts_at` until `until`; withdrawn, never deleted."""

    __tablename__ = "announcement"
    __table_args__ = (
        CheckConstraint(one_of("audience", AUDIENCES), name="audience"),
        CheckConstraint("until IS NULL OR until > starts_at", name="order"),
        Index("ix_announcement_shown", "scope_path", "starts_at"),
    )

    id: Mapped[int] = int_id()
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200))
    # Everybody (public), people who are signed in, volunteers, or leaders and captains.
    audience: Mapped[str] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    important: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    created_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    withdrawn_why: Mapped[str | None] = mapped_column(String(200))

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


class AnnouncementRead(Base):
    """A member has opened an announcement."""

    __tablename__ = "announcement_read"

    announcement_id: Mapped[Id] = mapped_column(ForeignKey("announcement.id"), primary_key=True)
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), primary_key=True)
    read_at: Mapped[dt.datetime]
