"""The one clock (DESIGN §4 "Time"): instants are aware UTC, days are civil dates of the deployment's time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

UTC = dt.UTC
DEFAULT_ZONE = "Asia/Shanghai"


class SystemClock:
    """Reads the host's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(UTC)


class FrozenClock:
    """A clock for tests and for loading demo data: stands still until told to move."""

    def __init__(self, at: dt.datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> dt.datetime:
        return self._at

    def tick(self, **delta: float) -> dt.datetime:
        """Move by a `timedelta(**delta)` and return the new instant."""
        self._at += dt.timedelta(**delta)
        return self._at

    def move_to(self, at: dt.datetime) -> None:
        """Stand at the aware instant `at`."""
        self._at = at.astimezone(UTC)


_clock: SystemClock | FrozenClock = SystemClock()
_zone = ZoneInfo(DEFAULT_ZONE)


def use_zone(name: str) -> None:
    """Set the deployment's time zone (an IANA name); raises ZoneInfoNotFoundError for an unknown one."""
    global _zone  # noqa: PLW0603 - set once by the factory
    _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    """Return the deployment's time zone."""
    return _zone


def now() -> dt.datetime:
    """Return the current instant, aware, in UTC."""
    return _clock.now()


def today() -> dt.date:
    """Return the current civil date in the deployment's time zone."""
    return local(now()).date()


def local(instant: dt.datetime) -> dt.datetime:
    """Return the aware `instant` in the deployment's time zone."""
    if instant.tzinfo is None:
        raise ValueError("a naive time has no place on the calendar")
    return instant.astimezone(_zone)


def at_local(day: dt.date, time: dt.time) -> dt.datetime:
    """Return the UTC instant of the civil `day` and wall-clock `time` in the deployment's time zone."""
    return dt.datetime.combine(day, time, tzinfo=_zone).astimezone(UTC)


@contextmanager
def frozen(at: dt.datetime | str) -> Iterator[FrozenClock]:
    """Freeze the clock at `at` (aware datetime or ISO 8601 text) inside the block; yields the clock to move it."""
    global _clock  # noqa: PLW0603 - restored on exit
    instant = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    before, stopped = _clock, FrozenClock(instant)
    _clock = stopped
    try:
        yield stopped
    finally:
        _clock = before
