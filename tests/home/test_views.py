"""The front door, one's own page, the desk's to-do, help, and how this phone likes its pages."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from community.core import clock
from community.core.db import session, transaction
from community.messages.policies import Words
from community.messages.services import announcing
from community.people import phones, services as people
from community.people.models import Member
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return make_member(village, **phones.columns("+8619900000001"))


def join(member, village, state):
    with transaction():
        return make_membership(member, make_team(village), state)


# --- home ---


def test_a_visitor_sees_which_notice_is_important(client_page, village):
    with transaction():
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    for title, important in (("江堤封闭", True), ("周末放电影", False)):
        with transaction():
            words = Words(title, "详情看公告栏。", "everyone", clock.now(), important=important)
            announcing.publish(actor_of(admin), area_id=village.id, words=words)
    page = client_page.get("/")
    assert "江堤封闭" in page.text
    assert "周末放电影" in page.text
    assert page.text.count("重要") == 1


def test_a_visitor_sees_what_this_is_and_the_three_things_she_can_do(client_page):
    page = client_page.get("/")
    assert "加入一支志愿队" in page.text
    assert {"/join", "/p", "/sign-in", "/help"} <= set(page.links)
    for href in ("/join", "/p", "/sign-in", "/help", "/accessibility"):
        client_page.get(href)


def test_who_is_in_no_team_is_asked_to_join_one(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.get("/")
    assert page.h1 == "晚上好，王桂芬"
    assert page.one("a", class_="act").get("href") == "/join"


@pytest.mark.parametrize("state", [None, "active"])
def test_who_is_suspended_is_led_to_what_she_can_do(client_page, member, village, state):
    if state:
        join(member, village, state)
    with transaction():
        session().execute(
            update(Member).values(status="suspended", status_reason="核实中", verified_at=None, verified_by=None)
        )
    client_page.sign_in(member.id)
    act = client_page.get("/").one("a", class_="act")
    assert act.get("href") == "/help#paused"
    assert client_page.get("/help").one("div", id="paused")
    page = client_page.get("/me")
    assert "核实中" in page.text
    assert "积分就能使用" not in page.text


@pytest.mark.parametrize(("state", "said"), [("applied", "申请到哪一步"), ("waiting_guardian", "等监护人")])
def test_who_waits_is_led_to_her_application(client_page, member, village, state, said):
    membership = join(member, village, state)
    client_page.sign_in(member.id)
    page = client_page.get("/")
    act = page.one("a", class_="act")
    assert act.get("href") == f"/memberships/{membership.id}"
    assert said in "".join(act.itertext())
    assert "晚潮夜巡队" in page.text


def test_who_serves_is_asked_to_check_in(client_page, member, village):
    join(member, village, "active")
    client_page.sign_in(member.id)
    page = client_page.get("/")
    assert page.one("a", class_="act").get("href") == "/scan"
    assert "0 分" in page.text


def test_who_works_at_a_desk_is_led_to_what_waits(client_page, member, village):
    with transaction():
        make_grant(member, "village_admin", village)
        make_member(village, verified=False)
    client_page.sign_in(member.id)
    page = client_page.get("/")
    assert page.one("a", class_="act").get("href") == "/desk"
    assert "1 件在等您" in page.text


def test_a_leader_checks_in_first_and_sees_what_waits_at_her_desk(client_page, member, village):
    join(member, village, "active")
    with transaction():
        make_grant(member, "village_admin", village)
        make_member(village, verified=False)
    client_page.sign_in(member.id)
    page = client_page.get("/")
    assert page.one("a", class_="act").get("href") == "/scan"
    assert "1 件" in page.links["/desk?kind=person"]
    assert "1 件在等您" in page.links["/desk"]


def test_who_is_in_two_teams_reads_both(client_page, member, village):
    join(member, village, "active")
    with transaction():
        make_membership(member, make_team(village, name="江堤喊潮队"), "active")
    client_page.sign_in(member.id)
    page = client_page.get("/")
    assert "晚潮夜巡队 · 江堤喊潮队" in page.text
    assert "2 支队伍" in page.text


def test_the_bar_leads_to_four_pages_that_open_and_marks_the_current_one(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.get("/me")
    bar = page.one("nav", class_="bar")
    links = list(bar.iter("a"))
    assert [link.get("href") for link in links] == ["/", "/p", "/points", "/me"]
    assert [link.get("aria-current") for link in links] == [None, None, None, "page"]
    for link in links:
        client_page.get(link.get("href"))


def test_every_link_of_the_first_pages_opens(client_page, member, village):
    join(member, village, "active")
    with transaction():
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    for start in ("/", "/me", "/desk", "/help"):
        for href in client_page.get(start).links:
            if not href.startswith("#"):
                client_page.get(href)


# --- me ---


def test_me_shows_the_whole_number_to_its_owner_alone_and_what_she_agreed_to(client_page, member, village):
    join(member, village, "active")
    with transaction():
        people.give_consent(member.id, "service")
    client_page.sign_in(member.id)
    page = client_page.get("/me")
    assert "199 0000 0001" in page.text
    assert "晚潮社区" in page.text
    assert "晚潮夜巡队" in page.text
    assert "1 项同意中，共 2 项" in page.text


def test_me_asks_for_a_sign_in(client):
    assert client.get("/me").headers["Location"] == "/sign-in?next=/me"


# --- the desk ---


def test_the_to_do_counts_what_waits_and_every_number_opens_its_list(client_page, member, village):
    with transaction():
        make_grant(member, "village_admin", village)
        for _ in range(3):
            make_member(village, verified=False)
        make_membership(make_member(village), make_team(village), "applied")
    client_page.sign_in(member.id)
    page = client_page.get("/desk")
    assert "晚潮社区" in page.text
    assert page.links["/desk?kind=person"] == "待核对的人3"
    assert page.links["/desk?kind=application"] == "入队申请1"
    rail = page.one("nav", class_="rail")
    assert "/desk/audit" not in [link.get("href") for link in rail.iter("a")]
    for link in rail.iter("a"):
        client_page.get(link.get("href"))


def test_a_desk_with_nothing_waiting_says_so(client_page, member, village):
    with transaction():
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    assert "都办完了" in client_page.get("/desk").text


def test_a_desk_without_decisions_says_so(client_page, member, village):
    with transaction():
        make_grant(member, "grid_worker", village)
    client_page.sign_in(member.id)
    page = client_page.get("/desk")
    assert "没有要您决定的事" in page.text
    assert [stat.get("href") for stat in page.all("a", class_="stat")] == ["/desk/checkins"] * 2


def test_the_desk_is_closed_to_residents_and_to_the_suspended(client_page, member, village):
    client_page.sign_in(member.id)
    client_page.get("/desk", 403)
    with transaction():
        make_grant(member, "village_admin", village)
        session().execute(update(Member).values(status="suspended", status_reason="核实中"))
    client_page.get("/desk", 403)
    assert "暂停" in client_page.get("/").text


# --- help, looks ---


@pytest.mark.parametrize("language", ["zh", "en"])
def test_help_and_the_accessibility_statement_stand_at_fixed_places(client_page, language):
    client_page.client.set_cookie("linli_look", f"std.auto.{language}", domain="linli.test")
    for address in ("/help", "/accessibility"):
        page = client_page.get(address)
        assert address in client_page.get("/").links
        assert page.all("h2")


@pytest.mark.parametrize(
    ("field", "value", "mark"), [("size", "xlarge", "data-size"), ("theme", "contrast", "data-theme")]
)
def test_size_and_theme_are_chosen_on_ones_own_page_and_kept(client_page, member, field, value, mark):
    client_page.sign_in(member.id)
    form = next(form for form in client_page.get("/me").forms if value in form.buttons.get(field, []))
    page = client_page.submit(form, **{field: value})
    assert page.one("html").get(mark) == value
    assert client_page.get("/help").one("html").get(mark) == value


FROM_HERE = {"Origin": "http://linli.test"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.test"},
        {"Origin": "http://evil.test", "Referer": "http://linli.test/help"},
        {"Referer": "http://evil.test/linli.test"},
    ],
)
def test_no_other_site_changes_the_looks_of_a_phone(client_page, headers):
    answer = client_page.client.post("/preferences", data={"size": "large"}, headers=headers)
    assert answer.status_code == 400
    assert "linli_look" not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("came_from", "led_to"),
    [
        ("http://linli.test/help", "/help"),
        ("http://linli.test/desk/people?q=1", "/desk/people?q=1"),
        ("http://linli.test//evil.test/x", "/"),
        ("https://evil.test/help", "/help"),
        ("http://linli.test/desk/people/5/suspend", "/"),
        ("http://linli.test/nowhere", "/"),
        ("nonsense", "/"),
        ("", "/"),
    ],
)
def test_changing_the_looks_leads_back_to_a_page_of_this_site(client_page, came_from, led_to):
    form = next(form for form in client_page.get("/help").forms if form.action == "/preferences")
    answer = client_page.client.post(
        "/preferences",
        data=form.filled(size="large"),
        headers=FROM_HERE | ({"Referer": came_from} if came_from else {}),
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, led_to)


def test_unknown_looks_change_nothing(client_page):
    form = next(form for form in client_page.get("/help").forms if form.action == "/preferences")
    answer = client_page.client.post("/preferences", data=form.filled(size="<x>", lang="fr"), headers=FROM_HERE)
    assert answer.status_code == 303
    assert client_page.get("/help").one("html").get("data-size") == "std"


# --- help, everywhere in the same place (WCAG 2.2, 3.2.6) ---


def test_help_stands_first_at_the_foot_of_every_page(app, client_page, member, village):
    with transaction():
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    seen = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.arguments or rule.rule.startswith(("/static", "/kiosk")):
            continue
        answer = client_page.client.get(rule.rule)
        if answer.status_code != 200 or answer.mimetype != "text/html" or 'data-surface="print"' in answer.text:
            continue
        feet = client_page.get(rule.rule).all("footer", class_="foot")
        assert [next(foot.iter("a")).get("href") for foot in feet] == ["/help"], rule.rule
        seen += 1
    assert seen > 20
