"""What waits for somebody at the desk."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.home import tasks
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_town, make_village
from tests.factories.teams import make_membership, make_team

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


@pytest.fixture(autouse=True)
def _addresses(app):
    with app.test_request_context("/"):
        yield


def counts(member):
    return {task.endpoint: task.count for task in tasks.tasks(actor_of(member))}


def test_queues_count_what_lies_in_ones_own_area():
    with transaction():
        village, elsewhere = make_village(), make_village(make_town("平桥街道"))
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        for place in (village, village, elsewhere):
            make_member(place, verified=False)
            make_membership(make_member(place), make_team(place), "applied")
    assert counts(admin) == {"teams.applications": 2, "patrols.desk": 0, "people.desk_people": 2, "points.awards": 0}
    assert tasks.places(actor_of(admin)) == "晚潮社区"


def test_queues_follow_the_rights_that_somebody_holds():
    with transaction():
        village = make_village()
        worker, leader, resident = make_member(village), make_member(village), make_member(village)
        make_grant(worker, "grid_worker", village)
        make_grant(leader, "team_leader", team_id=make_team(village).id)
    assert counts(worker) == {}
    assert set(counts(leader)) == {"patrols.desk"}
    assert counts(resident) == {}
    assert tasks.places(actor_of(resident)) == ""
