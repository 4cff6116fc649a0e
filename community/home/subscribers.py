"""What the desk hears from the rooms below, in the same transaction."""

from __future__ import annotations

from sqlalchemy import delete

from community.core.db import session
from community.home.models import DeskRun
from community.people.events import MemberErased


def forget_work(event: MemberErased) -> None:
    """What the desk told somebody who is erased goes; what she decided stays, in the log and in the rooms."""
    session().execute(
        delete(DeskRun).where(DeskRun.member_id.in_(event.ids)).execution_options(synchronize_session=False)
    )
