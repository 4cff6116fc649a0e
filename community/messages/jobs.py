"""Sends what is due in the outbox, one row at a time: claim and commit, send, mark and commit."""

from __future__ import annotations

import structlog

from community.core import telling
from community.core.db import transaction
from community.messages import channels, forgetting, outbox

log = structlog.get_logger(__name__)

# One run stays well inside the job's lease; the next one goes on.
BATCH = 200


def send_due(limit: int = BATCH) -> int:
    """Send up to `limit` due rows; return how many left. A row that fails waits for its next try, the others go on."""
    left = 0
    for _turn in range(limit):
        with transaction():
            claim = outbox.claim_next()
        if claim is None:
            break
        left += _send(claim)
    return left


def forget_read() -> None:
    """Delete messages that were read a year ago, or never within two, a batch a transaction."""
    while True:
        with transaction():
            if not forgetting.forget_read():
                return


def forget_sent() -> None:
    """Empty what was sent a week ago or given up a month ago, a batch a transaction."""
    while True:
        with transaction():
            if not forgetting.forget_sent():
                return


def _send(claim: outbox.Claim) -> bool:
    if claim.attempt > outbox.MAX_ATTEMPTS:
        log.error("message_dead", key=claim.key)
        return False
    error, for_good = _try(claim)
    with transaction():
        if error is None:
            return outbox.sent(claim)
        outbox.failed(claim, error, for_good=for_good)
    log.warning("message_failed", key=claim.key, attempt=claim.attempt, error=error, for_good=for_good)
    return False


def _try(claim: outbox.Claim) -> tuple[str | None, bool]:
    """Return what went wrong (None: nothing) and whether for good."""
    channel = channels.get(claim.channel)
    if channel is None:
        return f"no channel called {claim.channel} is configured here", False
    try:
        channel.send(claim.key, claim.payload)
    except channels.Undeliverable as refused:
        return str(refused), True
    except Exception as caught:
        return telling.short(caught), False
    return None, False
