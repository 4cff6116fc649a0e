"""What check-ins hear from other rooms, in the same transaction."""

from __future__ import annotations

from sqlalchemy import delete, update

from community.core import paths
from community.core.db import session
from community.patrols.events import CheckInVindicated
from community.patrols.models import Attempt, CheckIn
from community.patrols.services import settle
from community.people.events import MemberErased
from community.places.events import AreaMoved


def set_right(event: CheckInVindicated) -> None:
    """Let a rejected check-in count after all."""
    settle.set_right(event)


def area_moved(event: AreaMoved) -> None:
    """Let check-ins be found where their area is now; a check-in stays its town's."""
    paths.rewrite((CheckIn.scope_path, Attempt.scope_path), event.old_path, event.new_path)


def cut_from_phone(event: MemberErased) -> None:
    """Her check-ins stay as numbers; what tied them to her phone goes, and her refused scans with it."""
    session().execute(
        update(CheckIn)
        .where(CheckIn.member_id.in_(event.ids))
        .values(device="")
        .execution_options(synchronize_session=False)
    )
    session().execute(delete(Attempt).where(Attempt.member_id.in_(event.ids)))
