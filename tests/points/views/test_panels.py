"""What pages of other rooms show of points."""

from __future__ import annotations

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.points import subscribers
from tests.factories.access import make_grant
from tests.factories.patrols import Scene, make_scene
from tests.factories.people import make_member
from tests.factories.points import accepted, flagged, open_books, town_of
from tests.harness.client import Visitor


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        scene = make_scene()
        open_books(town_of(scene.village))
        subscribers.award_checkin(accepted(scene.member, scene.village))
        subscribers.hold_flagged_checkin(flagged(scene.member, scene.village))
    return scene


def test_the_desks_page_of_a_person_shows_balance_and_what_waits(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.admin.id)
    page = client_page.get(f"/desk/people/{scene.member.id}")
    assert "可用积分 5" in page.text.replace("可用积分5", "可用积分 5")
    assert "待发放" in page.text


def test_who_may_not_read_awards_sees_no_points_there(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        worker = make_member(scene.village)
        make_grant(worker, "grid_worker", scene.village)
    client_page.sign_in(worker.id)
    assert "可用积分" not in client_page.get(f"/desk/people/{scene.member.id}").text


def test_staff_see_on_a_receipt_what_it_brought_and_the_way_to_the_proof(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    landing = client_page.get(f"/p/{scene.token}")
    client_page.submit(landing.form(f"/p/{scene.token}/checkin"), pos_denied="1")
    assert client_page.last
    where = client_page.last.request.path
    client_page.sign_out()
    client_page.sign_in(scene.admin.id)
    assert "这一小时已经计过一次分" in client_page.get(where).text


def test_who_may_not_read_awards_gets_no_link_that_would_be_refused(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        worker = make_member(scene.village)
        make_grant(worker, "grid_worker", scene.village)
        make_grant(worker, "team_leader", team_id=scene.team.id)
    client_page.sign_in(scene.member.id)
    landing = client_page.get(f"/p/{scene.token}")
    receipt = client_page.submit(landing.form(f"/p/{scene.token}/checkin"), pos_denied="1")
    client_page.sign_out()
    client_page.sign_in(worker.id)
    page = client_page.get(receipt.url)
    assert scene.post.name in page.text
    assert not any("/awards/" in link for link in page.links)
