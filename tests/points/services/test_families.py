"""Family pots: everybody comes in by her own word, agrees to whoever comes later, and leaves at any time."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.messages.models import Message
from community.people import mandates, standing
from community.people.events import MemberErased
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import FamilyPot, PotSeat
from community.points.queries import families as queries
from community.points.services import families
from tests.factories.access import actor_of
from tests.factories.families import join, make_pot
from tests.factories.mandates import make_mandate, signed_for
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.engine


@pytest.fixture
def daughter(village: Area) -> Member:
    with transaction():
        return make_member(village, display_name="何敏", age_band="18-59")


def reached(member: Member) -> list[int]:
    """Whose points the member may use."""
    seat = queries.seat_of(actor_of(member))
    assert seat
    return [one.member_id for one in queries.reaching(seat)]


def test_consent_reaches_who_was_in_and_nobody_who_comes_later(member: Member, daughter: Member) -> None:
    with transaction():
        make_pot(member)
    with transaction():
        join(member, daughter)
    assert reached(member) == [daughter.id], "she saw who was in when she came"
    assert reached(daughter) == [], "her mother has not said yes to her"
    told = session().scalars(select(Message.kind).where(Message.member_id == member.id)).all()
    assert told == ["points.family_joined"]
    with transaction():
        families.agree(actor_of(member), roll=2)
    assert reached(daughter) == [member.id]


def test_agreeing_to_an_older_list_reaches_no_further(member: Member, daughter: Member, village: Area) -> None:
    with transaction():
        son = make_member(village)
        make_pot(member)
        join(member, daughter)
        join(member, son)
    with transaction():
        families.agree(actor_of(member), roll=2)  # the page she saw had no son on it
    assert (reached(daughter), reached(son)) == ([member.id, son.id], [])
    for wrong in (99, 1, 0):
        with transaction():
            families.agree(actor_of(member), roll=wrong)
    assert reached(son) == []


def test_who_came_in_meanwhile_is_shown_before_anybody_joins(member: Member, daughter: Member, village: Area) -> None:
    with transaction():
        son = make_member(village)
        make_pot(member)
        join(member, daughter)
        code = families.invite(actor_of(member)).code
    with transaction(), pytest.raises(Conflict) as error:
        families.join(actor_of(son), code, cap=10, roll=1)
    assert error.value.code == "family_changed"


def test_a_code_is_good_once_for_three_days_and_only_the_newest(
    member: Member, daughter: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        other = make_member(village)
        make_pot(member)
        old = families.invite(actor_of(member)).code
        new = families.invite(actor_of(member)).code
    for wrong in (old, "", "00000000", "x" * 500):
        with pytest.raises(NotFound):
            families.invited(actor_of(daughter), wrong)
    with transaction():
        families.join(actor_of(daughter), new, cap=0, roll=1)
    with pytest.raises(NotFound):
        families.invited(actor_of(other), new)
    with transaction():
        late = families.invite(actor_of(member)).code
    frozen_clock.tick(days=3)
    with pytest.raises(NotFound):
        families.invited(actor_of(other), late)


def test_one_pot_each_six_at_most(member: Member, village: Area) -> None:
    with transaction():
        make_pot(member)
        for _again in range(families.MOST - 1):
            join(member, make_member(village))
    with transaction(), pytest.raises(Conflict) as error:
        families.invite(actor_of(member))
    assert error.value.code == "family_full"
    with transaction(), pytest.raises(Conflict) as error:
        families.found(actor_of(member), cap=1)
    assert error.value.code == "family_already"
    seat = session().scalars(select(PotSeat).where(PotSeat.member_id == member.id)).one()
    twice = PotSeat(
        town_id=seat.town_id, pot_id=seat.pot_id, member_id=member.id, cap=1, joined_roll=9, agreed_roll=9,
        joined_at=clock.now(), state="in",
    )  # fmt: skip
    with pytest.raises(Conflict), transaction():
        session().add(twice)


def test_nobody_of_another_town_comes_in(member: Member) -> None:
    with transaction():
        stranger = make_member(make_village(name="安澜社区"))
        make_pot(member)
        code = families.invite(actor_of(member)).code
    with transaction(), pytest.raises(Conflict) as error:
        families.invited(actor_of(stranger), code)
    assert error.value.code == "other_town"
    pot = session().scalars(select(FamilyPot)).one()
    with pytest.raises(DBAPIError), transaction():
        session().add(
            PotSeat(
                town_id=stranger.town_id, pot_id=pot.id, member_id=stranger.id, cap=1, joined_roll=2, agreed_roll=2,
                joined_at=clock.now(), state="in",
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"verified": False}, "not_verified"), ({"verified": False, "age_band": "14-17"}, "not_verified")],
)
def test_who_is_not_known_founds_nothing(village: Area, fields: dict[str, object], code: str) -> None:
    with transaction():
        other = make_member(village, **fields)  # type: ignore[arg-type]
    with transaction(), pytest.raises(Forbidden) as error:
        families.found(actor_of(other), cap=1)
    assert error.value.code == code


@pytest.mark.parametrize("cap", [-1, 10_000])
def test_a_cap_is_between_nothing_and_a_lot(member: Member, cap: int) -> None:
    with transaction(), pytest.raises(DomainError) as error:
        families.found(actor_of(member), cap=cap)
    assert error.value.field == "cap"


def test_who_leaves_takes_nothing_and_is_used_no_more(member: Member, daughter: Member) -> None:
    with transaction():
        make_pot(member)
        join(member, daughter)
    with transaction():
        families.leave(actor_of(daughter))
    assert reached(member) == []
    with pytest.raises(Conflict):
        families.own(actor_of(daughter))
    for change in ("state = 'in', left_at = NULL", "cap = 9", "agreed_roll = 9"):
        with pytest.raises(DBAPIError), transaction():
            session().execute(text(f"UPDATE pot_seat SET {change} WHERE state = 'left'"))  # noqa: S608
    with transaction():
        join(member, daughter)
    assert reached(daughter) == [], "coming back is coming in anew"


def test_an_erased_member_is_in_no_pot(member: Member, daughter: Member) -> None:
    with transaction():
        make_pot(member)
        join(member, daughter)
    with transaction():
        subscribers.give_up_waiting(MemberErased(daughter.id, (daughter.id,)))
    assert reached(member) == []


def test_a_helper_sits_in_no_pot_in_her_place(member: Member, daughter: Member) -> None:
    with transaction():
        make_mandate(member, daughter)
        make_pot(member)
    acting = standing.in_place_of(actor_of(daughter), member.id)
    assert queries.seat_of(acting) is None
    for attempt in (families.own, families.invite, families.leave, lambda actor: families.found(actor, cap=1)):
        with transaction(), pytest.raises(NotFound):
            attempt(acting)


def test_a_minors_points_are_her_guardians_to_share(member: Member, daughter: Member, village: Area) -> None:
    with transaction():
        child = make_member(village, age_band="14-17", guardian_at=clock.now())
        witness = make_member(village)
        make_pot(member)
    with transaction():
        code = families.invite(actor_of(member)).code
    with pytest.raises(DomainError) as error, transaction():
        families.join(actor_of(child), code, cap=10, roll=1)
    assert (error.value.code, error.value.field) == ("guardian_only", "cap")
    with transaction():
        families.join(actor_of(child), code, cap=0, roll=1)
    with transaction():
        families.agree(actor_of(member), roll=2)
    assert reached(child) == [member.id], "she uses what her family lets her use"
    with transaction(), pytest.raises(DomainError):
        families.set_cap(actor_of(child), 10)
    with transaction():
        mandate = signed_for(child, daughter, witness)
    with transaction():
        families.set_cap(actor_of(child), 10)
    assert reached(member) == [child.id]
    with transaction():
        mandates.end(actor_of(child), mandate.mandate_id)
    assert reached(member) == [], "and no longer than that word of the guardian's"


def test_who_leaves_by_herself_at_that_moment_does_not_stop_her_erasure(
    member: Member, daughter: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        make_pot(member)
        join(member, daughter)
    lock = families._lock

    def waits(pot_id: int) -> FamilyPot:
        """While it waits for the pot, she taps on leave."""
        left = update(PotSeat).where(PotSeat.member_id == daughter.id).values(state="left", left_at=clock.now())
        session().execute(left.execution_options(synchronize_session=False))
        return lock(pot_id)

    monkeypatch.setattr(families, "_lock", waits)
    with transaction():
        families.leave_all([daughter.id])
    assert queries.seat_of(actor_of(daughter)) is None
