"""Many grants at once."""

import datetime as dt

import pytest
from sqlalchemy.exc import IntegrityError

from community.access import backfill
from community.access.backfill import PastGrant
from community.core import clock
from community.core.authz import Actor, Perm, can, system_actor
from community.core.db import transaction
from community.core.errors import Forbidden
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import actor_of
from tests.factories.people import make_member
from tests.factories.places import make_post, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]

IMPORT = system_actor("test")


def past(member: Member, village: Area, role: str = "village_admin", *, days: int = 0) -> PastGrant:
    starts_at = clock.now() + dt.timedelta(days=days)
    return PastGrant(member.id, role, village.name, starts_at, village.id, village.path)


def test_a_grant_holds_from_its_day_on_at_its_area() -> None:
    with transaction():
        village = make_village()
        here, there = make_post(village), make_post(make_village())
        now_admin, soon_admin = make_member(village), make_member(village)
        assert backfill.add_grants(IMPORT, [past(now_admin, village, days=-1), past(soon_admin, village, days=1)]) == 2

    assert can(actor_of(now_admin), Perm.POST_MANAGE, here)
    assert not can(actor_of(now_admin), Perm.POST_MANAGE, there)
    assert not can(actor_of(soon_admin), Perm.POST_MANAGE, here)


def test_a_role_that_does_not_exist_is_refused() -> None:
    with transaction():
        village = make_village()
        member = make_member(village)
    with pytest.raises(IntegrityError), transaction():
        backfill.add_grants(IMPORT, [past(member, village, "emperor")])


def test_a_grant_for_no_place_is_refused() -> None:
    with transaction():
        member = make_member(make_village())
    with pytest.raises(IntegrityError), transaction():
        backfill.add_grants(IMPORT, [PastGrant(member.id, "village_admin", "", clock.now())])


def test_a_person_may_not_backfill() -> None:
    with pytest.raises(Forbidden), transaction():
        backfill.add_grants(Actor(1), [])
