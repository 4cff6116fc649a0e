"""A look over the books keeps, for each invariant, how many rows break it, and the head of the chain at that moment."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.messages.models import Message
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import LedgerCheck
from community.points.queries import chain, invariants
from community.points.services import checking, sealing
from tests.factories.access import make_grant
from tests.factories.points import accepted, town_of

pytestmark = pytest.mark.engine


def test_what_was_found_is_kept_by_invariant(village: Area, member: Member) -> None:
    with transaction():
        subscribers.award_checkin(accepted(member, village))
        sealing.seal_town(village.town_id)
        checking.keep(village.town_id, {"I10 one": [(1,), (2,)], "I10 two": [(3,)], "I4 more": [(1,)]})
    kept = session().scalars(select(LedgerCheck)).one()
    assert not kept.ok
    assert {code: count for code, count in kept.found.items() if count} == {"I10": 3, "I4": 1}
    assert set(kept.found) == {name.split()[0] for name in invariants.NAMES}
    assert (kept.head_seq, kept.head_hash) == (1, chain.head(village.town_id).hash)


def test_who_closes_the_months_hears_of_a_fault_once(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        make_grant(member, "town_admin", town_of(village))
        make_grant(leader, "district_office", session().get_one(Area, town_of(village).parent_id))
    for _again in range(2):
        with transaction():
            checking.keep(village.town_id, {"I4 the lots hold the balance": [(1,)]})
    told = session().execute(select(Message.member_id, Message.link, Message.params)).all()
    assert {row.member_id for row in told} == {member.id, leader.id}
    assert len(told) == 2
    assert all(row.link == f"/ledger/{town_of(village).code}" for row in told)
