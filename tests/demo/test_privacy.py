"""The demo district's privacy: somebody waits to be erased, and the cast can read who looked at them."""

import pytest
from sqlalchemy import select

from community.audit import seen
from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.demo.district import read_district
from community.demo.loading import Loaded, load_district
from community.demo.privacy import load_privacy
from community.people import requests
from community.people.models import Member, PrivacyRequest
from tests.factories.access import actor_of

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def load() -> Loaded:
    with transaction():
        loaded = load_district(system_actor("demo"), read_district(), people_wanted=300, days=21)
        load_privacy(system_actor("demo"), loaded)
    return loaded


def one_of(loaded: Loaded, key: str) -> Member:
    return session().get_one(Member, loaded.members[loaded.population.by_key(key).number])


def test_the_village_admin_sees_who_waits_to_be_erased_and_what_was_done() -> None:
    loaded = load()
    waiting, closed = requests.for_desk(actor_of(one_of(loaded, "village_admin")))
    assert [bool(line[0].details) for line in waiting] == [True, False]
    assert all(line[0].due_at > clock.now() for line in waiting)
    assert {line[0].state for line in closed} == {"withdrawn", "done"}


def test_the_captain_reads_who_looked_at_her_and_why() -> None:
    loaded = load()
    lines, _older = seen.looks_at([one_of(loaded, "captain").id])
    assert [line.why for line in lines] == ["people.phone", "people.desk_person", "points.award", "people.desk_person"]
    assert lines[0].reason == "通知她领取反光背心"


def test_nobody_of_the_cast_is_about_to_vanish() -> None:
    loaded = load()
    cast = {loaded.members[person.number] for person in loaded.population.people if person.key}
    assert not cast & set(session().scalars(select(PrivacyRequest.member_id)))
