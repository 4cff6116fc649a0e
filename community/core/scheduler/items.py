"""The items of a job, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from community.core.db import transaction

log = structlog.get_logger(__name__)
_Item = TypeVar("_Item")


class ItemsFailed(RuntimeError):
    """Some items of a job failed; the others are done."""


def for_each(items: Iterable[_Item], work: Callable[[_Item], object]) -> None:
    """Call `work` for each of `items` (ids: they are logged) in a `transaction()` of its own.

    An item that fails is rolled back and logged, and the others follow. Raises ItemsFailed at the end, so that the
    job's row says how many failed and which was the first; what the error said stays in the log.
    """
    failed: list[str] = []
    tried = 0
    for item in items:
        tried += 1
        try:
            with transaction():
                work(item)
        except Exception as caught:
            log.exception("item_failed", item=str(item))
            failed.append(f"{item} ({type(caught).__name__})")
    if failed:
        raise ItemsFailed(f"{len(failed)} of {tried} items failed, first {failed[0]}")
