"""Announcements: who is told, when, and what the desk may do."""

import datetime as dt
from dataclasses import dataclass

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.errors import Conflict, DomainError, NotFound
from community.core.ids import new_uuid
from community.messages.policies import Words
from community.messages.queries import announcements
from community.messages.services import announcing
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_town, make_village
from tests.factories.teams import make_membership, make_team
from tests.harness.client import Visitor

pytestmark = pytest.mark.engine


@dataclass
class Scene:
    town: Area
    village: Area
    elsewhere: Area
    admin: Member
    resident: Member
    stranger: Member


@pytest.fixture
def scene(app: Flask) -> Scene:
    assert app
    with transaction():
        town = make_town()
        village = make_village(town)
        elsewhere = make_village(town, "东岙社区")
        admin, resident, stranger = make_member(village), make_member(village), make_member(elsewhere)
        make_grant(admin, "village_admin", village)
    return Scene(town, village, elsewhere, admin, resident, stranger)


def tell(scene: Scene, **changes: object) -> int:
    words = {"title": "停水通知", "body": "明天上午停水。", "audience": "members", "starts_at": clock.now()} | changes
    with transaction():
        return announcing.publish(actor_of(scene.admin), area_id=scene.village.id, words=Words(**words))  # type: ignore[arg-type]


def titles(member: Member | None) -> list[str]:
    return [notice.title for notice in announcements.shown_to(actor_of(member) if member else None)]


def test_the_people_of_the_area_are_told_and_nobody_else(scene: Scene) -> None:
    tell(scene)
    assert titles(scene.resident) == ["停水通知"]
    assert titles(scene.stranger) == []
    assert titles(None) == []


def test_what_is_for_everyone_is_shown_to_visitors_too(scene: Scene) -> None:
    tell(scene, audience="everyone")
    assert titles(None) == ["停水通知"]
    assert titles(scene.resident) == ["停水通知"]
    assert titles(scene.stranger) == []


def test_volunteers_and_leaders_are_told_apart(scene: Scene) -> None:
    with transaction():
        team = make_team(scene.village)
        make_membership(scene.resident, team)
        leader = make_member(scene.village)
        make_membership(leader, team, role="leader")
    tell(scene, title="队员看", audience="volunteers")
    tell(scene, title="队长看", audience="leaders")
    assert titles(scene.resident) == ["队员看"]
    assert set(titles(leader)) == {"队员看", "队长看"}
    assert titles(scene.admin) == []


def test_it_is_shown_from_its_start_until_its_end(scene: Scene, frozen_clock: FrozenClock) -> None:
    start = clock.now() + dt.timedelta(hours=1)
    made = tell(scene, starts_at=start, until=start + dt.timedelta(hours=2))
    assert titles(scene.resident) == []
    assert announcements.one(actor_of(scene.resident), made) is None
    frozen_clock.tick(minutes=60)
    assert titles(scene.resident) == ["停水通知"]
    frozen_clock.tick(minutes=120)
    assert titles(scene.resident) == []
    assert announcements.one(actor_of(scene.resident), made) is not None


def test_important_ones_come_first(scene: Scene, frozen_clock: FrozenClock) -> None:
    tell(scene, title="要紧", important=True)
    frozen_clock.tick(minutes=1)
    tell(scene, title="平常")
    assert titles(scene.resident) == ["要紧", "平常"]


def test_reading_is_noted_once_and_only_by_who_is_told(scene: Scene) -> None:
    made = tell(scene)
    reader = actor_of(scene.resident)
    assert announcements.unread_count(reader) == 1
    with transaction():
        announcing.mark_read(reader, made)
        announcing.mark_read(reader, made)
    assert announcements.unread_count(reader) == 0
    assert announcements.for_desk(actor_of(scene.admin), made).read == 1
    with transaction(), pytest.raises(NotFound):
        announcing.mark_read(actor_of(scene.stranger), made)


def test_a_withdrawn_one_is_gone_from_lists_and_says_why_at_its_address(scene: Scene) -> None:
    made = tell(scene)
    with transaction(), pytest.raises(DomainError):
        announcing.withdraw(actor_of(scene.admin), made, reason=" ")
    with transaction():
        announcing.withdraw(actor_of(scene.admin), made, reason="时间改了")
    assert titles(scene.resident) == []
    found = announcements.one(actor_of(scene.resident), made)
    assert found is not None
    assert found.withdrawn_why == "时间改了"
    with transaction(), pytest.raises(Conflict):
        announcing.withdraw(actor_of(scene.admin), made, reason="再撤一次")


def test_nobody_announces_beyond_her_own_area(scene: Scene) -> None:
    for area in (scene.town, scene.elsewhere):
        with transaction(), pytest.raises(NotFound):
            announcing.publish(actor_of(scene.admin), area_id=area.id, words=Words("题", "话", "everyone", clock.now()))
    assert [area.id for area in announcements.areas_to_tell(actor_of(scene.admin))] == [scene.village.id]


def test_an_admin_writes_one_and_takes_it_back(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    client_page.sign_in(scene.admin.id)
    page = client_page.get("/desk/announcements/new")
    again = client_page.submit(page.form("/desk/announcements/new"), status=422, title="停水", body="")
    assert "请填写内容" in again.text
    assert again.one("input", name="title").get("value") == "停水"
    done = client_page.submit(
        again.form("/desk/announcements/new"), body="明天上午。\n\n请备水。", until="2026-11-25T08:00"
    )
    assert "已发布" in done.text
    client_page.sign_in(scene.resident.id)
    assert "停水" in client_page.get("/inbox").text
    listed = client_page.get("/announcements").one("a", class_="row")
    shown = client_page.get(str(listed.get("href")))
    assert "请备水。" in shown.text
    client_page.submit(shown.form(f"{listed.get('href')}/read"))
    assert announcements.unread_count(actor_of(scene.resident)) == 0
    client_page.sign_in(scene.admin.id)
    desk = client_page.get(f"/desk{listed.get('href')}")
    assert "1 人" in desk.text
    client_page.submit(desk.form(f"/desk{listed.get('href')}/withdraw"), reason="写错了")
    client_page.sign_out()
    assert "写错了" in client_page.get(str(listed.get("href"))).text


def test_a_foreign_admin_finds_nothing(scene: Scene, client_page: Visitor) -> None:
    made = tell(scene)
    with transaction():
        other = make_member(scene.elsewhere)
        make_grant(other, "village_admin", scene.elsewhere)
    client_page.sign_in(other.id)
    client_page.get(f"/desk/announcements/{made}", status=404)
    client_page.get(f"/announcements/{made}", status=404)
    form = client_page.get("/desk/announcements/new").form("/desk/announcements/new")
    sent = {**form.fields, "area_id": str(scene.village.id), "title": "题", "body": "话"}
    client_page.post("/desk/announcements/new", {**sent, "command_key": str(new_uuid())}, status=404)


def test_hostile_words_are_only_words(scene: Scene, client_page: Visitor) -> None:
    made = tell(scene, audience="everyone", title="<b>急</b>", body="<script>alert(1)</script>")
    page = client_page.get(f"/announcements/{made}")
    assert page.h1 == "<b>急</b>"
    assert "<script>alert(1)</script>" in page.text


def test_a_grid_is_told_by_its_village(scene: Scene) -> None:
    with transaction():
        grid = make_area("grid", "第一网格", scene.village)
        neighbour = make_member(grid)
    tell(scene)
    assert titles(neighbour) == ["停水通知"]
