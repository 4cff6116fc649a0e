"""Signing in and out, one's password, a form that outlives its session: walked over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from community.core import clock
from community.core.db import session, transaction
from community.people import phones, services, waits
from community.people.models import Consent, Member
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

PHONE = "199 0000 0001"
PASSWORD = "saopu-liangcha"


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return services.register(
            None, name="王桂芬", phone=PHONE, age_band="60+", home_area_id=village.id, password=PASSWORD
        )


@pytest.fixture
def admin(village):
    with transaction():
        admin = make_member(village, display_name="陈建国")
        make_grant(admin, "village_admin", village)
    return admin


def sign_in_form(page):
    return page.form("/sign-in")


# --- signing in and out ---


def test_signing_in_leads_home_and_signing_out_ends_it(client_page, member):
    page = client_page.get("/sign-in")
    page = client_page.submit(sign_in_form(page), phone="19900000001", password=PASSWORD)
    assert member.display_name in page.h1
    page = client_page.get("/me")
    assert "199 0000 0001" in page.text
    page = client_page.submit(page.form("/sign-out"))
    assert page.url == "/"
    client_page.client.get("/me").headers["Location"].startswith("/sign-in")


def test_signing_in_leads_back_to_the_page_that_was_wanted(client_page, member):
    asked = client_page.client.get("/me?x=1")
    assert asked.status_code == 303
    page = client_page.get(asked.headers["Location"])
    page = client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD)
    assert page.url == "/me?x=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.test", "https://evil.test/", "/\\evil.test", "/sign-out", "javascript:alert(1)", "/x\r\nX: 1", "\\\\evil"],
)
def test_nobody_is_led_elsewhere_after_signing_in(client_page, member, elsewhere):
    page = client_page.get("/sign-in", query_string={"next": elsewhere})
    page = client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD)
    assert page.url == "/"


@pytest.mark.parametrize(
    ("phone", "password"),
    [
        (PHONE, "not-this-one"),
        ("199 0000 0009", PASSWORD),
        ("not a phone", PASSWORD),
        ("<script>alert(1)</script>", PASSWORD),
        ("\u202e19900000001", PASSWORD),
    ],
)
def test_every_failure_reads_the_same_and_keeps_the_number(client_page, member, phone, password):
    page = client_page.get("/sign-in")
    page = client_page.submit(sign_in_form(page), phone=phone, password=password, status=422)
    assert "手机号或密码不对" in page.text
    assert page.one("input", name="phone").get("value") == phone
    assert page.one("input", name="password").get("value") in {None, ""}
    assert member.display_name not in page.text


def test_her_own_phone_knows_her_however_many_others_typed_her_number(client_page, new_visitor, member, frozen_clock):
    signed_in = client_page.submit(sign_in_form(client_page.get("/sign-in")), phone=PHONE, password=PASSWORD)
    client_page.submit(client_page.get("/me").form("/sign-out"))
    for day in range(3):
        frozen_clock.tick(days=1, minutes=1)
        with transaction():
            for number in range(services.REGISTRATIONS):
                services.register(
                    None, name="别人", phone=PHONE, age_band="60+", password=f"horse-battery-{day}{number}"
                )
    page = client_page.submit(sign_in_form(client_page.get("/sign-in")), phone=PHONE, password=PASSWORD)
    assert page.h1 == signed_in.h1
    forged = new_visitor()
    forged.client.set_cookie("linli_known", f"[{member.id}].x.y", domain="linli.test")
    forged.submit(sign_in_form(forged.get("/sign-in")), phone=PHONE, password=PASSWORD, status=422)


def test_what_a_phone_knows_travels_to_the_sign_in_page_alone(client_page, member):
    client_page.submit(sign_in_form(client_page.get("/sign-in")), phone=PHONE, password=PASSWORD)
    cookie = client_page.client.get_cookie("linli_known", domain="linli.test")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_empty_fields_are_named(client_page):
    page = client_page.get("/sign-in")
    page = client_page.submit(sign_in_form(page), status=422)
    assert "请填写手机号" in page.text
    assert "请填写密码" in page.text


def test_guessing_is_slowed_for_one_number_however_it_is_written_and_nobody_else(client_page, new_visitor, member):
    for number in ("19900000001", "+86 199 0000 0001", "199-0000-0001", "１９９００００００01", PHONE):
        page = client_page.get("/sign-in")
        client_page.submit(sign_in_form(page), phone=number, password="guess", status=422)
    page = client_page.get("/sign-in")
    page = client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD, status=429)
    assert page.text.count("请等 1 分钟再试。您的账号没有问题") == 1, "said once, sentence by sentence"
    assert page.one("input", name="phone").get("value") == PHONE
    other = new_visitor()
    page = other.get("/sign-in")
    other.submit(sign_in_form(page), phone="19900000002", password="guess", status=422)


@pytest.mark.parametrize("kept_phone", [False, True])
def test_a_stranger_with_her_number_and_a_password_of_his_own_does_not_lift_its_lock(
    new_visitor, village, member, kept_phone
):
    with transaction():
        session().get(Member, member.id).verified_at = clock.now()
        services.register(None, name="别人", phone=PHONE, age_band="18-59", password="horse-battery-9")
    stranger, wrong = new_visitor(), 0
    for password in ("horse-battery-9", *["guess"] * 4) * 2:
        visitor = stranger if kept_phone else new_visitor()
        data = sign_in_form(visitor.get("/sign-in")).filled(phone=PHONE, password=password)
        answer = visitor.client.post("/sign-in", data=data, headers={"Referer": "http://linli.test/sign-in"})
        wrong += answer.status_code == 422
        if answer.status_code == 303:
            visitor.submit(visitor.get("/me").form("/sign-out"))
    assert wrong == waits.PHONE_FREE
    assert answer.status_code == 429


def test_successes_are_not_counted(client_page, member):
    for _ in range(9):
        page = client_page.get("/sign-in")
        client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD)
        client_page.submit(client_page.get("/me").form("/sign-out"))


def test_a_sign_in_page_whose_session_ended_comes_back_filled(client_page, member):
    page = client_page.get("/sign-in")
    form = sign_in_form(page)
    client_page.sign_out()
    page = client_page.submit(form, phone=PHONE, password=PASSWORD, status=422)
    assert "页面放久了" in page.text
    assert page.one("input", name="phone").get("value") == PHONE
    page = client_page.submit(sign_in_form(page), password=PASSWORD)
    assert member.display_name in page.h1


def test_who_is_signed_in_is_led_on(client_page, member):
    client_page.sign_in(member.id)
    assert client_page.client.get("/sign-in?next=/me").headers["Location"] == "/me"


def test_a_suspended_member_signs_in_and_reads_why(client_page, member):
    with transaction():
        session().execute(update(Member).values(status="suspended", status_reason="核实身份中"))
    page = client_page.get("/sign-in")
    page = client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD)
    assert "暂停" in page.text
    assert "核实身份中" in client_page.get("/me").text


# --- one's password ---


def test_a_new_password_ends_the_sessions_of_other_phones_and_not_this_one(client_page, new_visitor, member):
    other = new_visitor()
    other.sign_in(member.id)
    client_page.sign_in(member.id)
    page = client_page.get("/me/password")
    page = client_page.submit(
        page.form("/me/password"), current_password=PASSWORD, password="xin-de-mima-9", password_again="xin-de-mima-9"
    )
    assert page.url == "/me"
    assert "密码已设好" in page.text
    assert client_page.get("/me").h1 == "我的"
    assert other.client.get("/me").status_code == 303
    assert services.sign_in(PHONE, "xin-de-mima-9").id == member.id


@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("wrong", "xin-de-mima-9", "xin-de-mima-9", "现在的密码不对"),
        (PASSWORD, "short", "short", "至少要 8 位"),
        (PASSWORD, "00000001", "00000001", "太容易"),
        (PASSWORD, "x" * 500, "x" * 500, "最多 128 位"),
        (PASSWORD, "xin-de-mima-9", "another", "不一样"),
        (PASSWORD, "", "", "请填写新密码"),
    ],
)
def test_a_password_that_cannot_be_is_refused_at_its_field(client_page, member, current, new, again, said):
    client_page.sign_in(member.id)
    form = client_page.get("/me/password").form("/me/password")
    page = client_page.submit(form, current_password=current, password=new, password_again=again, status=422)
    assert said in page.text
    assert services.sign_in(PHONE, PASSWORD).session_epoch == 1


def test_who_has_no_password_sets_one_without_an_old_one(client_page, village):
    with transaction():
        member = make_member(village, **phones.columns("+8619900000005"))
    client_page.sign_in(member.id)
    page = client_page.get("/me/password")
    assert page.all("input", name="current_password") == []
    client_page.submit(page.form("/me/password"), password="xin-de-mima-9", password_again="xin-de-mima-9")
    assert services.sign_in("19900000005", "xin-de-mima-9").id == member.id


def test_withdrawing_the_consent_to_check_ins(client_page, member):
    with transaction():
        services.give_consent(member.id, "presence")
        services.give_consent(member.id, "service")
    client_page.sign_in(member.id)
    page = client_page.get("/me/consents")
    page = client_page.submit(page.form("/presence/withdraw"))
    assert "已撤回" in page.text
    rows = session().scalars(select(Consent).order_by(Consent.scope)).all()
    assert [(row.scope, row.withdrawn_at is None) for row in rows] == [("presence", False), ("service", True)]


# --- a session that ends in the middle of a form ---


def suspend_form(client_page, admin, member):
    client_page.sign_in(admin.id)
    return client_page.get(f"/desk/people/{member.id}").form("/suspend")


def from_here(form):
    return {"headers": {"Origin": "http://linli.test"}, "data": form}


def test_a_form_without_its_session_is_finished_with_one_tap_after_signing_in(client_page, admin, member):
    with transaction():
        session().execute(
            update(Member)
            .where(Member.id == admin.id)
            .values(password_hash=services._hasher.hash(PASSWORD), **phones.columns("+8619900000077"))
        )
    form = suspend_form(client_page, admin, member)
    forget_session(client_page)
    page = client_page.post(form.action, form.filled(reason="电话打不通"), 401, headers={"Origin": "http://linli.test"})
    assert page.h1 == "登录"
    assert "您填的内容还在" in page.text
    wrong = client_page.submit(sign_in_form(page), phone="19900000077", password="oops-oops", status=422)
    page = client_page.submit(sign_in_form(wrong), phone="19900000077", password=PASSWORD, status=200)
    assert page.h1 == member.display_name
    assert "没有提交。您填的都在" in page.text
    assert page.one("input", name="reason").get("value") == "电话打不通"
    assert session().get(Member, member.id).status == "active"
    page = client_page.submit(page.form("/suspend"))
    assert "已暂停" in page.text
    assert session().get(Member, member.id).status_reason == "电话打不通"


def forget_session(visitor):
    """Delete the session's cookies and keep the phone's."""
    kept = {key: cookie for key, cookie in visitor.client._cookies.items() if "linli_device" in str(key)}
    visitor.client._cookies.clear()
    visitor.client._cookies.update(kept)
    assert kept


def test_another_member_of_the_same_browser_does_not_see_the_kept_form(client_page, admin, member, village):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    with transaction():
        session().execute(update(Member).where(Member.id == admin.id).values(session_epoch=2))
    suspending = page.form(f"/desk/people/{member.id}/suspend")
    page = client_page.post(
        suspending.action, suspending.filled(reason="只给本人看"), 401, headers={"Origin": client_page.public_url}
    )
    page = client_page.submit(sign_in_form(page), phone=PHONE, password=PASSWORD)
    assert page.url == "/"
    assert "只给本人看" not in page.text


def test_a_form_from_elsewhere_is_not_kept(client_page, admin, member):
    form = suspend_form(client_page, admin, member)
    forget_session(client_page)
    for headers in ({"Origin": "http://evil.test"}, {}):
        answer = client_page.client.post(form.action, data=form.filled(reason="x"), headers=headers)
        assert "您填的内容还在" not in answer.text


# --- one's name and number ---


def test_who_is_not_verified_corrects_both_from_her_own_page(client_page, member):
    client_page.sign_in(member.id)
    assert "/me/details" in client_page.get("/me").links
    page = client_page.get("/me/details")
    assert page.one("input", name="name").get("value") == "王桂芬"
    assert page.one("input", name="phone").get("value") == PHONE
    page = client_page.submit(page.form("/me/details"), name="王桂花", phone="12345", status=422)
    assert page.one("input", name="phone").get("value") == "12345"
    assert "这不像一个手机号" in page.text
    page = client_page.submit(page.form("/me/details"), phone="199 0000 0002")
    assert page.url == "/me"
    assert "王桂花" in page.text
    assert "199 0000 0002" in page.text


def test_who_is_verified_corrects_her_name_and_reads_how_to_change_her_number(client_page, village):
    with transaction():
        verified = make_member(village, **phones.columns("+8619900000001"))
    client_page.sign_in(verified.id)
    page = client_page.get("/me/details")
    assert page.all("input", name="phone") == []
    assert "到社区请管理员当面核对" in page.text
    form = page.form("/me/details")
    page = client_page.submit(form, name="王桂花")
    assert "王桂花" in page.text
    assert PHONE in page.text


def test_who_is_suspended_finds_no_form_of_her_details(client_page, member):
    client_page.sign_in(member.id)
    form = client_page.get("/me/details").form("/me/details")
    with transaction():
        session().execute(update(Member).values(status="suspended", status_reason="核实中"))
    page = client_page.get("/me/details")
    assert page.all("form", action="/me/details") == []
    page = client_page.submit(form, name="王桂花", status=403)
    assert "请联系社区" in page.text
