"""The event bus: past-tense facts handed to higher rooms inside the same transaction (DESIGN §3).

Handlers run at once and raise; a handler may emit once more (depth 2), deeper is a programming error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from community.core.db import in_transaction

Handler = Callable[[Any], None]

MAX_DEPTH = 2

_handlers: dict[type[Any], tuple[Handler, ...]] = {}
_depth: ContextVar[int] = ContextVar("linli_event_depth", default=0)


class EventDepth(RuntimeError):
    """A subscriber's subscriber emitted again: the flow can no longer be followed."""


def wire(handlers: Mapping[type[Any], Sequence[Handler]]) -> None:
    """Replace all subscriptions; called by the factory alone."""
    _handlers.clear()
    _handlers.update({event: tuple(functions) for event, functions in handlers.items()})


def wired() -> dict[type[Any], tuple[Handler, ...]]:
    """Return event type → handlers, for the golden file."""
    return dict(_handlers)


def emit(event: object) -> None:
    """Hand `event` (a frozen dataclass) to its handlers, in this transaction; their exceptions come through."""
    if not in_transaction():
        raise RuntimeError(f"{type(event).__name__} emitted outside a transaction")
    depth = _depth.get()
    if depth >= MAX_DEPTH:
        raise EventDepth(type(event).__name__)
    mark = _depth.set(depth + 1)
    try:
        for handler in _handlers.get(type(event), ()):
            handler(event)
    finally:
        _depth.reset(mark)
