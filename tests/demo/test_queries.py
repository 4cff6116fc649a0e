"""The cast of the sign-in page, found among the members."""

import pytest
from sqlalchemy import update

from community.core.db import transaction
from community.demo import queries
from community.people.models import Member
from tests.factories.demo import load_small

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_without_the_demo_there_is_no_cast() -> None:
    assert queries.cast_members() == []


def test_the_nine_are_found_in_the_order_of_the_file() -> None:
    with transaction() as current:
        load_small()
        names = {person.member_id: current.get_one(Member, person.member_id).display_name for person in _cast()}

    assert [names[person.member_id] for person in _cast()] == [person.plan.name for person in _cast()]
    assert len(_cast()) == 10


@pytest.mark.parametrize("change", [{"password_hash": "set"}, {"status": "suspended"}, {"verified_at": None}])
def test_whoever_became_a_real_account_is_no_longer_offered(change: dict[str, object]) -> None:
    with transaction() as current:
        load_small()
        first = _cast()[0]
        current.execute(update(Member).where(Member.id == first.member_id).values(**change))

    assert first.member_id not in {person.member_id for person in _cast()}
    assert len(_cast()) == 9


def _cast() -> list[queries.CastMember]:
    return queries.cast_members()
