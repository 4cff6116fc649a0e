"""The demo's signs hang: drawn photos, each with a code that opens this site and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.core.authz import system_actor
from community.core.config import settings
from community.core.db import session, transaction
from community.core.uploads import Upload, keeping
from community.demo.district import read_district
from community.demo.loading import load_district
from community.demo.pictures import MOST, load_pictures, photo
from community.people.models import Member
from community.places import hanging
from community.places.models import PostPrint
from tests.factories.access import actor_of
from tests.harness.codes import decode_all

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def test_the_first_signs_hang_and_some_wait_for_somebody_to_pass_by() -> None:
    job = system_actor("demo")
    with transaction():
        made = load_district(job, read_district(), people_wanted=300, days=30)
        hung = load_pictures(job, made)
    assert 0 < hung <= MOST
    waiting = session().scalar(select(func.count()).where(PostPrint.installed_at.is_(None)))
    assert waiting
    sign = session().scalars(select(PostPrint).where(PostPrint.installed_photo.isnot(None))).first()
    assert sign is not None
    assert sign.installed_at is not None
    assert sign.printed_at <= sign.installed_at
    assert session().get_one(Member, sign.installed_by).id
    picture = session().get_one(Upload, sign.installed_photo)
    assert keeping.content(picture, small=True)
    office = session().get_one(Member, made.members[made.population.by_key("district_office").number])
    resident = session().get_one(Member, made.members[made.population.by_key("resident").number])
    assert hanging.may_see(actor_of(office), picture)
    assert not hanging.may_see(actor_of(resident), picture)


def test_a_drawn_photo_is_always_the_same_and_its_code_leads_to_no_post() -> None:
    assert photo(3) == photo(3)
    assert photo(3) != photo(4)
    assert decode_all(photo(0)) == f"{settings().public_url}/p"
