"""Numbers written anew under the newest keys: their hashes (PHONE_HASH_KEY) and their cipher (PHONE_CIPHER_KEYS).

The cipher holds the number, so its hashes can be made again whatever became of the key that made them. While it runs,
people register, sign in and are verified as always: what is looked up is looked up under every key that is alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import ColumnElement, bindparam, func, or_, select, update

from community.core.authz import Actor, must_be_system
from community.core.config import settings
from community.core.db import session
from community.people import phones
from community.people.models import Member

# Rows of one transaction: few enough that a check-in never waits for them long.
BATCH = 500
_M = Member.__table__.c
_CIPHERS = ("phone_cipher", "guardian_phone_cipher")
_WRITE = (
    update(Member.__table__)  # type: ignore[arg-type]
    .where(_M.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in ("phone_hash", "phone_tail_hash", "phone_kid", *_CIPHERS)})
)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key and how many numbers are found by it; `state` is "writes", "finds", or "gone" when the line lacks it."""

    name: str
    state: str
    numbers: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did: rows written anew, rows that no key reads, and the last id looked at (0: no row was left)."""

    done: int
    unreadable: int
    last_id: int


def lines(actor: Actor) -> list[KeyLine]:
    """Return the keys of PHONE_HASH_KEY, the newest first, then those that only rows still name ("?": none)."""
    must_be_system(actor)
    ring = settings().need_secrets().hashes
    counted = select(func.coalesce(_M.phone_kid, "?"), func.count()).where(_M.phone_hash.is_not(None))
    numbers = {row[0]: row[1] for row in session().execute(counted.group_by(_M.phone_kid))}
    known = [
        KeyLine(name, "finds" if place else "writes", numbers.pop(name, 0)) for place, name in enumerate(ring.names)
    ]
    return [*known, *(KeyLine(name, "gone", count) for name, count in sorted(numbers.items()))]


def waiting(actor: Actor) -> int:
    """Return how many members have a number that is not under the newest keys."""
    must_be_system(actor)
    return session().execute(select(func.count()).select_from(Member).where(_old())).scalar_one()


def rekey(actor: Actor, *, after: int, limit: int = BATCH) -> Batch:
    """Write the next `limit` members' numbers behind the id `after` anew. Needs `transaction()`; safe to repeat.

    Who is being written by somebody else just now is passed over: a later round finds her.
    """
    must_be_system(actor)
    columns = _M.id, _M.phone_hash, _M.phone_tail_hash, _M.phone_kid, *(_M[name] for name in _CIPHERS)
    statement = select(*columns).where(_M.id > after, _old()).order_by(_M.id).limit(limit)
    rows = session().execute(statement.with_for_update(key_share=True, skip_locked=True)).all()
    made = [_anew(row) for row in rows]
    if changed := [one for one in made if one]:
        session().connection().execute(_WRITE, changed)
    return Batch(len(changed), len(rows) - len(changed), rows[-1].id if rows else 0)


def fits(actor: Actor) -> bool:
    """Say whether the newest key that is known by name made the hash that a row has of it; True without such a row.

    A line in which a key was replaced under its old name finds nobody any more, and nothing else would tell.
    """
    must_be_system(actor)
    ring = settings().need_secrets().hashes
    named = select(_M.phone_cipher, _M.phone_hash).where(_M.phone_kid.in_(ring.names), _M.phone_cipher.is_not(None))
    row = session().execute(named.order_by(_M.id.desc()).limit(1)).first()
    return row is None or row.phone_hash in phones.phone_hashes(phones.decrypt(row.phone_cipher))


def _old() -> ColumnElement[bool]:
    secrets = settings().need_secrets()
    newest = f"{secrets.cipher.newest}."
    hashed = _M.phone_hash.is_not(None) & _M.phone_kid.is_distinct_from(secrets.hashes.newest)
    return or_(hashed, *(~_M[name].startswith(newest, autoescape=True) for name in _CIPHERS))


def _anew(row: Any) -> dict[str, Any] | None:
    newest = f"{settings().need_secrets().cipher.newest}."
    kept = {name: getattr(row, name) for name in ("phone_hash", "phone_tail_hash", "phone_kid", *_CIPHERS)}
    try:
        for name in _CIPHERS:
            if kept[name] and not kept[name].startswith(newest):
                kept[name] = phones.encrypt(phones.decrypt(kept[name]))
        if row.phone_hash is not None:
            kept |= phones.hash_columns(phones.decrypt(row.phone_cipher or ""))
    except InvalidToken:
        return None
    return {"row_id": row.id} | {f"new_{name}": value for name, value in kept.items()}
