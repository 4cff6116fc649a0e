"""The one table of command keys (DESIGN §4 "Idempotency"): the same key and body get the same answer for 30 days.

Answers are a redirect target or JSON, never HTML. The look-up comes before every rule.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, SmallInteger, String, Text, bindparam, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from community.core import clock
from community.core.db import Base, session
from community.core.errors import DomainError
from community.core.i18n import _

KEPT = dt.timedelta(days=30)


class IdempotencyKey(Base):
    """One answered command: who (member or signed device), its key, the hash of what was asked, and the answer."""

    __tablename__ = "idempotency_key"

    actor_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(36), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(SmallInteger)
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


_KEY = IdempotencyKey.__table__.c
# Built once: every command sends both, and building a statement costs more than sending it.
_FIND = select(_KEY.request_hash, _KEY.status, _KEY.location, _KEY.body).where(
    _KEY.actor_key == bindparam("actor_key"), _KEY.key == bindparam("key")
)
_STORE = insert(IdempotencyKey.__table__)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered: an HTTP status with a redirect target, or a JSON body."""

    status: int
    location: str | None = None
    body: dict[str, Any] | None = None


class KeyReuse(DomainError):
    """The key was used for another request (row 2 of checkin.md §2.9)."""

    final = False

    def __init__(self) -> None:
        super().__init__(
            "key_reuse",
            _("这个页面已经提交过别的内容"),
            next_step=_("请回到上一页重新打开，再提交一次。"),
        )


def request_hash(path: str, fields: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 (hex) of what is asked: the path and the fields, whatever their order."""
    canonical = json.dumps([path, sorted(fields)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def find(actor_key: str, key: str, asked: str) -> Answer | None:
    """Return the stored answer for `key`, None when it is new; raises KeyReuse when it was used for something else."""
    row = session().execute(_FIND, {"actor_key": actor_key, "key": key}).first()
    if row is None:
        return None
    if row.request_hash != asked:
        raise KeyReuse
    return Answer(row.status, row.location, row.body)


def store(actor_key: str, key: str, asked: str, answer: Answer) -> None:
    """Keep `answer` for `key`, in the transaction of the effect it answers for."""
    session().execute(
        _STORE,
        {
            "actor_key": actor_key,
            "key": key,
            "request_hash": asked,
            "status": answer.status,
            "location": answer.location,
            "body": answer.body,
            "created_at": clock.now(),
        },
    )


def forget_old(limit: int = 5000) -> int:
    """Delete up to `limit` keys older than 30 days; return how many went."""
    old = (
        select(IdempotencyKey.actor_key, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < clock.now() - KEPT)
        .limit(limit)
    )
    rows = session().execute(old).all()
    for row in rows:
        session().execute(
            delete(IdempotencyKey).where(IdempotencyKey.actor_key == row.actor_key, IdempotencyKey.key == row.key)
        )
    return len(rows)


def forget_owner(actor_key: str) -> None:
    """Delete every key of `actor_key`, in the transaction that erases whose they are."""
    session().execute(delete(IdempotencyKey).where(IdempotencyKey.actor_key == actor_key))
