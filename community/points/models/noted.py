"""What was decided that no posting says: settings of a town, prices, answers, what became of awards that waited."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, append_only, int_id, never


@never("first_note_late", "NEW.seq = 0")
@append_only
class LedgerNote(Base):
    """What a row says since a decision, marked by the program (`vouching`): the last note of a row is the row.

    Numbered from 1 for each row; 0 is how it was found when notes began, without a mark.
    """

    __tablename__ = "ledger_note"
    __table_args__ = (
        UniqueConstraint("town_id", "ref", "seq", name="uq_ledger_note_seq"),
        CheckConstraint("seq >= 0 AND ((seq = 0) = (mac IS NULL))", name="marked"),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    # "terms", "reward:<uuid>", "appeal:<uuid>", "objection:<id>", "award:<id>".
    ref: Mapped[str] = mapped_column(String(60))
    seq: Mapped[int] = mapped_column(Integer)
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    # 0: a rule, a job or a command.
    by_id: Mapped[Id]
    at: Mapped[dt.datetime]
    kid: Mapped[str] = mapped_column(String(1), default="")
    mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))
