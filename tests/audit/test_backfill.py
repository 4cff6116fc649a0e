"""Past looks are written as they were; only a job writes them."""

import datetime as dt

import pytest

from community.audit import backfill, seen
from community.audit.backfill import PastLook
from community.core import clock
from community.core.authz import Actor, system_actor
from community.core.db import transaction
from community.core.errors import Forbidden

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def look(hours: int, by_id: int = 7) -> PastLook:
    return PastLook(clock.now() - dt.timedelta(hours=hours), by_id, 100, f"{hours}", "a/")


def test_past_looks_are_read_in_the_order_they_happened_and_never_of_oneself() -> None:
    with transaction():
        backfill.add_looks(system_actor("import"), [look(1), look(3), look(2, by_id=100)])
    lines, _older = seen.looks_at([100])
    assert [(line.why, line.at) for line in lines] == [
        (str(one), clock.now() - dt.timedelta(hours=one)) for one in (1, 3)
    ]


def test_a_person_writes_no_past() -> None:
    with pytest.raises(Forbidden), transaction():
        backfill.add_looks(Actor(7), [look(1)])
