"""Who looked at somebody, for that person."""

import datetime as dt

import pytest

from community.audit import seen, services
from community.audit.services import record
from community.core import clock
from community.core.authz import Actor
from community.core.db import transaction

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

STAFF, OTHER = Actor(7), Actor(8)


def test_looks_are_hers_alone_newest_first_a_page_at_a_time() -> None:
    with transaction():
        for page in ("a", "b", "c"):
            services.record_look(STAFF, 100, page)
        services.record_look(STAFF, 1000, "another's")
        record(STAFF, "people.verify", "member", 100)
        record(STAFF, "people.verify", "post", 100)
    lines, older = seen.looks_at([100], limit=2)
    assert [line.why for line in lines] == ["c", "b"]
    lines, older = seen.looks_at([100], before=older, limit=2)
    assert ([line.why for line in lines], older) == (["a"], None)


def test_what_she_does_herself_under_either_of_her_registrations_is_no_look() -> None:
    with transaction():
        services.record_look(STAFF, 100, "x")
        services.record_look(Actor(101), 100, "x")
        services.record_look(OTHER, 101, "old registration", reason="回访")
    lines, _older = seen.looks_at([100, 101])
    assert [(line.actor_id, line.reason) for line in lines] == [(8, "回访"), (7, None)]


def test_looks_of_late_are_counted(frozen_clock) -> None:
    with transaction():
        services.record_look(STAFF, 100, "x")
    frozen_clock.tick(minutes=24 * 60 * 31)
    with transaction():
        services.record_look(OTHER, 100, "x")
    assert seen.looks_since([100], clock.now() - dt.timedelta(days=30)) == 1
    assert seen.looks_since([100], clock.now() - dt.timedelta(days=40)) == 2
