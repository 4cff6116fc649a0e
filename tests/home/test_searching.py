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
        make_post(foreign, name="潮音广场岗", spot="旗杆下", open_to="anyone")
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
    box = page.form("/search")
    people = client_page.submit(box, q="陈")
    assert "陈水根" not in people.text  # one character names half a village
    people = client_page.submit(box, q="陈水")
    assert "陈水根" in people.links.values()
    assert "没有找到" in client_page.submit(box, q="陈东").text


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


@pytest.mark.parametrize("text", ["巡防", "巡防队", "巡逻", "patrol", "ＰＡＴＲＯＬ", "patrol tonight", "想参加 巡防"])
def test_a_kind_of_team_is_found_by_its_name_in_either_language(admin_id: int, client_page: Visitor, text: str) -> None:
    assert admin_id
    page = client_page.get("/search", query_string={"q": text})
    assert "/join/patrol" in page.links
    assert "晚潮夜巡队" in page.text  # neither its name nor its own words have it
    assert "/join/captains" not in page.links


def test_a_team_is_found_by_its_own_words_first(admin_id: int, client_page: Visitor) -> None:
    assert admin_id
    with transaction():
        village = make_village(name="旧镇社区")
        for number in range(8):
            make_team(village, name=f"丁{number}队", about="白天走走")
        make_team(village, name="亥时队", about="巡防到半夜")
    page = client_page.get("/search?q=巡防")
    assert "亥时队" in page.text  # last by name, and one more than the page shows


@pytest.mark.parametrize("text", ["潮音", "东岙", "旗杆", "潮音 东岙"])
def test_everybody_finds_a_post_open_to_anyone_by_its_name_and_its_area(
    admin_id: int, client_page: Visitor, text: str
) -> None:
    page = client_page.get("/search", query_string={"q": text})
    assert "潮音广场岗" in page.text
    assert "东岙社区 · 旗杆下 · 谁来都能打卡" in page.text
    assert "东岙码头岗" not in page.text  # not open to anyone
    client_page.sign_in(admin_id)
    assert client_page.get("/search", query_string={"q": text}).text.count("潮音广场岗") == 1


def test_words_that_are_all_needed_narrow_the_posts(admin_id: int, client_page: Visitor) -> None:
    assert admin_id
    assert "潮音广场岗" not in client_page.get("/search?q=潮音 晚潮").text


def test_a_typed_code_in_the_wrong_field_leads_to_its_sign_in_whatever_width(
    admin_id: int, client_page: Visitor
) -> None:
    assert admin_id
    for typed in ("7k3m 9qxw", "７Ｋ３Ｍ－９ＱＸＷ"):
        assert "/p/7k3m9qxw" in client_page.get("/search", query_string={"q": typed}).links
    assert "/p/captaans" not in client_page.get("/search?q=captaans").links


def test_an_answered_search_keeps_a_way_to_size_and_colours(client_page):
    head = client_page.get("/search?q=打卡").all("header")[0]
    assert "/accessibility" in [link.get("href") for link in head.iter("a")]
