"""The room's repeated work."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from community.core import clock
from community.core.db import session, transaction
from community.home.models import DeskRun

RUNS_KEPT = dt.timedelta(days=30)


def forget_runs() -> None:
    """Delete what was told about work at the desk thirty days ago; the decisions themselves stay in their rooms."""
    with transaction():
        session().execute(
            delete(DeskRun).where(DeskRun.at < clock.now() - RUNS_KEPT).execution_options(synchronize_session=False)
        )
