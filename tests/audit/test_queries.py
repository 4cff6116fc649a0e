"""Auditors read the log of their own areas only, newest first, a page at a time."""

import datetime as dt

import pytest
from flask import Flask

from community.audit import queries
from community.audit.queries import Filter
from community.audit.services import record
from community.core import clock
from community.core.authz import Actor, Held, Perm, system_actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.errors import Forbidden


def auditor(path: str) -> Actor:
    return Actor(member_id=1, held=(Held("town_admin", frozenset({Perm.AUDIT_READ}), area_path=path),))


def write(act: str, scope: str, obj: object = 1, actor: Actor | None = None) -> int:
    return record(actor or Actor(member_id=7), act, "thing", obj, scope_path=scope)


@pytest.fixture
def log(app: Flask, frozen_clock: FrozenClock) -> None:
    assert app
    with transaction():
        for number in range(5):
            frozen_clock.tick(minutes=1)
            write(f"own.act{number}", "99/1/3/", number)
        write("other.act", "99/2/", 9)
        write("nowhere.act", "")


@pytest.mark.engine
@pytest.mark.usefixtures("log")
def test_entries_of_other_areas_do_not_exist_for_an_auditor() -> None:
    acts = [line.act for line in queries.entries(auditor("99/1/"), Filter()).lines]
    assert acts == [f"own.act{number}" for number in (4, 3, 2, 1, 0)]
    assert len(queries.entries(auditor("99/"), Filter()).lines) == 6


@pytest.mark.usefixtures("log")
def test_a_path_that_only_begins_alike_is_another_area() -> None:
    with transaction():
        write("neighbour.act", "99/10/")
    assert "neighbour.act" not in {line.act for line in queries.entries(auditor("99/1/"), Filter()).lines}


@pytest.mark.engine
@pytest.mark.usefixtures("log")
def test_pages_meet_without_gap_or_repetition() -> None:
    first = queries.entries(auditor("99/1/"), Filter(), limit=2)
    second = queries.entries(auditor("99/1/"), Filter(), limit=2, before=first.older)
    third = queries.entries(auditor("99/1/"), Filter(), limit=2, before=second.older)
    assert [line.act[-1] for page in (first, second, third) for line in page.lines] == ["4", "3", "2", "1", "0"]
    assert third.older is None


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(act="own.act2"), {"own.act2"}),
        (Filter(object_type="thing", object_id="3"), {"own.act3"}),
        (Filter(object_type="member"), set()),
        (Filter(actor="8"), set()),
        (Filter(actor="7", act="own.act1"), {"own.act1"}),
        (Filter(actor="9" * 40), set()),
        (Filter(actor="9" * 19), set()),
        (Filter(actor="²"), set()),
        (Filter(act="' OR 1=1 --"), set()),
    ],
)
def test_a_filter_narrows_and_hostile_ones_find_nothing(wanted: Filter, found: set[str]) -> None:
    assert {line.act for line in queries.entries(auditor("99/1/"), wanted).lines} == found


@pytest.mark.usefixtures("log")
def test_a_job_is_found_by_its_name() -> None:
    with transaction():
        write("job.act", "99/1/", actor=system_actor("nightly"))
    lines = queries.entries(auditor("99/1/"), Filter(actor="nightly")).lines
    assert [(line.act, str(line.actor)) for line in lines] == [("job.act", "系统")]


@pytest.mark.usefixtures("app")
def test_who_may_not_read_the_log_is_refused() -> None:
    with pytest.raises(Forbidden):
        queries.entries(Actor(member_id=5), Filter())


@pytest.mark.engine
@pytest.mark.usefixtures("log")
def test_days_and_an_area_narrow_too(frozen_clock: FrozenClock) -> None:
    today = clock.today()
    frozen_clock.tick(days=2)
    with transaction():
        write("own.late", "99/1/4/")
    found = {
        "area": Filter(area="99/1/4/"),
        "since": Filter(since=today + dt.timedelta(days=1)),
        "until": Filter(until=today, area="99/1/3/"),
    }
    acts = {name: {line.act for line in queries.entries(auditor("99/1/"), one).lines} for name, one in found.items()}
    assert acts["area"] == acts["since"] == {"own.late"}
    assert acts["until"] == {f"own.act{number}" for number in range(5)}
    assert not queries.entries(auditor("99/1/"), Filter(area="99/2/")).lines, "no filter widens what she may read"
