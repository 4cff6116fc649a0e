"""A family's pot: who is in, whom their consents reach, what was used; what is free of theirs is for services alone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import aliased

from community.core import clock
from community.core.authz import Actor
from community.core.db import session
from community.people import queries as people, standing
from community.people.policies import MINOR
from community.points.models import Account, FamilyPot, Lot, PotInvite, PotSeat, PotShare, RewardItem, RewardOrder

# Orders whose points were given back count for nothing.
_COUNTS = ("reserved", "collected", "donated")
SHOWN = 20


def seat_of(actor: Actor) -> PotSeat | None:
    """Return the actor's seat in a pot; None outside one, and for who stands in for her."""
    if actor.instead is not None:
        return None
    mine = select(PotSeat).where(PotSeat.member_id.in_(actor.ids), PotSeat.state == "in")
    return session().scalars(mine.order_by(PotSeat.seat_id.desc()).limit(1)).first()


def close_to(member_ids: Collection[int]) -> frozenset[int]:
    """Return the members who share a pot with one of these (ids of one person), or did so lately; herself left out.

    What is decided about their points is her affair too: she may spend them, or they hers. And nobody leaves for the
    time of a decision.
    """
    hers, theirs = aliased(PotSeat), aliased(PotSeat)
    wanted = (
        select(theirs.member_id)
        .join(hers, hers.pot_id == theirs.pot_id)
        .where(hers.member_id.in_(member_ids), _lately(hers), _lately(theirs), theirs.member_id.not_in(member_ids))
    )
    return frozenset(session().scalars(wanted))


def _lately(seat: type[PotSeat]) -> ColumnElement[bool]:
    return or_(seat.state == "in", seat.left_at >= clock.now() - standing.LATELY)


@dataclass(frozen=True, slots=True)
class Seated:
    """A seat, and the name of who sits there."""

    seat: PotSeat
    name: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a pot, in the order in which they came, and how many have ever come in.

    Both of one moment: a consent given up to `roll` reaches nobody who is not among `seated`.
    """

    roll: int
    seated: Sequence[Seated]


def roster(pot_id: int) -> Roster:
    """Return who is in a pot: one statement, so that nobody comes in between the names and the number."""
    member = people.MEMBER.c
    rows = session().execute(
        select(FamilyPot.roll, PotSeat, member.display_name.label("name"))
        .outerjoin(PotSeat, (PotSeat.pot_id == FamilyPot.id) & (PotSeat.state == "in"))
        .outerjoin(people.MEMBER, member.id == PotSeat.member_id)
        .where(FamilyPot.id == pot_id)
        .order_by(PotSeat.joined_roll)
    ).all()  # fmt: skip
    seated = [Seated(row.PotSeat, row.name) for row in rows if row.PotSeat is not None]
    return Roster(rows[0].roll if rows else 0, seated)


def open_invite(pot_id: int) -> PotInvite | None:
    """Return the invitation that is good now."""
    wanted = select(PotInvite).where(
        PotInvite.pot_id == pot_id, PotInvite.closed_at.is_(None), PotInvite.expires_at > clock.now()
    )
    return session().scalars(wanted.limit(1)).first()


def reaching(seat: PotSeat) -> Sequence[PotSeat]:
    """Return the seats of others whose consent reaches this one's member: they agreed after she came in.

    Nobody's whose account is stopped, and no minor's for whom no guardian has signed.
    """
    member = people.MEMBER.c
    wanted = (
        select(PotSeat, member.age_band)
        .join(people.MEMBER, member.id == PotSeat.member_id)
        .where(
            PotSeat.pot_id == seat.pot_id, PotSeat.seat_id != seat.seat_id, PotSeat.state == "in", PotSeat.cap > 0,
            PotSeat.agreed_roll >= seat.joined_roll, member.status == "active",
        )
        .order_by(PotSeat.joined_roll)
    )  # fmt: skip
    rows = session().execute(wanted.execution_options(populate_existing=True)).all()
    minors = [seat_.member_id for seat_, band in rows if band == MINOR]
    signed = standing.guardians_signed(minors) if minors else frozenset()
    return [seat_ for seat_, band in rows if band != MINOR or seat_.member_id in signed]


def used(seat: PotSeat) -> int:
    """Return how much of her points others have used this month, or hold: what was given back does not count."""
    first = clock.at_local(clock.today().replace(day=1), dt.time.min)
    counted = (
        select(func.coalesce(func.sum(PotShare.amount), 0))
        .join(RewardOrder, RewardOrder.id == PotShare.order_id)
        .where(PotShare.payer_id == seat.member_id, PotShare.town_id == seat.town_id)
        .where(PotShare.at >= first, RewardOrder.state.in_(_COUNTS))
    )
    return int(session().scalar(counted) or 0)


@dataclass(frozen=True, slots=True)
class FreePart:
    """So much of a lot that is free today, until its day."""

    lot_id: int
    amount: int
    expires_on: dt.date


def free_parts(member_id: int, town_id: int) -> list[FreePart]:
    """Return what is free today of each of the member's lots in a town, in the order of spending."""
    lot, account = Lot.__table__.c, Account.__table__.c
    rows = session().execute(
        select(lot.id, lot.remaining - lot.held, lot.expires_on)
        .join(Account.__table__, account.id == lot.account_id)
        .where(
            account.subject_id == member_id, account.town_id == town_id, account.asset == "points",
            account.kind == "resident", lot.remaining > 0, lot.remaining > lot.held, lot.expires_on >= clock.today(),
        )
        .order_by(lot.expires_on, lot.id)
    )  # fmt: skip
    return [FreePart(*row) for row in rows]


def shares_of(order_id: uuid.UUID) -> Sequence[PotShare]:
    """Return what others pay of an order."""
    wanted = select(PotShare).where(PotShare.order_id == order_id).order_by(PotShare.seat_id)
    return session().scalars(wanted).all()


def uses_of(actor: Actor, town_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return (PotShare, RewardOrder, RewardItem) of what others used of the actor's points in a town, newest first."""
    wanted = (
        select(PotShare, RewardOrder, RewardItem)
        .join(RewardOrder, RewardOrder.id == PotShare.order_id)
        .join(RewardItem, RewardItem.id == RewardOrder.item_id)
        .where(PotShare.payer_id.in_(actor.ids), PotShare.town_id == town_id)
        .order_by(PotShare.at.desc())
        .limit(SHOWN)
    )
    return session().execute(wanted).all()
