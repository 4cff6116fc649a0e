"""What processes do at the same moment at the desk."""

from __future__ import annotations

from community.access.queries import load_actor
from community.core.db import transaction
from community.home import services


def decide(number: int, *, admins: list[int], refs: list[str]) -> list[list[str]]:
    """Admin `number` approves (0) or refuses (1) all of `refs` in one command; return what was done, and what not."""
    actor = load_actor(admins[number], 1, lock=False)
    assert actor
    with transaction():
        # Each begins at another end: the order in which they lock must not be the order in which they asked.
        asked = refs if number % 2 == 0 else refs[::-1]
        run = services.decide(actor, "approve" if number % 2 == 0 else "refuse", asked, "核对过")
        lines = run.lines
    return [[line["ref"] for line in lines if line["done"] is done] for done in (True, False)]
