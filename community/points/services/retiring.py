"""Letting go of what served its purpose: notices of points that expired, and codes of pots. Needs `transaction()`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from community.core import clock
from community.core.db import session
from community.points.models import ExpiryNotice, PotInvite

# A notice hinders that the same is told twice; when the day is long over there is nothing to tell.
# The same for codes: one line of the list of what is kept how long.
NOTICES_KEPT = dt.timedelta(days=30)


def notice_days() -> Sequence[dt.date]:
    """Return the days of expiry whose notices are kept no longer, the oldest first."""
    last = clock.today() - NOTICES_KEPT
    days = select(ExpiryNotice.expires_on).where(ExpiryNotice.expires_on < last).distinct()
    return session().scalars(days.order_by(ExpiryNotice.expires_on)).all()


def forget_notices(expires_on: dt.date) -> None:
    """Delete what was told of points that expired on that day."""
    over = delete(ExpiryNotice).where(ExpiryNotice.expires_on == expires_on)
    session().execute(over.execution_options(synchronize_session=False))


def forget_invites() -> None:
    """Close the codes that ran out, and delete those that are closed for long."""
    now = clock.now()
    late = update(PotInvite).where(PotInvite.closed_at.is_(None), PotInvite.expires_at < now)
    session().execute(late.values(closed_at=now).execution_options(synchronize_session=False))
    old = delete(PotInvite).where(PotInvite.closed_at < now - NOTICES_KEPT)
    session().execute(old.execution_options(synchronize_session=False))
