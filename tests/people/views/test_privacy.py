"""The desk: asking for the erasure of who stands there, and the list of who waits."""

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.people import jobs, phones, requests
from community.people.models import Member, PrivacyRequest
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def village():
    with transaction():
        return make_village()


@pytest.fixture
def member(village):
    with transaction():
        return make_member(village, display_name="张松林", **phones.columns("+8619900000001"))


@pytest.fixture
def admin(village, client_page):
    with transaction():
        made = make_member(village, display_name="周敏", age_band="18-59")
        make_grant(made, "village_admin", village)
    client_page.sign_in(made.id)
    return made


def test_who_stands_at_the_desk_is_erased_a_day_later(client_page, admin, member, frozen_clock):
    page = client_page.get(f"/desk/people/{member.id}")
    assert f"/desk/people/{member.id}/erase" in page.links
    page = client_page.get(f"/desk/people/{member.id}/erase")
    assert "199****0001" in page.text
    assert "199 0000 0001" not in page.text
    page = client_page.submit(page.form("/erase"), how="本人到社区，核对了证件")
    assert page.h1 == "注销和导出"
    assert "工作人员代办：本人到社区，核对了证件" in page.text
    assert "11月24日 21:07" in client_page.get(f"/desk/people/{member.id}").text
    frozen_clock.tick(hours=24)
    jobs.erase_due()
    assert session().get_one(Member, member.id).display_name == "已注销用户"
    assert "张松林" not in client_page.get("/desk/privacy").text
    client_page.get(f"/desk/people/{member.id}", status=404)


def test_how_she_was_recognised_has_to_be_said(client_page, admin, member):
    page = client_page.get(f"/desk/people/{member.id}/erase")
    page = client_page.submit(page.form("/erase"), status=422, how="")
    assert "请写明怎样核对了本人" in page.text
    assert not session().scalars(select(PrivacyRequest)).all()


def test_what_was_written_at_the_desk_is_taken_back_there(client_page, admin, member):
    client_page.submit(client_page.get(f"/desk/people/{member.id}/erase").form("/erase"), how="看了证件")
    client_page.submit(client_page.get("/desk/privacy").form("/keep"))
    assert session().scalars(select(PrivacyRequest.state)).one() == "withdrawn"


def test_her_own_request_is_shown_and_has_no_button(client_page, admin, member):
    with transaction():
        requests.ask_erasure(actor_of(member))
    page = client_page.get("/desk/privacy")
    assert "张松林" in page.text
    assert "她自己能撤回" in page.text
    assert not [form for form in page.forms if form.action.endswith("/keep")]


def test_opening_the_page_is_a_look_that_she_reads(client_page, new_visitor, admin, member):
    client_page.get(f"/desk/people/{member.id}/erase")
    hers = new_visitor()
    hers.sign_in(member.id)
    assert "替您办注销的页面" in hers.get("/me/looks").text
