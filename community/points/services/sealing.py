"""Sealing: postings that wait in the outbox become links of their town's chain (points.md §2.5)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update

from community.core import chain, clock
from community.core.db import one_at_a_time, session
from community.core.errors import Busy, on_constraint
from community.points.models import Account, Seal, StatementLeaf, Txn, Unsealed
from community.points.queries import chain as chains, sealed

BATCH = 1000

# Somebody else sealed at the same moment: the next run finds what is left.
on_constraint("pk_seal", Busy)
on_constraint("uq_seal_txn_id", Busy)

_SEAL = insert(Seal.__table__)  # type: ignore[arg-type]


def seal_town(town_id: int, limit: int = BATCH) -> int:
    """Seal up to `limit` waiting postings of the town, oldest ids first; returns how many.

    A posting that commits late has a smaller id than the head's perhaps, and follows it all the same: the order of the
    chain is that of sealing. Sealers of one town take turns. Needs `transaction()`.
    """
    one_at_a_time(f"seal:{town_id}")
    waiting = list(
        session().scalars(
            select(Unsealed.txn_id)
            .join(Txn, Txn.id == Unsealed.txn_id)
            .where(Unsealed.town_id == town_id, Txn.recorded_at <= clock.now() + chains.AHEAD)
            .order_by(Unsealed.txn_id)
            .limit(limit)
        )
    )
    if not waiting:
        return 0
    found = sealed.documents(sealed.among(waiting), sealed.rule_hashes())
    head, now = chains.head(town_id), clock.now()
    seq, previous, rows = head.seq, head.hash, []
    for txn_id in waiting:
        leaf = found[txn_id].leaf
        if leaf is None:
            # Erased before it was sealed: its link says so by a leaf that nothing can be shown for.
            leaf = chain.digest(chain.canonical({"erased": str(txn_id)}))
        seq += 1
        row = {"town_id": town_id, "seq": seq, "txn_id": txn_id, "leaf_hash": leaf, "prev_hash": previous}
        previous = chain.link(previous, seq, leaf)
        rows.append(row | {"hash": previous, "sealed_at": now})
    session().execute(_SEAL, rows)
    session().execute(delete(Unsealed).where(Unsealed.txn_id.in_(waiting)).execution_options(synchronize_session=False))
    return len(rows)


def seal_all() -> int:
    """Seal everything that waits, in this one transaction; for commands that load many rows. Needs `transaction()`."""
    return sum(_seal_whole(town_id) for town_id in chains.waiting_towns())


def forget_salts(member_ids: tuple[int, ...]) -> None:
    """Cut what was sealed about erased members from its leaves: salts go, the chain stays. Needs `transaction()`."""
    unlinked: dict[str, Any] = {"salt": None}
    accounts = select(Account.id).where(Account.subject_id.in_(member_ids))
    for model, hers in ((Txn, Txn.subject_id.in_(member_ids)), (StatementLeaf, StatementLeaf.account_id.in_(accounts))):
        session().execute(update(model).where(hers).values(unlinked).execution_options(synchronize_session=False))


def _seal_whole(town_id: int) -> int:
    done = 0
    while count := seal_town(town_id):
        done += count
    return done
