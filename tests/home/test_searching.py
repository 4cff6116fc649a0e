import pytest
from flask import Flask

from community.core import clock
from community.core.db import transaction
from community.messages.policies import Words
from community.messages.services import announcing
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_town, make_village
from tests.factories.teams import make_team
from tests.harness.client import Visitor


@pytest.fixture
def admin_id(app: Flask) -> int:
    assert app is not None
    with transaction():
        town = make_town()
        village, foreign = make_village(town), make_village(town, "东岙社区")
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        make_member(village, display_name="陈水根")
        make_member(foreign, display_name="陈东岙")
        make_team(village, name="晚潮夜巡队", about="晚上走一圈")
        make_post(village, name="东门岗")
        make_post(foreign, name="东岙码头岗")
        words = Words("停水通知", "东门一带明天停水。", "everyone", clock.now())
    with transaction():
        announcing.publish(actor_of(admin), area_id=village.id, words=words)
    return admin.id


def test_a_visitor_finds_help_teams_and_announcements_and_nobody(admin_id: int, client_page: Visitor) -> None:
    assert admin_id
    assert "怎么打卡" in client_page.get("/search?q=怎么扫码").text
    assert "晚潮夜巡队" in client_page.get("/search?q=夜巡").text
    page = client_page.get("/search?q=东门")
    assert "停水通知" in page.text
    assert "东门岗" not in page.text
    assert "没有找到" in client_page.get("/search?q=陈水根").text


def test_staff_find_the_people_and_posts_of_their_area_only(admin_id: int, client_page: Visitor) -> None:
    client_page.sign_in(admin_id)
    page = client_page.get("/search?q=东")
    assert "东门岗" in page.text
    assert "东岙码头岗" not in page.text
    people = client_page.get("/search?q=陈")
    assert "陈水根" not in people.text  # one character names half a village
    people = client_page.get("/search?q=陈水")
    assert "陈水根" in people.links.values()
    assert "没有找到" in client_page.get("/search?q=陈东").text


def test_a_member_finds_no_people(admin_id: int, client_page: Visitor) -> None:
    assert admin_id
    with transaction():
        member = make_member()
    client_page.sign_in(member.id)
    assert "没有找到" in client_page.get("/search?q=陈水根").text


@pytest.mark.parametrize("text", ["", "   ", "%25", "_", "<script>x</script>", "长" * 500, "'; DROP TABLE member"])
def test_whatever_is_asked_is_answered(admin_id: int, client_page: Visitor, text: str) -> None:
    client_page.sign_in(admin_id)
    page = client_page.get(f"/search?q={text}")
    assert page.h1 == "查找"
    assert "陈水根" not in page.text


def test_nothing_found_says_what_to_try(admin_id: int, client_page: Visitor) -> None:
    assert admin_id
    page = client_page.get("/search?q=飞碟")
    assert "没有找到“飞碟”" in page.text
    assert page.one("input", name="q").get("value") == "飞碟"
