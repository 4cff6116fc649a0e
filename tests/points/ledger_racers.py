"""What several processes do to the same rewards, accounts, lots and orders at the same moment."""

from __future__ import annotations

import datetime as dt
import os
import signal
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from community.core import clock
from community.core.authz import Actor
from community.core.db import db, session, transaction
from community.core.errors import Busy, Conflict
from community.core.ids import new_uuid
from community.patrols.events import CheckInAccepted
from community.people.models import Member
from community.points import jobs, subscribers
from community.points.models import RewardItem
from community.points.services import expiring, handing, holding, journal, ordering, reversing, spending
from community.points.services.posting import By
from tests.factories.access import actor_of
from tests.factories.ledger import end_order, make_order
from tests.points.faults import everything
from tests.points.racers import _new


def rush(
    number: int,
    *,
    town: int,
    item: str,
    crowd: list[int],
    turns: int,
    purse: int,
    order: str,
    keeper: int,
    wrong: int,
) -> dict[str, int]:
    """Want the last piece, spend one purse, end one order, take one award back, and expire what is due."""
    said: Counter[str] = Counter()
    for turn in range(turns):
        who = crowd[(number * 17 + turn) % len(crowd)]
        said[f"piece {_told(lambda who=who: ordering.reserve(_actor(who), uuid.UUID(item)))}"] += 1
    for turn in range(4):
        said[f"purse {_told(lambda turn=turn: _donate(town, purse, 5, f'order:{number}-{turn}'))}"] += 1
    if number % 2:
        said[
            f"order {_told(lambda: ordering.cancel(actor_of(session().get_one(Member, purse)), uuid.UUID(order)))}"
        ] += 1
    else:
        said[f"order {_told(lambda: handing.hand_over(_actor(keeper), uuid.UUID(order)))}"] += 1
    said[f"award {_told(lambda: _reverse(wrong, 5, f'case:{number}', keeper))}"] += 1
    jobs.expire_points()
    return dict(said)


def quarrel(
    number: int, *, town: int, item: str, members: list[int], keeper: int, fact: dict[str, Any], turns: int
) -> dict[str, int]:
    """Everything that moves points, for the same three people, each process in another order."""
    said: Counter[str] = Counter()
    mine: list[uuid.UUID] = []
    for turn in range(turns):
        who = members[(number + turn) % len(members)]
        other = members[(number + turn + 1 + number % 2) % len(members)]
        fresh = CheckInAccepted(**_new(fact, member_id=who, used_at=_hour(fact, number * turns + turn)))
        acts: list[Callable[[], Any]] = [
            lambda fresh=fresh: subscribers.award_checkin(fresh),
            lambda who=who, other=other: mine.append(_share(town, item, [who, other])),
            lambda who=who, turn=turn: _donate(town, who, 2, f"order:{number}-{turn}"),
            lambda turn=turn: _end(mine, keeper, spent=turn % 2 == 0),
            lambda: expiring.expire_town(town, clock.today()),
        ]
        for act in acts[number % 5 :] + acts[: number % 5]:
            said[_told(act)] += 1
        if turn % 3 == 0:
            jobs.seal_due()
    return dict(said)


def killed(_number: int, *, town: int, item: str, member: int, keeper: int) -> dict[str, int]:
    """Be killed (SIGKILL) before each statement and before the commit of several acts; returns act → how often."""
    order_id = _committed(lambda: ordering.reserve(_actor(member), uuid.UUID(item)))
    acts: dict[str, Callable[[], Any]] = {
        "donate": lambda: _donate(town, member, 7, "order:killed"),
        "reserve": lambda: ordering.reserve(_actor(member), uuid.UUID(item)),
        "hand over": lambda: handing.hand_over(_actor(keeper), order_id),
        "expire": lambda: expiring.expire_town(town, clock.today()),
        "seal": jobs.seal_due,
    }
    return {name: _killed_at_every_step(act, own=name == "seal") for name, act in acts.items()}


# --- one act ---


def _told(act: Callable[[], Any]) -> str:
    """Do it until it was heard, as a phone sends again after "busy"; returns "done" or the refusal's code."""
    for _again in range(40):
        try:
            _committed(act)
        except Busy:
            continue
        except Conflict as refused:
            return refused.code
        return "done"
    return "busy"


def _committed(act: Callable[[], Any]) -> Any:
    with transaction():
        return act()


def _actor(member_id: int) -> Actor:
    return actor_of(session().get_one(Member, member_id))


def _donate(town: int, who: int, amount: int, ref: str) -> int:
    return spending.spend(town, who, amount, kind="donate", by=By(who), evidence_ref=ref, explain={})


def _reverse(txn_id: int, amount: int, case: str, keeper: int) -> None:
    reversing.reverse(txn_id, amount, by=By(0, keeper), evidence_ref=case, reason_code="wrong", explain={})


def _share(town: int, item: str, payers: list[int]) -> uuid.UUID:
    """An order that two people pay for: their accounts are locked together, in one order."""
    piece = session().get_one(RewardItem, uuid.UUID(item), with_for_update={"key_share": True})
    order_id = make_order(session().get_one(Member, payers[0]), piece, 2 * len(payers), id=new_uuid())
    journal.lock_of(town, "points", payers)
    for who in payers:
        holding.hold(town, who, 2, order_id=order_id, expires_at=clock.now())
    return order_id


def _end(mine: list[uuid.UUID], keeper: int, *, spent: bool) -> None:
    if not mine:
        return
    order_id = mine[-1]
    session().get_one(RewardItem, ordering.locked(order_id).item_id, with_for_update={"key_share": True})
    if spent:
        ref = f"order:{order_id}"
        txn_id = holding.post(order_id, kind="redeem", by=By(keeper), evidence_ref=ref, explain={})
        end_order(order_id, "collected", session().get_one(Member, keeper), txn_id)
    else:
        holding.void(order_id, "voided")
        end_order(order_id, "cancelled", session().get_one(Member, keeper))
    mine.pop()


def _hour(fact: dict[str, Any], hours: int) -> str:
    return (dt.datetime.fromisoformat(fact["used_at"]) + dt.timedelta(hours=hours % 300)).isoformat()


# --- killing ---


def _killed_at_every_step(act: Callable[[], Any], *, own: bool) -> int:
    """Fork, be killed before step 1, 2, … of the act, and look that nothing was left; `own`: it opens transactions."""
    untouched = everything()
    for step in range(1, 200):
        session().close()
        db.engine.dispose()
        child = os.fork()
        if child == 0:
            _die_before(step)
            act() if own else _committed(act)
            os._exit(0)
        _child, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return step - 1 if os.WEXITSTATUS(status) == 0 else -1
        if everything() != untouched:
            return -step
    return 0


def _die_before(step: int) -> None:
    left = step

    def count(*_anything: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "before_cursor_execute", count)
    event.listen(db.engine, "commit", count)
