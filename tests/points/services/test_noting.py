"""Each decision without a posting leaves a note that counts on from the last one of its row."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.authz import system_actor
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import LedgerNote
from community.points.rewards import Details
from community.points.services import noting, stocking, terms
from tests.factories.access import actor_of
from tests.factories.deciding import make_admin
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


def test_settings_and_prices_are_noted_each_time_they_change(village: Area, member: Member) -> None:
    with transaction():
        admin = actor_of(make_admin(village))
        for days in (3, 5):
            terms.decide(system_actor("test"), village.town_id, "决议", four_eyes_from=None, appeal_days=days)
        made = stocking.create(
            admin, village.town_id, "goods", Details(name_zh="大米", points=10, fen=1500, pick_up="服务台")
        )
    with transaction():
        stocking.change(admin, made, Details(name_zh="大米", points=12, fen=1500, pick_up="服务台"))
        stocking.close(admin, made)
    notes = session().scalars(select(LedgerNote).order_by(LedgerNote.ref, LedgerNote.seq)).all()
    assert [(one.ref.partition(":")[0], one.seq, one.by_id) for one in notes] == [
        ("reward", 1, admin.member_id), ("reward", 2, admin.member_id), ("reward", 3, admin.member_id),
        ("terms", 1, 0), ("terms", 2, 0),
    ]  # fmt: skip
    assert [one.said["points"] for one in notes[:3]] == [10, 12, 12]
    assert [one.said["appeal_days"] for one in notes[3:]] == [3, 5]
    assert_sound()
    assert member.id


@pytest.mark.usefixtures("app")
def test_nothing_is_noted_of_nothing() -> None:
    with transaction():
        noting.awards([])
        noting.appeals([], 0)
    assert session().scalars(select(LedgerNote)).all() == []
