"""Power failures on demand: an act that ends between any two statements must leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import event, text

from community.core.db import db, session, transaction

_Made = TypeVar("_Made")
_TABLES = {
    "account": "posted, held, seq",
    "lot": "remaining, held",
    "reward_item": "reserved, on_hand",
    "rule_usage": "used",
    "budget_slot": "used",
}
_COUNTED = (
    "txn", "transfer", "entry", "lot_use", "hold", "hold_lot", "hold_resolution", "unsealed", "seal", "award",
    "reward_order", "stock_move",
)  # fmt: skip


class PowerFailure(Exception):
    """Nobody catches it but the test."""


@contextmanager
def failing_before(number: int) -> Iterator[None]:
    """Let the statement with this number (from 1), and no other, never be sent.

    Savepoints do not count: on PostgreSQL they stand for a test's own commits.
    """
    left = number

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal left
        left -= "SAVEPOINT" not in statement
        if left == 0:
            left = -1
            raise PowerFailure

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def everything() -> dict[str, tuple[Any, ...]]:
    """What the ledger's tables hold, in sums and counts."""
    session().rollback()
    found: dict[str, tuple[Any, ...]] = {}
    for table, columns in _TABLES.items():
        sums = ", ".join(f"sum({column})" for column in columns.split(", "))
        found[table] = tuple(session().execute(text(f"SELECT count(*), {sums} FROM {table}")).one())  # noqa: S608
    for table in _COUNTED:
        found[table] = tuple(session().execute(text(f"SELECT count(*) FROM {table}")).one())  # noqa: S608
    session().rollback()
    return found


def attempt(act: Callable[[], _Made], fault: int) -> _Made:
    """Do `act` in a transaction that first fails before its statement `fault` (0: not at all); returns what it made.

    Fails when the failed attempt left anything behind. Should the act send fewer statements, the fault never happens.
    """
    if fault:
        before = everything()
        try:
            with failing_before(fault), transaction():
                return act()
        except PowerFailure:
            session().rollback()
            assert everything() == before
    with transaction():
        return act()
