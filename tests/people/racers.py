"""What processes do at the same moment with people's data."""

from __future__ import annotations

from community.access.queries import load_actor
from community.core.db import transaction
from community.core.errors import DomainError
from community.people import calling


def reveal(number: int, *, admin: int, members: list[int], times: int) -> int:
    """Look at numbers of `members` one after the other, `times` times; return how many were shown."""
    actor = load_actor(admin, 1, lock=False)
    assert actor
    shown = 0
    for turn in range(times):
        try:
            with transaction():
                calling.reveal(actor, member_id=members[(turn + number) % len(members)], reason="通知她来开会")
        except DomainError as refused:
            if refused.code != "phones_often":
                raise
        else:
            shown += 1
    return shown
