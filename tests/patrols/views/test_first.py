"""A first visit at a post that is open to anyone: one page, one button, one transaction."""

from __future__ import annotations

import re

import pytest
from flask import Response
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.patrols.models import Attempt, CheckIn
from community.people import consents, phones, services as people
from community.people.models import Consent, Member
from community.people.views import known
from community.places.models import Area
from community.points import jobs as points_jobs
from community.points.models import Award
from tests.factories.patrols import make_scene
from tests.factories.people import make_member
from tests.factories.points import open_books

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

TYPED = {"name": "陈桂花", "phone": "199 0000 9871", "age_band": "60+"}


@pytest.fixture
def scene():
    with transaction():
        made = make_scene(post={"open_to": "anyone"})
        open_books(session().get(Area, made.village.town_id))
    return made


@pytest.fixture
def closed():
    with transaction():
        return make_scene()


def form_of(page, token):
    return next(form for form in page.forms if form.action.endswith("/checkin") and "name" in form.filled())


def newcomer():
    return session().scalars(select(Member).where(Member.display_name == "陈桂花")).all()


def counts():
    return [session().scalar(select(func.count()).select_from(table)) for table in (Member, CheckIn, Consent)]


def test_one_tap_registers_agrees_and_checks_in(client_page, scene):
    page = client_page.get(f"/p/{scene.token}")
    for scope in consents.scopes():
        assert str(consents.current(scope).paragraphs[0]) in page.text
    page = client_page.submit(form_of(page, scene.token), **TYPED)
    assert "打卡成功" in page.text
    assert "登记好了" in page.text
    [member] = newcomer()
    assert (member.verified_at, member.home_area_id) == (None, scene.post.area_id)
    assert phones.whole(member.phone_cipher) == "199 0000 9871"
    given = session().scalars(select(Consent).where(Consent.member_id == member.id)).all()
    assert {(row.scope, row.version) for row in given} == {
        (scope, consents.current(scope).version) for scope in consents.scopes()
    }
    checkin = session().scalars(select(CheckIn).where(CheckIn.member_id == member.id)).one()
    assert (checkin.status, checkin.grade) == ("accepted", "C")
    assert "陈桂花" in client_page.get("/me").text


def test_what_she_agrees_to_is_read_above_the_fields_without_opening_anything(client_page, scene):
    client_page.get(f"/p/{scene.token}")
    html = client_page.last.get_data(as_text=True)
    above, _fields, below = html.partition('name="name"')
    stands_open = dict(re.findall(r"<details open><summary>(.*?)</summary>(.*?)</details>", above, re.DOTALL))
    for scope in consents.scopes():
        text = consents.current(scope)
        shown = stands_open[str(text.title)]
        assert all(str(paragraph) in shown for paragraph in text.paragraphs), "a consent of its own"
    assert "<details" not in below.partition("</form>")[0]
    assert below.count("同意并打卡") == 1


def test_her_points_wait_until_somebody_has_verified_her(client_page, new_visitor, scene, frozen_clock):
    page = client_page.submit(form_of(client_page.get(f"/p/{scene.token}"), scene.token), **TYPED)
    assert "核对" in page.text
    [member] = newcomer()
    award = session().scalars(select(Award).where(Award.subject_id == member.id)).one()
    assert (award.state, award.reason_code) == ("held", "unverified")
    home = client_page.get("/").text
    assert "待发放 5 分 · 身份还没核对" in home
    assert "社区核对您的身份后自动补记" in home
    desk = new_visitor()
    desk.sign_in(scene.admin.id)
    page = desk.get(f"/desk/people/{member.id}")
    desk.submit(page.form("/verify"))
    assert session().get(Award, award.id).state == "held"  # it may still be undone
    frozen_clock.tick(seconds=11)
    points_jobs.post_decided()
    award = session().scalars(select(Award).where(Award.subject_id == member.id)).one()
    assert award.state == "posted"
    home = client_page.get("/").text
    assert "5 分" in home
    assert "待发放" not in home


def test_a_phone_that_is_known_never_sees_the_form(client_page, scene):
    client_page.submit(form_of(client_page.get(f"/p/{scene.token}"), scene.token), **TYPED)
    assert "怎么称呼您" not in client_page.get(f"/p/{scene.token}").text
    client_page.submit(client_page.get("/me").form("/sign-out"))
    page = client_page.get(f"/p/{scene.token}")
    assert "怎么称呼您" not in page.text
    page = client_page.get(next(link for link in page.links if "first=1" in link))
    assert "怎么称呼您" in page.text


