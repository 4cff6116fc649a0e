"""Coming in by a one-time code or a text, helping others in, and leaving every phone: walked over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.messages import channels, jobs, texting
from community.messages.models import Outbox
from community.people import codes, phones, services, waits
from community.people.models import Member
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.gateway import KEY_ID, SECRET, running_gateway

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

PHONE, PASSWORD = "199 0000 0001", "saopu-liangcha"


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        member = make_member(village, display_name="王桂芬", **phones.columns("+8619900000001"))
        member.password_hash = services._hasher.hash(PASSWORD)
    return member


@pytest.fixture
def admin(village):
    with transaction():
        admin = make_member(village, display_name="陈建国")
        make_grant(admin, "village_admin", village)
    return admin


def a_code(admin, member):
    with transaction():
        row = codes.make(actor_of(admin), member_id=member.id, how="read_out", why="换了手机", checked=True)
    return codes.shown(actor_of(admin), row.id)[2]


def code_form(page):
    return page.form("/sign-in/code")


# --- coming in ---


def test_from_the_page_of_passwords_to_her_own_page_by_a_code(client_page, member, admin):
    code = a_code(admin, member)
    page = client_page.get("/sign-in", query_string={"next": "/me"})
    assert 'formaction="/sign-in/code"' in page.html
    form = page.form("/sign-in")
    page = client_page.post("/sign-in/code", form.filled(phone=PHONE), 200)
    assert page.one("input", name="phone").get("value") == PHONE
    page = client_page.submit(code_form(page), code=code)
    assert page.url == "/me"
    assert "登录好了" in page.text
    assert "王桂芬" in page.text


@pytest.mark.parametrize(("phone", "code"), [(PHONE, "00000000"), ("199 0000 0009", None), ("nobody", None)])
def test_every_failure_reads_the_same_and_keeps_the_number(client_page, member, admin, phone, code):
    right = a_code(admin, member)
    page = client_page.submit(code_form(client_page.get("/sign-in/code")), phone=phone, code=code or right, status=422)
    assert "手机号或口令不对，或者口令已经过期" in page.text
    assert page.one("input", name="phone").get("value") == phone
    assert "王桂芬" not in page.text


def test_a_wait_of_the_number_does_not_close_this_door(client_page, member, admin):
    for _ in range(waits.PHONE_FREE):
        form = client_page.get("/sign-in").form("/sign-in")
        client_page.submit(form, phone=PHONE, password="guess", status=422)
    form = client_page.get("/sign-in").form("/sign-in")
    page = client_page.submit(form, phone=PHONE, password=PASSWORD, status=429)
    assert "一次性口令" in page.text
    page = client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=a_code(admin, member))
    assert "王桂芬" in page.text


def test_one_phone_that_guesses_many_numbers_waits(client_page, member, admin):
    for place in range(waits.DEVICE_FREE):
        form = code_form(client_page.get("/sign-in/code"))
        client_page.submit(form, phone=f"199000001{place:02d}", code="12345678", status=422)
    code = a_code(admin, member)
    page = client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=code, status=429)
    assert page.text.count("请等 1 分钟再试。您的账号没有问题") == 1


def test_a_stranger_who_types_codes_at_random_does_not_kill_hers(client_page, new_visitor, member, admin):
    code, answers = a_code(admin, member), []
    for _ in range(codes.TRIES + 1):
        stranger = new_visitor()
        data = code_form(stranger.get("/sign-in/code")).filled(phone=PHONE, code="12345678")
        answer = stranger.client.post("/sign-in/code", data=data, headers={"Referer": "http://linli.test/sign-in/code"})
        answers.append(answer.status_code)
    assert answers == [422] * 10 + [429] * 11
    page = code_form(client_page.get("/sign-in/code"))
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    client_page.post("/sign-in/code", page.filled(phone=PHONE, code=code), environ_base=elsewhere)


def test_one_phone_gets_five_wrong_codes_for_a_number(client_page, member, admin):
    code = a_code(admin, member)
    for _ in range(waits.PHONE_FREE):
        form = code_form(client_page.get("/sign-in/code"))
        client_page.submit(form, phone=PHONE, code="12345678", status=422)
    client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=code, status=429)
    code = a_code(admin, member)
    client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=code)


def test_her_own_phone_is_not_locked_by_tries_elsewhere(client_page, new_visitor, member):
    client_page.submit(client_page.get("/sign-in").form("/sign-in"), phone=PHONE, password=PASSWORD)
    client_page.submit(client_page.get("/me").form("/sign-out"))
    stranger = new_visitor()
    for _ in range(waits.PHONE_FREE):
        stranger.submit(stranger.get("/sign-in").form("/sign-in"), phone=PHONE, password="guess", status=422)
    stranger.submit(stranger.get("/sign-in").form("/sign-in"), phone=PHONE, password=PASSWORD, status=429)
    page = client_page.submit(client_page.get("/sign-in").form("/sign-in"), phone=PHONE, password=PASSWORD)
    assert "王桂芬" in page.text


def test_who_came_by_a_code_is_not_asked_for_her_old_password(client_page, member, admin):
    client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=a_code(admin, member))
    page = client_page.get("/me/password")
    assert page.all("input", name="current_password") == []
    client_page.submit(page.form("/me/password"), password="xin-de-mima-9", password_again="xin-de-mima-9")
    assert services.sign_in(PHONE, "xin-de-mima-9").id == member.id
    assert client_page.get("/me/password").all("input", name="current_password")


def test_another_phone_of_hers_is_still_asked(client_page, new_visitor, member, admin):
    client_page.submit(code_form(client_page.get("/sign-in/code")), phone=PHONE, code=a_code(admin, member))
    other = new_visitor()
    other.sign_in(member.id)
    page = other.get("/me/password")
    assert page.all("input", name="current_password")
    form = page.form("/me/password")
    other.submit(form, password="xin-de-mima-9", password_again="xin-de-mima-9", status=422)


# --- by text ---


@pytest.fixture
def gateway(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running_gateway() as running:
        sms = texting.SmsGateway(running.url, KEY_ID, SECRET)
        channels.wire(sms, texting.SignInTexts(sms))
        yield running
        channels.wire(channels.ConsoleChannel())


def test_without_a_gateway_there_is_no_button_and_no_door(client_page, member):
    page = client_page.get("/sign-in/code")
    assert "/sign-in/sms" not in page.html
    client_page.post("/sign-in/sms", code_form(page).filled(phone=PHONE), 404)


def test_a_text_brings_a_code_that_signs_in(client_page, member, gateway):
    page = client_page.get("/sign-in/code")
    page = client_page.post("/sign-in/sms", code_form(page).filled(phone=PHONE), 200)
    assert "记下了" in page.text
    jobs.send_due()
    page = client_page.submit(code_form(page), code=gateway.last_code)
    assert "王桂芬" in page.text


def test_sending_answers_the_same_for_everybodys_number(client_page, new_visitor, member, gateway, statements):
    sent, texts = [], []
    for number in (PHONE, "199 0000 0009"):
        visitor = new_visitor()
        form = code_form(visitor.get("/sign-in/code")).filled(phone=number)
        statements.clear()
        page = visitor.post("/sign-in/sms", form, 200)
        sent.append(list(statements))
        texts.append(page.text)
    assert texts[0] == texts[1]
    assert sent[0] == sent[1]
    assert len(session().scalars(select(Outbox)).all()) == 2
    jobs.send_due()
    assert [text["to"] for text in gateway.texts] == ["+8619900000001"]


def test_asking_again_waits_whatever_the_number(client_page, member, gateway):
    for number in (PHONE, "199 0000 0009"):
        page = client_page.get("/sign-in/code")
        client_page.post("/sign-in/sms", code_form(page).filled(phone=number), 200)
        page = client_page.post("/sign-in/sms", code_form(page).filled(phone=number), 429)
        assert page.text.count("请等 1 分钟再要") == 1


def test_what_is_no_number_is_said(client_page, gateway):
    page = client_page.get("/sign-in/code")
    page = client_page.post("/sign-in/sms", code_form(page).filled(phone="12"), 422)
    assert "这不像一个手机号" in page.text


# --- leaving ---


@pytest.mark.parametrize(("here", "stays"), [("stays", True), ("leaves", False), ("", False)])
def test_leaving_every_phone(client_page, new_visitor, member, here, stays):
    other = new_visitor()
    for visitor in (client_page, other):
        visitor.submit(visitor.get("/sign-in").form("/sign-in"), phone=PHONE, password=PASSWORD)
    form = client_page.get("/me").form("/sign-out-everywhere")
    client_page.post(form.action, form.filled() | {"here": here})
    assert other.client.get("/me").status_code == 303
    assert client_page.client.get("/me").status_code == (200 if stays else 303)
    assert session().get(Member, member.id).session_epoch == 2
