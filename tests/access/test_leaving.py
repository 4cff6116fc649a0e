"""Who holds the last office of its kind hands it over first; all others simply end."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from community.access import leaving, queries
from community.access.models import RoleGrant
from community.core import clock
from community.core.db import session, transaction
from community.people.models import Member
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture
def village():
    with transaction():
        return make_village()


def office(role: str, area, **overrides) -> Member:
    with transaction():
        member = make_member(area, **overrides)
        make_grant(member, role, area)
    return member


def test_the_only_admin_of_a_place_is_needed_until_there_is_a_second(village) -> None:
    first = office("village_admin", village)
    (why,) = leaving.last_of(first.id)
    assert "晚潮社区" in str(why)
    office("village_admin", village)
    assert leaving.last_of(first.id) == ()


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"status": "left"}])
def test_a_second_who_cannot_act_does_not_count(village, change) -> None:
    first, second = office("village_admin", village), office("village_admin", village)
    with transaction():
        session().execute(update(Member).where(Member.id == second.id).values(**change))
    assert leaving.last_of(first.id)


def test_an_admin_elsewhere_or_of_the_past_does_not_count(village, frozen_clock) -> None:
    first = office("village_admin", village)
    office("village_admin", make_area_elsewhere())
    past = office("village_admin", village)
    with transaction():
        later = clock.now() + dt.timedelta(microseconds=1)
        session().execute(update(RoleGrant).where(RoleGrant.member_id == past.id).values(until=later))
    assert leaving.last_of(first.id) == ()
    frozen_clock.tick(minutes=1)
    assert leaving.last_of(first.id)


def make_area_elsewhere():
    with transaction():
        return make_village(name="安澜社区")


def test_the_systems_last_administrator_is_needed_by_the_rule_that_keeps_her_from_being_suspended() -> None:
    with transaction():
        district = make_area("district", "另一区")
        town = make_town("桑埠镇", district)
    first = office("system_admin", district)
    office("system_admin", town)
    assert leaving.last_of(first.id), "who administers a town cannot name who administers the district"
    assert queries.indispensable(first.id)
    second = office("system_admin", district)
    assert leaving.last_of(first.id) == ()
    assert not queries.indispensable(first.id)
    with transaction():
        session().execute(update(Member).where(Member.id == second.id).values(status="suspended"))
    assert leaving.last_of(first.id)
    assert queries.indispensable(first.id)


def test_who_decides_about_nobody_may_always_go(village) -> None:
    assert leaving.last_of(office("grid_worker", village).id) == ()


def test_ending_keeps_the_rows_and_forgets_the_words(village) -> None:
    member = office("grid_worker", village)
    with transaction():
        session().execute(update(RoleGrant).values(reason="王桂芬熟悉片区"))
    with transaction():
        leaving.end_all([member.id])
    grant = session().scalars(select(RoleGrant)).one()
    assert grant.until is not None
    assert (grant.reason, grant.end_reason, grant.role) == (None, "erased", "grid_worker")


def test_the_words_about_an_office_that_had_ended_are_forgotten_too(village, frozen_clock) -> None:
    member = office("grid_worker", village)
    with transaction():
        later = clock.now() + dt.timedelta(microseconds=1)
        session().execute(update(RoleGrant).values(until=later, end_reason="王桂芬住院了"))
    frozen_clock.tick(minutes=1)
    with transaction():
        leaving.end_all([member.id])
    session().expire_all()
    grant = session().scalars(select(RoleGrant)).one()
    assert (grant.end_reason, grant.until) == ("erased", later)