def test_the_phone_still_knows_who_was_here_before_a_first_visitor(app, client_page, scene):
    client_page.client.get("/")
    with app.test_request_context():
        earlier = known.remember(Response(), 77).headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    client_page.client.set_cookie(known.COOKIE, earlier, domain="linli.test")
    page = client_page.get(f"/p/{scene.token}?first=1")
    client_page.submit(form_of(page, scene.token), **TYPED)
    [member] = newcomer()
    cookie = client_page.client.get_cookie(known.COOKIE, domain="linli.test")
    with app.test_request_context("/sign-in", headers={"Cookie": f"{known.COOKIE}={cookie.value}"}):
        assert known.here() == (member.id, 77)


def test_a_post_for_volunteers_has_no_such_form_and_takes_none(client_page, closed):
    page = client_page.get(f"/p/{closed.token}")
    assert "怎么称呼您" not in page.text
    before = counts()
    form = page.form("/checkin")
    page = client_page.post(form.action, form.filled() | TYPED)
    assert page.h1 == "登录"
    assert counts() == before


def test_the_scan_of_who_has_registered_before_is_kept_through_sign_in(client_page, scene):
    with transaction():
        people.register(None, name="老陈", phone="19900009872", age_band="60+", password="saopu-liangcha")
    page = client_page.get(f"/p/{scene.token}")
    [other] = [form for form in page.forms if form.action.endswith("/checkin") and "name" not in form.filled()]
    page = client_page.submit(other)
    page = client_page.submit(page.form("/sign-in"), phone="19900009872", password="saopu-liangcha")
    assert "扫的码还在" in page.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "请填写称呼"),
        ({"name": "😀"}, "表情符号"),
        ({"phone": "12345"}, "这不像一个手机号"),
        ({"phone": "010-62345678"}, "座机"),
        ({"age_band": None}, "请选择年龄段"),
        ({"age_band": "18-20"}, ""),
        ({"age_band": "14-17"}, "监护人的称呼和手机号"),
    ],
)
def test_what_cannot_be_taken_comes_back_filled_and_nothing_is_written(client_page, scene, typed, said):
    before = counts()
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    filled = {name: value for name, value in (form.filled() | TYPED | typed).items() if value is not None}
    page = client_page.post(form.action, filled)
    assert said in page.text
    assert page.one("input", name="phone").get("value") == filled["phone"]
    assert counts() == before
    mended = {name: value for name, value in TYPED.items() if name in typed}
    page = client_page.submit(form_of(page, scene.token), **mended)
    assert "打卡成功" in page.text


def test_a_child_is_told_kindly_and_nothing_that_she_typed_is_kept(client_page, scene):
    before = counts()
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"age_band": "under14"}))
    assert "未满 14 岁还不能自己登记" in page.text
    assert "还有几处要改" not in page.text
    again = form_of(page, scene.token)
    assert (again.filled()["name"], again.filled()["phone"]) == ("", "")
    assert counts() == before
    page = client_page.submit(again, **TYPED)  # the age was a slip
    assert "打卡成功" in page.text


def test_what_only_registering_finds_is_told_there_too(client_page, scene):
    with transaction():
        for _once in range(people.REGISTRATIONS):
            people.register(None, name="老陈", phone=TYPED["phone"], age_band="60+")
    page = client_page.submit(form_of(client_page.get(f"/p/{scene.token}"), scene.token), **TYPED)
    assert page.text.count("今天登记了好几次") == 2
    assert page.one("input", name="name").get("value") == TYPED["name"]


def test_everything_that_is_wrong_is_said_at_once_above_and_at_each_field(client_page, scene):
    before, form = counts(), form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"name": "😀", "phone": "12345", "age_band": "14-17"}))
    assert "还差一步：请监护人同意" in page.text  # not asked before: no mistake of hers
    wrong = {"guardian_name": "1", "guardian_phone": "0571-82630000"}
    page = client_page.submit(form_of(page, scene.token), **wrong)
    for said in ("表情符号", "这不像一个手机号", "监护人：称呼里至少要有一个字", "监护人：这是座机号码"):
        assert said in page.text.split("第一次来")[0], said  # the summary
        assert said in page.text.split("第一次来")[1], said  # the fields
    page = client_page.submit(form_of(page, scene.token), guardian_name="", guardian_phone="")
    for said in ("表情符号", "这不像一个手机号", "监护人：请填写称呼", "监护人：请填写手机号"):
        assert page.text.count(said) == 2, said
    assert counts() == before


def test_a_guardian_with_the_childs_own_number_is_told_beside_the_other_mistakes(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    typed = TYPED | {"name": "1", "age_band": "14-17"}
    page = client_page.submit(form, **typed)
    page = client_page.submit(form_of(page, scene.token), guardian_name="陈爸爸", guardian_phone="+86 199-0000-9871")
    assert "监护人的手机号不能和自己的一样" in page.text
    assert "称呼里至少要有一个字" in page.text


def test_a_minors_guardian_is_never_called_optional(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"age_band": "14-17"}))
    assert "监护人手机号" in page.text
    assert "选填" not in page.text
    assert page.one("input", name="guardian_phone").get("required") is not None


