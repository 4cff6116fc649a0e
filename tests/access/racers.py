"""Two administrators who end each other at the same moment, each in a process of her own."""

from __future__ import annotations

from community.access import services
from community.access.queries import load_actor
from community.core.db import transaction
from community.core.errors import DomainError


def end_the_other(number: int, *, admins: list[int], grants: list[int]) -> str:
    """End the other's office and say what became of it."""
    try:
        with transaction():
            actor = load_actor(admins[number], 1, lock=True)
            assert actor
            services.end_grant(actor, grants[1 - number], reason="换人")
    except DomainError as refused:
        return refused.code
    return "ended"
