"""The room's repeated work."""

from __future__ import annotations

from community.core.db import transaction
from community.points.queries import awards
from community.points.services import awarding

_AT_ONCE = 500


def post_waiting() -> None:
    """Post awards that waited for a budget which can pay again, one member a transaction, the longest waiting first."""
    for member_id in awards.payable_members(_AT_ONCE):
        with transaction():
            awarding.release(member_id, "budget")
