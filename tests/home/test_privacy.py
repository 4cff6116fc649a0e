"""A member and her own data: what is held, who looked, consents, a copy, erasure. All without scripts."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from community.audit import services as audit
from community.core import holdings
from community.core.db import session, transaction
from community.people import consents, jobs, phones, queries as people, services
from community.people.models import Consent, Member, PrivacyRequest
from community.teams.models import Membership
from tests.factories.access import actor_of, make_grant
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership, make_team

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

PHONE = "+8619900000001"


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        made = make_member(village, **phones.columns(PHONE))
        make_membership(made, make_team(village))
        give_consent(made, "service", consents.current("service").version)
        give_consent(made, "presence", consents.current("presence").version)
    return made


@pytest.fixture
def staff(village):
    with transaction():
        made = make_member(village, display_name="周敏", age_band="18-59")
        make_grant(made, "village_admin", village)
    return made


def archive(client_page, member) -> ZipFile:
    client_page.sign_in(member.id)
    page = client_page.submit(client_page.get("/me/export").form("/me/export"))
    href = next(link for link in page.links if link.startswith("/me/export/"))
    answer = client_page.client.get(href, buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return ZipFile(io.BytesIO(answer.data))


# --- me ---


def test_her_page_hides_the_number_until_she_opens_it_and_leads_to_her_data(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.get("/me")
    hidden = page.one("details", class_="reveal")
    assert "199****0001" in page.text
    assert "199 0000 0001" in "".join(hidden.itertext())
    assert "open" not in hidden.attrib
    for href in ("/me/data", "/me/looks", "/me/consents", "/me/export", "/me/erase"):
        assert href in page.links
        client_page.get(href)


# --- what is held ---


def test_everything_held_is_listed_with_why_how_long_and_who_sees_it(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.get("/me/data")
    for said in ("您的登记", "您的打卡", "积分明细"):
        assert said in page.text
    parts = {link.partition("#")[0] for link in page.links if "of=" in link}
    assert len(parts) == len(holdings.rooms())
    told = [client_page.get(part) for part in sorted(parts)]
    for said in ("为什么", "多久", "谁能看到", "有什么"):
        assert sum(page.text.count(said) for page in told) >= sum(len(room.kept) for room in holdings.rooms()), said
    assert "30 天后删除" in "".join(page.text for page in told)
    links = {link for page in told for link in page.links}
    assert {"/me/details", "/memberships", "/checkins", "/points", "/inbox", "/me/consents"} <= links


def test_every_part_of_what_is_held_is_where_the_list_says(client_page, member):
    client_page.sign_in(member.id)
    for link in [link for link in client_page.get("/me/data").links if "of=" in link]:
        part, _, anchor = link.partition("#")
        client_page.get(part)
        assert f'id="{anchor}"' in client_page.last.get_data(as_text=True)
    assert "我的数据" in client_page.get("/me/data?of=nothing").text


# --- who looked ---


def test_she_reads_who_opened_her_page_when_and_in_which_office(client_page, new_visitor, member, staff):
    client_page.sign_in(member.id)
    assert "还没有人看过" in client_page.get("/me/looks").text
    desk = new_visitor()
    desk.sign_in(staff.id)
    desk.get(f"/desk/people/{member.id}")
    page = client_page.get("/me/looks")
    assert "周敏" in page.text
    assert "晚潮社区" in page.text
    assert "您的居民页" in page.text
    assert "21:07" in page.text
    assert "最近 30 天 1 次" in client_page.get("/me").text


def test_looks_are_turned_page_by_page_and_never_another_members(client_page, member, staff, village):
    with transaction():
        other = make_member(village, display_name="陈新")
        for _look in range(31):
            audit.record_look(actor_of(staff), member.id, "people.desk_person")
        audit.record_look(actor_of(staff), other.id, "points.award")
    client_page.sign_in(member.id)
    page = client_page.get("/me/looks")
    assert page.text.count("您的居民页") == 30
    older = client_page.get(next(href for href in page.links if "before=" in href))
    assert older.text.count("您的居民页") == 1
    assert "一笔积分" not in page.text + older.text


def test_many_who_looked_cost_no_more_statements_than_one(client_page, member, village, statements):
    sent = []
    for number in (1, 12):
        with transaction():
            for _staff in range(number):
                staff = make_member(village)
                make_grant(staff, "grid_worker", village)
                audit.record_look(actor_of(staff), member.id, "people.desk_person")
        client_page.sign_in(member.id)
        statements.clear()
        client_page.get("/me/looks")
        sent.append(len(statements))
    assert sent[0] == sent[1]


# --- consents ---


def test_the_very_text_is_read_with_version_and_date(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.get("/me/consents")
    for scope in consents.scopes():
        text = consents.current(scope)
        assert all(str(paragraph) in page.text for paragraph in text.paragraphs)
    assert "第 1 版 · 11月23日 21:07 同意" in page.text


def test_withdrawing_service_ends_every_membership_and_leads_to_erasure(client_page, member):
    client_page.sign_in(member.id)
    page = client_page.submit(client_page.get("/me/consents").form("/service/withdraw"))
    assert page.h1 == "注销账号"
    assert session().scalars(select(Membership.state)).all() == ["left"]
    given = {row.scope: row.withdrawn_at is None for row in session().scalars(select(Consent))}
    assert given == {"service": False, "presence": True}


def test_withdrawing_presence_stops_check_ins_and_nothing_else(client_page, member):
    client_page.sign_in(member.id)
    client_page.submit(client_page.get("/me/consents").form("/presence/withdraw"))
    assert session().scalars(select(Membership.state)).all() == ["active"]
    assert not people.consented(member.id, "presence", consents.current("presence").version)
    assert people.consented(member.id, "service", consents.current("service").version)


# --- a copy ---


def test_the_copy_holds_pages_and_data_of_every_room(client_page, member):
    found = archive(client_page, member)
    names = set(found.namelist())
    for room in holdings.rooms():
        for kept in room.kept:
            assert {f"linli-my-data/{kept.key}.html", f"linli-my-data/json/{kept.key}.json"} <= names
    person = json.loads(found.read("linli-my-data/json/person.json"))
    assert person["rows"][0]["display_name"] == "王桂芬"
    assert person["rows"][0]["phone"] == "199 0000 0001"
    assert "199 0000 0001" in found.read("linli-my-data/person.html").decode()
    assert "您的登记" in found.read("linli-my-data/index.html").decode()
    memberships = json.loads(found.read("linli-my-data/json/memberships.json"))
    assert [row["team"] for row in memberships["rows"]] == ["晚潮夜巡队"]
    assert found.testzip() is None


def test_markup_in_a_name_is_text_in_the_copy(client_page, member):
    with transaction():
        session().execute(update(Member).where(Member.id == member.id).values(display_name="<script>x</script>"))
    assert "<script>" not in archive(client_page, member).read("linli-my-data/person.html").decode()


def test_a_copy_is_hers_alone_and_for_half_an_hour(client_page, new_visitor, member, staff, frozen_clock):
    archive(client_page, member)
    made = session().scalars(select(PrivacyRequest)).one()
    other = new_visitor()
    other.sign_in(staff.id)
    other.get(f"/me/export/{made.id}", status=404)
    stranger = new_visitor()
    assert stranger.client.get(f"/me/export/{made.id}").status_code in {303, 401}
    frozen_clock.tick(minutes=31)
    client_page.get(f"/me/export/{made.id}", status=404)


def test_the_fourth_copy_of_a_day_is_refused(client_page, member, frozen_clock):
    client_page.sign_in(member.id)
    for _copy in range(3):
        client_page.submit(client_page.get("/me/export").form("/me/export"))
        frozen_clock.tick(minutes=31)
    page = client_page.submit(client_page.get("/me/export").form("/me/export"), status=409)
    assert "今天已经导出三次了" in page.text


# --- erasure ---


def test_erasing_is_asked_for_waits_a_day_and_is_done_by_itself(client_page, new_visitor, member, frozen_clock):
    client_page.sign_in(member.id)
    page = client_page.get("/me/erase")
    for said in ("会删掉的", "会留下的", "已注销用户", "24 小时"):
        assert said in page.text
    page = client_page.submit(page.form("/me/erase"))
    assert "11月24日 21:07 注销" in page.text
    assert "11月24日 21:07 注销账号" in client_page.get("/me").text
    jobs.erase_due()
    assert session().get_one(Member, member.id).display_name == "王桂芬"
    frozen_clock.tick(hours=24)
    jobs.erase_due()
    client_page.client.get("/me")
    assert client_page.client.get("/me").status_code == 303
    session().expire_all()
    gone = session().get_one(Member, member.id)
    assert (gone.display_name, gone.phone_hash, gone.status) == ("已注销用户", None, "left")


def test_she_may_change_her_mind(client_page, member, frozen_clock):
    client_page.sign_in(member.id)
    page = client_page.submit(client_page.get("/me/erase").form("/me/erase"))
    page = client_page.submit(page.form("/me/erase/keep"))
    assert "一切照旧" in page.text
    frozen_clock.tick(hours=25)
    jobs.erase_due()
    assert session().get_one(Member, member.id).display_name == "王桂芬"


def test_the_only_admin_of_a_place_reads_why_she_cannot_go(client_page, staff):
    client_page.sign_in(staff.id)
    page = client_page.get("/me/erase")
    assert "您是晚潮社区唯一的" in page.text
    assert not [form for form in page.forms if form.action == "/me/erase"]


def test_who_is_suspended_is_told_to_settle_that_first(client_page, member):
    with transaction():
        session().execute(update(Member).where(Member.id == member.id).values(status="suspended"))
    client_page.sign_in(member.id)
    assert "暂停中：请先找社区" in client_page.get("/me/erase").text


# --- how she likes her pages ---


def test_language_and_text_size_follow_her_to_another_phone(client_page, new_visitor, member):
    with transaction():
        session().execute(
            update(Member)
            .where(Member.id == member.id)
            .values(password_hash=services._hasher.hash("一二三四五六七八九"))
        )
    client_page.sign_in(member.id)
    shown = client_page.get("/me")
    sizes = next(form for form in shown.forms if "size" in form.buttons)
    client_page.submit(sizes, size="xlarge")
    languages = next(form for form in client_page.get("/me").forms if "lang" in form.buttons)
    client_page.submit(languages, lang="en")
    other = new_visitor()
    page = other.get("/sign-in")
    assert page.one("html").get("data-size") == "std"
    page = other.submit(page.form("/sign-in"), phone="19900000001", password="一二三四五六七八九")
    assert (page.one("html").get("data-size"), page.one("html").get("lang")) == ("xlarge", "en")


def test_a_phone_without_a_session_keeps_its_own_choice_and_nobody_elses(client_page, member):
    page = client_page.get("/")
    client_page.submit(next(form for form in page.forms if "size" in form.buttons), size="large")
    assert client_page.get("/").one("html").get("data-size") == "large"
    assert session().get_one(Member, member.id).text_size is None
