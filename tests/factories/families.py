"""Family pots. Call inside `with transaction():`."""

from __future__ import annotations

from sqlalchemy import select

from community.core import clock
from community.core.db import session
from community.people.models import Member
from community.points.models import FamilyPot, PotSeat
from community.points.queries import families as queries
from community.points.services import families
from tests.factories.access import actor_of


def make_pot(founder: Member, cap: int = 50) -> FamilyPot:
    """A pot with its founder in it."""
    return families.found(actor_of(founder), cap=cap)


def join(host: Member, member: Member, cap: int = 50) -> PotSeat:
    """Let the member come into the host's pot by a code; the others have not agreed to her yet."""
    code = families.invite(actor_of(host)).code
    seat = queries.seat_of(actor_of(host))
    assert seat
    return families.join(actor_of(member), code, cap=cap, roll=queries.roster(seat.pot_id).roll)


def sit_together(members: list[Member], cap: int) -> FamilyPot:
    """A pot of these who all agree to each other, written at once: for tests that make many."""
    pot = FamilyPot(town_id=members[0].town_id, founder_id=members[0].id, roll=len(members), created_at=clock.now())
    session().add(pot)
    session().flush()
    for number, member in enumerate(members, 1):
        fields = {"town_id": pot.town_id, "pot_id": pot.id, "member_id": member.id, "joined_at": clock.now()}
        session().add(PotSeat(**fields, cap=cap, joined_roll=number, agreed_roll=len(members), state="in"))
    session().flush()
    return pot


def all_agree(pot: FamilyPot) -> None:
    """Let everybody agree to everybody who is in."""
    seats = select(PotSeat).where(PotSeat.pot_id == pot.id, PotSeat.state == "in")
    for seat in session().scalars(seats).all():
        families.agree(actor_of(session().get_one(Member, seat.member_id)), roll=queries.roster(pot.id).roll)
