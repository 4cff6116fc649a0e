"""What waits for somebody at the desk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.core import clock
from community.core.config import settings
from community.core.db import session, transaction
from community.core.keys import SigningRing
from community.home import tasks
from community.places import queries as posts
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_town, make_village
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
    here = {"teams.applications": 2, "patrols.desk": 0, "people.desk_people": 2, "points.awards": 0}
    assert counts(admin) == dict.fromkeys(counts(admin), 0) | here
    assert tasks.places(actor_of(admin)) == "晚潮社区"


def test_each_number_leads_to_the_list_behind_it():
    with transaction():
        village = make_village()
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    links = {task.endpoint: task.href for task in tasks.tasks(actor_of(admin))}
    assert links["patrols.desk"] == "/desk?kind=checkin"
    assert links["people.desk_people"] == "/desk?kind=person"
    assert links["points.awards"] == "/desk/awards"


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


def test_signs_whose_key_is_in_its_grace_become_a_task_and_a_list(app, monkeypatch):
    ring = SigningRing.parse("b=a newer key for tests 77aa;a=tests only: 51c09d7e8ab3f246@grace")
    known = settings()
    rotated = replace(known, secrets=replace(known.need_secrets(), signing=ring))
    monkeypatch.setitem(app.extensions, "linli_settings", rotated)
    with transaction():
        village = make_village()
        old, new = make_post(village), make_post(village, name="安澜东门")
        sign = make_print(old)
        make_print(new, kid="b")
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    actor = actor_of(admin)
    (task,) = [task for task in tasks.tasks(actor) if task.icon == "printer"]
    assert (task.count, task.href) == (1, "/desk/posts?state=reprint")
    assert [line.post.id for line in posts.desk_posts(actor, state=posts.REPRINT).lines] == [old.id]
    with transaction():
        sign.retired_at = clock.now()
        session().add(sign)
        make_print(old, generation=2, kid="b")
    assert not [task for task in tasks.tasks(actor) if task.icon == "printer"]
