"""A statement's file holds everything that proves it, and is its owner's alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core import chain
from community.core.clock import FrozenClock
from community.core.db import session
from community.core.errors import NotFound
from community.people.models import Member
from community.places.models import Area
from community.points.models import Account
from community.points.queries import statements
from tests.factories.access import actor_of
from tests.points.months import MONTH, close_november

pytestmark = pytest.mark.engine


def test_the_file_leads_from_each_posting_to_the_root(village: Area, member: Member, frozen_clock: FrozenClock) -> None:
    month = close_november(village, member, frozen_clock)
    account = session().scalars(select(Account.id).where(Account.subject_id == member.id)).one()
    one = statements.own(actor_of(member), account, MONTH)
    proof = statements.proof(one)
    assert (proof["format"], proof["root"]) == (statements.FORMAT, month.root.hex())
    path = [(side, bytes.fromhex(other)) for side, other in proof["statement"]["path"]]
    assert chain.follow(one.leaf, path) == month.root
    assert len(proof["postings"]) == 2
    assert [row.month_on for row in statements.of_member(actor_of(member))] == [MONTH]


def test_it_is_nobody_elses(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> None:
    close_november(village, member, frozen_clock)
    account = session().scalars(select(Account.id).where(Account.subject_id == member.id)).one()
    with pytest.raises(NotFound):
        statements.own(actor_of(leader), account, MONTH)
    assert statements.of_member(actor_of(leader)) == []
