"""Many members at once."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from community.core.authz import Actor, system_actor
from community.core.db import session, transaction
from community.core.errors import Forbidden, NotFound
from community.core.ids import new_id
from community.people import backfill, consents, phones, queries
from community.people.backfill import Guardian, PastMember, Verified
from community.people.models import Member, MemberArea
from community.people.services import PhoneTaken
from community.places.models import Area
from tests.factories.places import make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")
JOINED = dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
PHONE = "+8619900000001"


def past(home: Area, **changed: object) -> PastMember:
    values = {
        "id": new_id(),
        "name": "钱桂英",
        "phone": PHONE,
        "age_band": "60+",
        "home_id": home.id,
        "home_path": home.path,
        "town_id": home.town_id,
        "joined_at": JOINED,
    }
    return PastMember(**(values | changed))  # type: ignore[arg-type]


def test_a_member_is_found_by_her_phone_which_is_kept_under_cipher() -> None:
    with transaction():
        one = past(make_village(), verified=Verified(JOINED, None), consents=(consents.SERVICE,))
        backfill.add_members(IMPORT, [one])

    found = session().scalars(select(Member).where(Member.phone_hash == phones.phone_hash(PHONE))).one()
    assert (found.id, found.display_name, found.created_at) == (one.id, "钱桂英", JOINED)
    assert PHONE not in (found.phone_cipher or "")
    assert phones.whole(found.phone_cipher) == "199 0000 0001"
    assert found.password_hash is None
    assert queries.is_verified(one.id)


def test_consents_are_those_in_force_and_no_others() -> None:
    with transaction():
        one = past(make_village(), consents=(consents.SERVICE,))
        backfill.add_members(IMPORT, [one])

    assert queries.consented(one.id, consents.SERVICE, consents.current(consents.SERVICE).version)
    assert not queries.consented(one.id, consents.PRESENCE, consents.current(consents.PRESENCE).version)


def test_a_consent_to_a_text_that_does_not_exist_is_refused_whole() -> None:
    with pytest.raises(NotFound), transaction():
        backfill.add_members(IMPORT, [past(make_village(), consents=("everything",))])
    assert session().execute(select(Member.id)).all() == []


def test_a_minor_without_her_guardian_is_not_verified() -> None:
    waiting = Guardian("俞国良", "+8619900000002", None)
    with transaction():
        one = past(make_village(), age_band="14-17", guardian=waiting)
        backfill.add_members(IMPORT, [one])
    assert session().get_one(Member, one.id).guardian_name == "俞国良"

    with pytest.raises(IntegrityError), transaction():
        backfill.add_members(IMPORT, [replace(one, id=new_id(), phone=None, verified=Verified(JOINED, None))])


def test_two_verified_members_with_one_phone_are_refused() -> None:
    with transaction():
        one = past(make_village(), verified=Verified(JOINED, None))
        backfill.add_members(IMPORT, [one])
    with pytest.raises(PhoneTaken), transaction():
        backfill.add_members(IMPORT, [replace(one, id=new_id())])


def test_members_belong_to_further_areas() -> None:
    with transaction():
        one, other = past(make_village()), make_town("桑埠镇")
        backfill.add_members(IMPORT, [one])
        backfill.add_member_areas(IMPORT, [(one.id, other.id, other.path)])
    assert session().scalars(select(MemberArea.area_id).where(MemberArea.member_id == one.id)).all() == [other.id]


def test_a_person_may_not_backfill() -> None:
    with pytest.raises(Forbidden), transaction():
        backfill.add_members(Actor(1), [])
    with pytest.raises(Forbidden), transaction():
        backfill.add_member_areas(Actor(1), [])
