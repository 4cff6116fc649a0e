"""Core's own jobs."""

from __future__ import annotations

from community.core import idempotency
from community.core.db import transaction
from community.core.uploads import sweep


def forget_old_keys() -> None:
    """Delete command keys older than 30 days, a batch per transaction."""
    while True:
        with transaction():
            if not idempotency.forget_old():
                return


def sweep_uploads() -> None:
    """Remove the files of deleted pictures, and those a day old that no row names."""
    sweep()
