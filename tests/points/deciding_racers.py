"""Several people who say yes or no to the same award and object to it, at the same moment."""

from __future__ import annotations

from collections.abc import Callable

from community.core.authz import Actor
from community.core.db import session, transaction
from community.core.errors import Busy, DomainError
from community.people.models import Member
from community.points.services import appealing, reviewing
from tests.factories.access import actor_of


def decide(number: int, *, awards: list[int], reviewers: list[int], member: int) -> dict[str, int]:
    """Say yes or no to each award as one of `reviewers`; the last process objects to each as their member."""
    said: dict[str, int] = {}
    for award in awards:
        if number < len(reviewers):
            told = "review " + _told(
                lambda award=award: reviewing.review(_actor(reviewers[number]), award, accept=True)
            )
        else:
            told = "appeal " + _told(lambda award=award: appealing.appeal(_actor(member), f"award:{award}", "等太久了"))
        said[told] = said.get(told, 0) + 1
    return said


def _actor(member_id: int) -> Actor:
    return actor_of(session().get_one(Member, member_id))


def _told(act: Callable[[], object]) -> str:
    for _again in range(30):
        try:
            with transaction():
                act()
        except Busy:
            continue
        except DomainError as refusal:
            return refusal.code
        return "done"
    return "busy"
