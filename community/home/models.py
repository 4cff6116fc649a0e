"""What was done at the desk in one go: for the page that tells it, and for undoing it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, one_of, uuid_id

ACTS = ("approve", "refuse", "undo")


class DeskRun(Base):
    """One command of one person on the queue: each thing it was about, whether it was done, and if not, why.

    A line holds the reference of a thing and no name: {"ref": "application:…", "done": true, "why": "", "next": ""}.
    """

    __tablename__ = "desk_run"
    __table_args__ = (CheckConstraint(one_of("act", ACTS), name="act"),)

    id: Mapped[uuid.UUID] = uuid_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    act: Mapped[str] = mapped_column(String(10))
    at: Mapped[dt.datetime] = mapped_column(index=True)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    @property
    def owner_id(self) -> int:
        return self.member_id
