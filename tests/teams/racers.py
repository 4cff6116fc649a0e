"""What the processes of tests/teams/services/test_deciding.py do."""

from community.access.queries import load_actor
from community.core.authz import Actor
from community.core.db import transaction
from community.core.errors import DomainError
from community.teams import services


def decide(number: int, jobs: list[tuple[int, str, list[int]]]) -> list[str]:
    """Do job `number` (who, "approve" or "apply", keys of memberships or teams); return how each key ended."""
    who, act, keys = jobs[number]
    actor = load_actor(who, 1, False)
    return [_one(actor, act, key) for key in keys]


def _one(actor: Actor, act: str, key: int) -> str:
    try:
        with transaction():
            if act == "approve":
                services.approve(actor, key)
            else:
                services.apply(actor, team_id=key, agrees=True)
    except DomainError as refused:
        return refused.code
    return "done"
