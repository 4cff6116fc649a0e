"""The room's repeated work."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.core.scheduler import for_each
from community.patrols import queries
from community.patrols.models import Attempt
from community.patrols.policies import LIMITS
from community.patrols.services.settle import settle_by_silence

ATTEMPTS_KEPT = dt.timedelta(days=30)


def settle_silent() -> None:
    """Accept flagged check-ins that nobody settled within seven days, one transaction each (checkin.md §2.9)."""
    actor = system_actor("patrols.settle_silent")
    silent = queries.unsettled_before(clock.now() - LIMITS.silence, 500)
    for_each(silent, lambda checkin_id: settle_by_silence(actor, checkin_id=checkin_id))


def forget_attempts() -> None:
    """Delete refused scans older than thirty days."""
    with transaction():
        session().execute(delete(Attempt).where(Attempt.at < clock.now() - ATTEMPTS_KEPT))
