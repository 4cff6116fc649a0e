"""The desk of the demo district has something to do and something to read."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from community.access import queries as access
from community.access.models import RoleGrant
from community.audit.models import AuditEntry
from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo.district import read_district
from community.demo.loading import Loaded, load_district
from community.demo.privacy import load_privacy
from community.demo.staff import load_staff
from community.people import merging
from community.people.models import Member
from tests.factories.access import actor_of

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def loaded() -> Loaded:
    job = system_actor("demo")
    with transaction():
        made = load_district(job, read_district(), people_wanted=300, days=460)
        load_privacy(job, made)
        load_staff(job, made)
    return made


def one_of(loaded: Loaded, key: str) -> Member:
    return session().get_one(Member, loaded.members[loaded.population.by_key(key).number])


def test_offices_end_soon_and_one_has_ended_with_its_reason(loaded: Loaded) -> None:
    town = actor_of(one_of(loaded, "town_admin"))
    page = access.grants(town, show="ending")
    assert [row.RoleGrant.place for row in page.rows] == ["晚潮第二网格", "安澜第一网格"]
    assert all(row.RoleGrant.until < clock.now() + dt.timedelta(days=30) for row in page.rows)
    ended = session().scalars(select(RoleGrant).where(RoleGrant.end_reason.is_not(None))).one()
    assert ended.end_reason == "值守结束"


def test_somebody_is_stopped_and_two_registrations_are_one_person(loaded: Loaded) -> None:
    (stopped,) = session().scalars(select(Member).where(Member.status == "suspended"))
    assert "共用" in (stopped.status_reason or "")
    twin = session().scalars(select(Member).where(Member.display_name == "桂英")).one()
    admin = actor_of(one_of(loaded, "village_admin"))
    member, alike = merging.pair(admin, member_id=twin.id, into_id=one_of(loaded, "captain").id)
    assert (member.id, alike.same_phone) == (twin.id, True)


def test_the_log_tells_of_many_kinds_of_acts(loaded: Loaded) -> None:
    acts = set(session().scalars(select(AuditEntry.act)))
    assert acts >= {"access.grant", "access.end", "people.suspend", "audit.export", "audit.look"}
