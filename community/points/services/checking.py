"""Looking a town's books over: every invariant and the chain; what was found is kept for all to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from community.core import clock
from community.core.db import session
from community.core.ids import new_id
from community.points.models import LedgerCheck
from community.points.queries import chain, invariants


def look_over(town_id: int) -> bool:
    """Check the town's books, keep what was found, and return whether they are sound. Needs `transaction()`."""
    return keep(town_id, invariants.broken(town_id))


def keep(town_id: int, found: Mapping[str, Sequence[Any]]) -> bool:
    """Keep what a look over the town found: invariant → rows that break it. Needs `transaction()`."""
    head = chain.head(town_id)
    counted = {name.split()[0]: 0 for name in invariants.NAMES}
    for name, rows in found.items():
        counted[name.split()[0]] += len(rows)
    ok = not any(counted.values())
    session().execute(
        insert(LedgerCheck).values(
            id=new_id(), town_id=town_id, at=clock.now(), ok=ok, found=counted, head_seq=head.seq, head_hash=head.hash
        )
    )
    return ok
