"""A town's hash chain over its postings (points.md §2.5): its head, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from community.core import chain, clock
from community.core.db import session
from community.people import erased as erased_people
from community.points.models import Account, Seal, Txn, Unsealed
from community.points.queries import parts, sealed

BATCH = 2000
# A posting that waits longer for its seal is a fault; and one of a host whose clock runs ahead by more than this, which
# is not sealed before the others have come so far.
LATE, AHEAD = dt.timedelta(hours=1), dt.timedelta(minutes=1)

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


def pieces(town_id: int, size: int) -> list[parts.Part]:
    """Return the chain in parts of `size` seals, as `faults` takes them."""
    return parts.of(select(_SEAL.seq).where(_SEAL.town_id == town_id), size)


def unsealed(town_id: int | None = None) -> Iterator[tuple[int, dt.datetime]]:
    """Yield (posting, when it was recorded) of what should have been sealed long ago, or is of a time to come."""
    now = clock.now()
    recorded = Txn.__table__.c.recorded_at
    waits = (
        select(Unsealed.txn_id, recorded)
        .join(Txn.__table__, Txn.__table__.c.id == Unsealed.txn_id)
        .where((recorded < now - LATE) | (recorded > now + AHEAD))
        .order_by(Unsealed.txn_id)
    )
    for row in session().execute(waits if town_id is None else waits.where(Unsealed.town_id == town_id)):
        yield row.txn_id, row.recorded_at


def faults(town_id: int, after: int = 0, until: int | None = None) -> Iterator[tuple[int, int, str]]:
    """Check the chain: yields (seal, posting, what is wrong): "gap", "broken", "altered", "unsalted".

    "gap": seals are missing before it. "broken": its hash does not follow from the one before. "altered": the posting
    does not say any more what was sealed. "unsalted": its salt is gone though the log knows of no erasure.

    Of the seals behind `after` up to `until` alone, when given: pieces of a chain, checked one by one, find what the
    whole would.
    """
    rules = sealed.rule_hashes()
    previous, hash_before = _last_of(town_id, after)
    erased: dict[int, bool] = {}
    at = after
    while rows := _batch(town_id, at, until):
        for seq, txn_id, leaf_hash, prev_hash, own in rows:
            if seq != previous + 1:
                yield seq, txn_id, "gap"
            if prev_hash != hash_before or own != chain.link(prev_hash, seq, leaf_hash):
                yield seq, txn_id, "broken"
            previous, hash_before = seq, own
        at = previous
        yield from _altered(town_id, rows, rules, erased)


def _last_of(town_id: int, until: int) -> tuple[int, bytes]:
    """Return the last link that there is up to `until`: with it the next one must go on."""
    if until == 0:
        return 0, beginning(town_id)
    wanted = select(_SEAL.seq, _SEAL.hash).where(_SEAL.town_id == town_id, _SEAL.seq <= until)
    row = session().execute(wanted.order_by(_SEAL.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row else (0, beginning(town_id))


def _batch(town_id: int, after: int, until: int | None) -> list[Any]:
    wanted = select(_SEAL.seq, _SEAL.txn_id, _SEAL.leaf_hash, _SEAL.prev_hash, _SEAL.hash).where(
        _SEAL.town_id == town_id, _SEAL.seq > after
    )
    if until is not None:
        wanted = wanted.where(_SEAL.seq <= until)
    return list(session().execute(wanted.order_by(_SEAL.seq).limit(BATCH)))


def _altered(
    town_id: int, rows: Sequence[Any], rules: dict[int, str], erased: dict[int, bool]
) -> Iterator[tuple[int, int, str]]:
    covered = select(_SEAL.txn_id).where(_SEAL.town_id == town_id, _SEAL.seq.between(rows[0].seq, rows[-1].seq))
    found = sealed.leaves(Txn.__table__.c.id.in_(covered), rules)
    stored = {txn_id: leaf for _seq, txn_id, leaf, *_link in rows}
    doubtful = [txn_id for txn_id, made in found.items() if made.leaf and made.leaf != stored[txn_id]]
    # Before anything is said the slow way has its say: documents, made and spelled as when they were sealed.
    again = sealed.documents(sealed.among(doubtful), rules) if doubtful else {}
    for seq, txn_id, leaf, *_link in rows:
        posting = found.get(txn_id)
        if posting is None:
            yield seq, txn_id, "altered"
        elif posting.leaf is None:
            if not _erased(posting.subject_id, erased):
                yield seq, txn_id, "unsalted"
        elif posting.leaf != leaf and again[txn_id].leaf != leaf:
            yield seq, txn_id, "altered"


def _erased(member_id: int | None, known: dict[int, bool]) -> bool:
    if member_id is None:
        return False
    if member_id not in known:
        known[member_id] = erased_people.was_erased(member_id)
    return known[member_id]
