"""Helping somebody in who stands before one: a code, shown once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.people import codes, phones
from community.people.models import SignInCode
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
        return make_member(village, display_name="王桂芬", **phones.columns("+8619900000001"))


@pytest.fixture
def admin(village):
    with transaction():
        admin = make_member(village, display_name="陈建国")
        make_grant(admin, "village_admin", village)
    return admin


def test_a_code_is_shown_once_and_to_its_maker_alone(client_page, new_visitor, member, admin):
    client_page.sign_in(admin.id)
    page = client_page.get(f"/desk/people/{member.id}")
    page = client_page.get(next(link for link in page.links if "/codes/for/" in link))
    form = page.form(f"/codes/for/{member.id}")
    page = client_page.submit(form, why="换了手机", status=422)
    assert "请先当面确认是本人" in page.text
    page = client_page.submit(page.form(f"/codes/for/{member.id}"), checked="y", why="换了手机")
    row = session().scalars(select(SignInCode)).one()
    digits = codes.shown(actor_of(admin), row.id)[2]
    assert f"{digits[:4]} {digits[4:]}" in page.text
    assert "199****0001" in page.text
    again = client_page.get(page.url)
    assert digits[:4] not in again.text
    assert "只显示一次" in again.text
    other = new_visitor()
    other.sign_in(member.id)
    other.get(page.url, status=404)


def test_the_second_answer_to_the_same_form_shows_it_too(client_page, member, admin):
    client_page.sign_in(admin.id)
    form = client_page.get(f"/codes/for/{member.id}").form(f"/codes/for/{member.id}")
    filled = form.filled(checked="y", why="换了手机")
    cookies = dict(client_page.client._cookies)
    client_page.client.post(form.action, data=filled)
    client_page.client._cookies.clear()
    client_page.client._cookies.update(cookies)
    page = client_page.post(form.action, filled)
    assert "有效到" in page.text
    assert len(session().scalars(select(SignInCode)).all()) == 1


def test_a_leader_finds_her_people_and_a_plain_member_finds_nobody(client_page, new_visitor, village, member):
    with transaction():
        team = make_team(village)
        leader = make_member(village, display_name="赵队长")
        make_membership(leader, team, role="leader")
        make_membership(member, team)
    client_page.sign_in(leader.id)
    page = client_page.get("/me")
    assert "/codes" in page.links
    page = client_page.get("/codes")
    assert "王桂芬" in page.text
    page = client_page.get(f"/codes/for/{member.id}")
    client_page.submit(page.form(f"/codes/for/{member.id}"), checked="y", why="忘了密码", how="printed")
    plain = new_visitor()
    plain.sign_in(member.id)
    assert "/codes" not in plain.get("/me").links
    assert "这里还没有人" in plain.get("/codes").text
    plain.get(f"/codes/for/{leader.id}", status=404)
