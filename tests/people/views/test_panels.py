"""One's own ways in and out, and what the desk does for who cannot sign in."""

from __future__ import annotations

import pytest

from community.core.db import session, transaction
from community.people import phones, services, waits
from community.people.models import Member
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

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


def test_an_admin_lifts_a_wait(client_page, new_visitor, member, admin):
    stranger = new_visitor()
    for _ in range(waits.PHONE_FREE):
        stranger.submit(stranger.get("/sign-in").form("/sign-in"), phone=PHONE, password="guess", status=422)
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    assert "才能再试" in page.text
    page = client_page.submit(page.form("/waits"))
    assert "已解除" in page.text
    stranger.submit(stranger.get("/sign-in").form("/sign-in"), phone=PHONE, password=PASSWORD)


def test_who_is_herself_the_admin_finds_no_way_to_help_herself(client_page, admin):
    client_page.sign_in(admin.id)
    assert "发一次性口令" not in client_page.get(f"/desk/people/{admin.id}").text


def test_who_has_no_password_is_told_before_she_leaves_every_phone(client_page, member):
    client_page.sign_in(member.id)
    assert "您还没有设密码" not in client_page.get("/me").text
    with transaction():
        session().get(Member, member.id).password_hash = None
    assert "您还没有设密码" in client_page.get("/me").text
