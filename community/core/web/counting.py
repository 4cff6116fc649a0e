"""Where rate limits are counted when several hosts share one Redis (REDIS_URL), and what happens while it is away.

Nothing else is kept there: it may be emptied or lost at any time. A Redis that does not answer never keeps a page from
anybody: each process counts for itself until it is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage

_Answer = TypeVar("_Answer")

SCHEME = "shared+"
# Of a page's time; a Redis in the same house answers within a thousandth of it.
SECONDS = 0.25
# So long nobody asks again after no answer came: it costs one request its quarter second, not all.
PAUSE = 5.0
_PREFIX = "linli"


class SharedStorage(Storage):
    """Counts in Redis, and in this process while Redis does not answer."""

    STORAGE_SCHEME = [f"{SCHEME}redis", f"{SCHEME}rediss"]  # noqa: RUF012 - as its base declares it

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options: float | str | bool) -> None:  # noqa: FBT001, FBT002 - its base's
        super().__init__(uri, wrap_exceptions)
        self._shared = connect(uri.removeprefix(SCHEME))
        self._own = MemoryStorage()
        self._alone_until = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._ask(lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        return self._ask(lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        return self._ask(lambda storage: storage.get_expiry(key))

    def clear(self, key: str) -> None:
        self._ask(lambda storage: storage.clear(key))

    def check(self) -> bool:
        """Say whether Redis answers now."""
        return self._shared.check()

    def reset(self) -> int | None:
        self._own.reset()
        return self._ask(lambda storage: storage.reset())

    def _ask(self, question: Callable[[Storage], _Answer]) -> _Answer:
        if time.monotonic() >= self._alone_until:
            try:
                return question(self._shared)
            except StorageError as error:
                self._alone_until = time.monotonic() + PAUSE
                cause = type(error.__cause__ or error).__name__
                structlog.get_logger().warning("rate_limits_alone", error=cause, seconds=PAUSE)
        return question(self._own)


def connect(url: str) -> RedisStorage:
    """Return the counts in the Redis at `url`; nothing is asked of it yet. Raises ImportError without the package."""
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra: imported only where REDIS_URL is set
    from redis.retry import Retry  # noqa: PLC0415

    # One more try at once: a connection that was idle may have been closed by the other side.
    options = {"retry": Retry(NoBackoff(), 1), "socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    return RedisStorage(url, key_prefix=_PREFIX, wrap_exceptions=True, protocol=2, **options)  # type: ignore[arg-type]
