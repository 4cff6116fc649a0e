"""One row for each picture and each paper that was kept; their bytes lie in the storage."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, frozen_columns, uuid_id


@frozen_columns("id", "purpose", "name", "digest", "width", "height", "bytes", "uploaded_by", "created_at")
class Upload(Base):
    """A picture as it was kept: JPEG without metadata, at most 1600 pixels a side, with a thumbnail beside it.

    `name` is its random key in the storage; `uploaded_by` a member's id (plain: people live above). A deleted picture
    keeps its row, so that what refers to it can say that it is gone.
    """

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint("width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name="size"),)

    id: Mapped[uuid.UUID] = uuid_id()
    # What it was brought for ("sign"): who may see it is decided by the room that names it so.
    purpose: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(40), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(Integer)
    uploaded_by: Mapped[Id]
    created_at: Mapped[dt.datetime]
    deleted_at: Mapped[dt.datetime | None]


@frozen_columns("id", "purpose", "name", "digest", "bytes", "uploaded_by", "created_at")
class Document(Base):
    """A paper as it was kept: a PDF that was looked over and never opened here; `Upload` says the rest."""

    __tablename__ = "document"
    __table_args__ = (CheckConstraint("bytes > 0", name="size"),)

    id: Mapped[uuid.UUID] = uuid_id()
    purpose: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(40), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(Integer)
    uploaded_by: Mapped[Id]
    created_at: Mapped[dt.datetime]
    deleted_at: Mapped[dt.datetime | None]
