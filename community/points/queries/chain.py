"""A town's hash chain over its postings (points.md §2.5): its head, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from community.core import chain
from community.core.db import session
from community.people import queries as people
from community.points.models import Account, Seal, Txn, Unsealed
from community.points.queries import sealed

BATCH = 2000

_SEAL = Seal.__table__.c


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain; `seq` is 0 and `hash` its beginning as long as nothing is sealed."""

    seq: int
    hash: bytes
    sealed_at: dt.datetime | None = None


def beginning(town_id: int) -> bytes:
    """Return what the first seal of the town follows."""
    return chain.genesis(str(town_id))


def head(town_id: int) -> Head:
    """Return the head of the town's chain (one statement, whatever its length)."""
    row = (
        session()
        .execute(
            select(_SEAL.seq, _SEAL.hash, _SEAL.sealed_at)
            .where(_SEAL.town_id == town_id)
            .order_by(_SEAL.seq.desc())
            .limit(1)
        )
        .first()
    )
    return Head(row.seq, row.hash, row.sealed_at) if row else Head(0, beginning(town_id))


def at(town_id: int, seq: int) -> bytes | None:
    """Return the link `seq` of the town's chain, None without such a link; 0 is its beginning."""
    if seq == 0:
        return beginning(town_id)
    return session().scalar(select(_SEAL.hash).where(_SEAL.town_id == town_id, _SEAL.seq == seq))


def towns() -> list[int]:
    """Return the towns that keep books."""
    return list(session().scalars(select(Account.town_id).distinct().order_by(Account.town_id)))


def waiting_towns() -> list[int]:
    """Return the towns with postings that no seal covers yet."""
    return list(session().scalars(select(Unsealed.town_id).distinct().order_by(Unsealed.town_id)))


def waiting(town_id: int) -> int:
    """Return how many postings of the town no seal covers yet."""
    return session().scalar(select(func.count()).where(Unsealed.town_id == town_id)) or 0


def length(town_id: int) -> int:
    """Return how many seals there are to check."""
    return session().scalar(select(func.count()).where(_SEAL.town_id == town_id)) or 0


def faults(town_id: int, progress: Callable[[int], object] = lambda _count: None) -> Iterator[tuple[int, int, str]]:
    """Check the whole chain: yields (seal, posting, what is wrong): "gap", "broken", "altered", "unsalted".

    "gap": seals are missing before it. "broken": its hash does not follow from the one before. "altered": the posting
    does not say any more what was sealed. "unsalted": its salt is gone though nobody was erased.
    """
    rules = sealed.rule_hashes()
    previous, hash_before = 0, beginning(town_id)
    erased: dict[int, bool] = {}
    while rows := _batch(town_id, previous):
        for one in rows:
            if one.seq != previous + 1:
                yield one.seq, one.txn_id, "gap"
            if one.prev_hash != hash_before or one.hash != chain.link(one.prev_hash, one.seq, one.leaf_hash):
                yield one.seq, one.txn_id, "broken"
            previous, hash_before = one.seq, one.hash
        yield from _altered(town_id, rows, rules, erased)
        progress(len(rows))


def _batch(town_id: int, after: int) -> list[Row[Any]]:
    wanted = (
        select(_SEAL.seq, _SEAL.txn_id, _SEAL.leaf_hash, _SEAL.prev_hash, _SEAL.hash)
        .where(_SEAL.town_id == town_id, _SEAL.seq > after)
        .order_by(_SEAL.seq)
        .limit(BATCH)
    )
    return list(session().execute(wanted))


def _altered(
    town_id: int, rows: list[Row[Any]], rules: dict[int, str], erased: dict[int, bool]
) -> Iterator[tuple[int, int, str]]:
    covered = select(_SEAL.txn_id).where(_SEAL.town_id == town_id, _SEAL.seq.between(rows[0].seq, rows[-1].seq))
    found = sealed.documents(Txn.__table__.c.id.in_(covered), rules)
    for row in rows:
        posting = found.get(row.txn_id)
        if posting is None:
            yield row.seq, row.txn_id, "altered"
        elif posting.leaf is None:
            if not _erased(posting.subject_id, erased):
                yield row.seq, row.txn_id, "unsalted"
        elif posting.leaf != row.leaf_hash:
            yield row.seq, row.txn_id, "altered"


def _erased(member_id: int | None, known: dict[int, bool]) -> bool:
    if member_id is None:
        return False
    if member_id not in known:
        known[member_id] = people.is_erased(member_id)
    return known[member_id]
