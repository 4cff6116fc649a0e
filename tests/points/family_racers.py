"""What several phones of one family do with its pot at the same moment."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import current_app

from community.access.queries import load_actor
from community.core.authz import Actor
from community.core.db import session, transaction
from community.core.errors import DomainError
from community.people import mandates, standing
from community.people.models import Member
from community.points.queries import families as queries
from community.points.services import families, handing, ordering, pooling
from tests.conftest import PUBLIC_URL
from tests.factories.access import actor_of
from tests.harness.client import Client, Visitor
from tests.harness.processes import hear, say


def quarrel(number: int, *, item: str, members: list[int], keeper: int, mandate: int, turns: int) -> dict[str, int]:
    """Order together, stop what others order, hand over, change the cap, leave; and act for the first by a mandate.

    The first of them ends that mandate in between.
    """
    said: Counter[str] = Counter()
    made: list[uuid.UUID] = []
    for turn in range(turns):
        who, other = members[(number + turn) % len(members)], members[(number + turn + 1) % len(members)]
        acts: list[Callable[[], Any]] = [
            lambda who=who: made.append(pooling.reserve(_actor(who), uuid.UUID(item))),
            lambda other=other: pooling.stop(_actor(other), made[-1]) if made else None,
            lambda who=who, turn=turn: families.set_cap(_actor(who), 20 + 10 * (turn % 2)),
            lambda who=who: made.append(ordering.reserve(_actor(who), uuid.UUID(item))),
            lambda: handing.hand_over(_actor(keeper), made.pop()) if made else None,
            lambda other=other: families.agree(_actor(other), roll=_roll(other)),
            lambda who=who, turn=turn: families.leave(_actor(who)) if turn == number else None,
            lambda: ordering.reserve(standing.in_place_of(_actor(members[1]), members[0], lock=True), uuid.UUID(item)),
            lambda turn=turn: mandates.end(_actor(members[0]), mandate) if (number, turn) == (2, 2) else None,
        ]
        for act in acts[number:] + acts[:number]:
            said[_told(act)] += 1
    return dict(said)


def _roll(member_id: int) -> int:
    seat = queries.seat_of(_actor(member_id))
    return queries.roster(seat.pot_id).roll if seat else 0


def _actor(member_id: int) -> Actor:
    return actor_of(session().get_one(Member, member_id))


def _told(act: Callable[[], Any]) -> str:
    try:
        with transaction():
            act()
    except DomainError as refused:
        return refused.code
    return "done"


def withdraw_for(_number: int, *, helper: int, principal: int, appeal: str) -> int:
    """Take an appeal back in somebody's place, as the helper's phone does; return the status of the last answer."""
    phone = current_app._get_current_object()  # type: ignore[attr-defined]
    phone.test_client_class = Client
    visitor = Visitor(phone.test_client(), PUBLIC_URL)
    visitor.sign_in(helper)
    address = f"/helped/{principal}/points/appeals/{appeal}"
    form = visitor.get(address).form("/withdraw")
    say("read")
    hear()
    return int(visitor.client.post(form.action, data=form.filled()).status_code)


def stop_helping(_number: int, *, principal: int, mandate: int) -> str:
    """Be in a command of the principal's, and when told so end the mandate in it."""
    with transaction():
        actor = load_actor(principal, 1, lock=True)
        assert actor
        say("locked")
        hear()
        mandates.end(actor, mandate)
    return "ended"


def be_busy(_number: int, *, member: int) -> str:
    """Be in a command of the member's until told so."""
    with transaction():
        assert load_actor(member, 1, lock=True)
        say("locked")
        hear()
    return "done"
