import datetime as dt
import uuid

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.home import queue
from community.home.models import DeskRun
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "刚刚"), (-5, "刚刚"), (59, "59 分钟"), (60, "1 小时"), (1439, "23 小时"), (2880, "2 天")],
)
@pytest.mark.usefixtures("app", "frozen_clock")
def test_an_age_is_told_in_the_largest_unit(minutes: int, words: str) -> None:
    assert str(queue.age(clock.now() - dt.timedelta(minutes=minutes))) == words


def test_a_filter_keeps_in_an_address_only_what_is_chosen() -> None:
    assert queue.Filter().query() == {}
    assert queue.Filter("person", "1/2/", 3).query(page=None) == {"kind": "person", "area": "1/2/"}


def test_the_longest_waiting_comes_first_and_a_foreign_area_is_no_filter(app: Flask, frozen_clock: FrozenClock) -> None:
    with transaction():
        village = make_village()
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        team = make_team(village)
        make_membership(make_member(village, display_name="先来"), team, state="applied")
    frozen_clock.tick(minutes=90)
    with transaction():
        make_membership(make_member(village, display_name="后到"), team, state="applied")
    with app.test_request_context("/desk"):
        page = queue.desk(actor_of(admin), queue.Filter(area="elsewhere/"), None)
    assert [line.task.title for line in page.lines] == ["先来", "后到"]
    assert page.wanted.area == ""
    assert page.lines[0].following == page.lines[1].anchor
    assert page.selectable


def test_what_another_did_is_nobody_elses(app: Flask) -> None:
    with transaction():
        village = make_village()
        admin, other = make_member(village), make_member(village)
        run = DeskRun(id=uuid.uuid4(), member_id=admin.id, act="approve", at=clock.now(), lines=[])
        session().add(run)
    with app.test_request_context("/desk"):
        assert queue.done(actor_of(other), run.id) is None
        with pytest.raises(NotFound):
            queue.done_or_gone(actor_of(other), run.id)
        assert queue.done(actor_of(admin), run.id) is not None
