"""Page objects of a family's pot: who is in, whom one has not answered yet, what was used of one's points."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from community.core.authz import Actor
from community.core.i18n import Text
from community.core.web.preferences import current as preferences
from community.people import queries as people
from community.places import queries as places
from community.points import rewards
from community.points.models import PotInvite, PotSeat, RewardItem
from community.points.queries import families
from community.points.services import pooling


@dataclass(frozen=True)
class Seat:
    """Somebody in the pot: whether one's own consent reaches her, and hers oneself."""

    name: str
    me: bool
    may_use_mine: bool
    lets_me: bool


@dataclass(frozen=True)
class Use:
    """What somebody used of one's points: `waits` while it can still be stopped."""

    order_id: uuid.UUID
    item: str
    who: str
    amount: int
    at: dt.datetime
    word: Text
    waits: bool


@dataclass(frozen=True)
class Pot:
    """One's own pot."""

    town: str
    seats: Sequence[Seat]
    waiting: Sequence[str]
    roll: int
    cap: int
    used: int
    uses: Sequence[Use]
    code: str
    code_until: dt.datetime | None


@dataclass(frozen=True)
class Invited:
    """A pot as somebody sees it who may come in: the names, never their points."""

    code: str
    town: str
    names: Sequence[str]
    roll: int


@dataclass(frozen=True)
class Together:
    """That the family can pay for a reward: one's own part, and who has agreed to make up the rest.

    Not how much of it each of them would: asked for this many and that many, it would tell what she has.
    """

    mine: int
    rest: int
    names: Sequence[str]


def pot(actor: Actor) -> Pot | None:
    """Return the actor's pot, or None."""
    mine = families.seat_of(actor)
    if mine is None:
        return None
    roster = families.roster(mine.pot_id)
    invite = families.open_invite(mine.pot_id)
    reaching = {one.member_id for one in families.reaching(mine)}
    return Pot(
        town=places.names([mine.town_id]).get(mine.town_id, ""),
        seats=[_seat(one.seat, one.name, mine, reaching) for one in roster.seated],
        waiting=[one.name for one in roster.seated if one.seat.joined_roll > mine.agreed_roll],
        roll=roster.roll,
        cap=mine.cap,
        used=families.used(mine),
        uses=_uses(actor, mine.town_id),
        code=invite.code if invite else "",
        code_until=invite.expires_at if invite else None,
    )


def _seat(one: PotSeat, name: str, mine: PotSeat, reaching: set[int]) -> Seat:
    return Seat(
        name=name,
        me=one.seat_id == mine.seat_id,
        may_use_mine=one.joined_roll <= mine.agreed_roll and mine.cap > 0,
        lets_me=one.member_id in reaching,
    )


def _uses(actor: Actor, town_id: int) -> list[Use]:
    rows = families.uses_of(actor, town_id)
    names = people.names(row.PotShare.orderer_id for row in rows)
    return [
        Use(
            order_id=row.RewardOrder.id,
            item=_name(row.RewardItem),
            who=names.get(row.PotShare.orderer_id, ""),
            amount=row.PotShare.amount,
            at=row.PotShare.at,
            word=rewards.ORDER_STATES[row.RewardOrder.state],
            waits=row.RewardOrder.state == "reserved",
        )
        for row in rows
    ]


def invited(found: PotInvite) -> Invited:
    """Return a pot for who holds its code."""
    roster = families.roster(found.pot_id)
    return Invited(
        code=found.code,
        town=places.names([found.town_id]).get(found.town_id, ""),
        names=[one.name for one in roster.seated],
        roll=roster.roll,
    )


def together(actor: Actor, item: RewardItem, total: int) -> Together | None:
    """Return that the family can pay `total` of a reward; None when it cannot, or the actor is in none."""
    found = pooling.preview(actor, item.town_id, total)
    if found is None or item.kind == "cause":
        return None
    names = people.names(found.agreed)
    return Together(found.mine, total - found.mine, [names.get(who, "") for who in found.agreed])


def shares(order_id: uuid.UUID) -> list[tuple[str, int]]:
    """Return whose points of the family an order uses, and how many."""
    rows = families.shares_of(order_id)
    names = people.names(one.payer_id for one in rows)
    return [(names.get(one.payer_id, ""), one.amount) for one in rows]


def _name(item: RewardItem) -> str:
    return item.name_en if item.name_en and preferences().lang == "en" else item.name_zh
