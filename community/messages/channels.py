"""Ways out of the process. An adapter is one class with `name` and `send`; the factory registers those configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

log = structlog.get_logger("linli.channel")


class Undeliverable(Exception):
    """The receiver will never take this (a number that does not exist): trying again is no use."""


class Channel(Protocol):
    """Something that carries a payload to a person or a program outside.

    `send` blocks for less than the sender's lease (`messages.jobs.LEASE`), returns when the other side has taken the
    payload, and raises otherwise: Undeliverable for good, anything else to be tried again. After a crash the same `key`
    may come a second time; an adapter whose other side knows idempotency keys passes it on.
    """

    @property
    def name(self) -> str: ...

    def send(self, key: str, payload: Mapping[str, Any]) -> None: ...


class ConsoleChannel:
    """Writes a line to the program's log instead of sending; the payload itself only when `verbose` (demo)."""

    name = "console"

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose

    def send(self, key: str, payload: Mapping[str, Any]) -> None:
        """Log that the payload `key` would have left."""
        log.info("message_sent", channel=self.name, key=key, **({"payload": dict(payload)} if self._verbose else {}))


_channels: dict[str, Channel] = {}


def wire(*channels: Channel) -> None:
    """Replace the configured channels; called by the factory alone."""
    _channels.clear()
    _channels.update({channel.name: channel for channel in channels})


def get(name: str) -> Channel | None:
    """Return the channel called `name`, or None when this deployment has none."""
    return _channels.get(name)