def test_the_scan_keeps_its_first_time_while_the_form_is_mended(client_page, scene, frozen_clock):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    scanned = frozen_clock.now()
    page = client_page.submit(form, **(TYPED | {"phone": "1"}))
    frozen_clock.tick(minutes=3)
    client_page.submit(form_of(page, scene.token), phone="19900009871")
    assert session().scalars(select(CheckIn)).one().used_at == scanned


def test_a_minor_waits_for_her_guardian_and_is_registered(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"age_band": "14-17"}))
    filled = form_of(page, scene.token).filled(guardian_name="陈爸爸", guardian_phone="19900009870")
    page = client_page.post(form.action, filled, then=403)
    assert "等监护人同意" in page.text
    [member] = newcomer()
    assert member.guardian_name == "陈爸爸"
    assert session().scalars(select(CheckIn)).all() == []
    assert session().scalars(select(Attempt.code)).all() == ["guardian_needed"]


def test_the_same_form_twice_registers_once_and_the_second_answer_signs_in_too(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    filled = form.filled(**TYPED)
    cookies = dict(client_page.client._cookies)
    first = client_page.client.post(form.action, data=filled)
    client_page.client._cookies.clear()  # her phone never got the first answer
    client_page.client._cookies.update(cookies)
    second = client_page.client.post(form.action, data=filled)
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(newcomer()) == 1
    assert "陈桂花" in client_page.get("/me").text
    client_page.client._cookies.clear()
    client_page.client._cookies.update(cookies)
    assert client_page.client.post(form.action, data=filled | {"name": "别人"}).status_code == 422
    assert len(newcomer()) == 1


def test_a_replay_signs_nobody_in_who_was_verified_since(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    filled = form.filled(**TYPED)
    cookies = dict(client_page.client._cookies)
    client_page.client.post(form.action, data=filled)
    [member] = newcomer()
    with transaction():
        session().get(Member, member.id).verified_at = member.created_at
    client_page.client._cookies.clear()
    client_page.client._cookies.update(cookies)
    client_page.client.post(form.action, data=filled)
    assert client_page.client.get("/me").status_code == 303


def test_a_strangers_known_number_reads_the_same_and_gains_nothing(client_page, new_visitor, scene):
    with transaction():
        owner = make_member(scene.village, display_name="真王桂芬", **phones.columns("+8619900009871"))
    taken = client_page.submit(form_of(client_page.get(f"/p/{scene.token}"), scene.token), **TYPED)
    other = new_visitor()
    fresh = other.submit(form_of(other.get(f"/p/{scene.token}"), scene.token), **(TYPED | {"phone": "19900009873"}))
    assert taken.text == fresh.text
    assert "真王桂芬" not in taken.text + client_page.get("/me").text
    assert session().get(Member, owner.id).session_epoch == 1
    strangers = newcomer()
    assert len(strangers) == 2
    assert owner.id not in {one.id for one in strangers}
    desk = new_visitor()
    desk.sign_in(scene.admin.id)
    of_number = next(one for one in strangers if one.phone_hash == owner.phone_hash)
    page = desk.submit(desk.get(f"/desk/people/{of_number.id}").form("/verify"), status=409)
    assert "已有一位核实过的居民" in page.text


def test_a_form_whose_page_lay_open_too_long_comes_back_filled(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    client_page.sign_out()
    page = client_page.post(form.action, form.filled(**TYPED), 400, headers={"Origin": client_page.public_url})
    assert "您填的都在" in page.text
    assert page.one("input", name="phone").get("value") == TYPED["phone"]
    page = client_page.submit(form_of(page, scene.token))
    assert "打卡成功" in page.text


def test_a_member_who_sends_the_form_again_gets_her_receipt(client_page, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    client_page.submit(form, **TYPED)
    page = client_page.post(form.action, form.filled(**TYPED), 400, headers={"Origin": client_page.public_url})
    page = client_page.submit(page.form("/checkin"))
    assert "您刚才已打过卡" in page.text
    assert len(newcomer()) == 1


def test_the_page_weighs_little(app, client_page, scene):
    answer = client_page.client.get(f"/p/{scene.token}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "no-store"
    page = client_page.get(f"/p/{scene.token}")
    named = [tag.get("src") or tag.get("href") or "" for tag in (*page.all("script"), *page.all("link", rel="icon"))]
    others = [url for url in named if not url.startswith("data:")]
    assert len(others) < 3
    bytes_sent = len(answer.data)
    for url in others:
        with client_page.client.get(url, headers={"Accept-Encoding": "gzip"}) as file:
            bytes_sent += len(file.data)
    assert bytes_sent < 10_000
