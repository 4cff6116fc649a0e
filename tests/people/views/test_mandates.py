"""Mandates over HTTP, without a script: offered on one phone, confirmed on the other, ended from either."""

from __future__ import annotations

import re

import pytest

from community.core.db import transaction
from community.core.ids import new_uuid
from community.people.models import Member
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def pair() -> tuple[Member, Member]:
    with transaction():
        village = make_village()
        return make_member(village, display_name="何秀珍"), make_member(village, display_name="何敏", age_band="18-59")


def test_offered_confirmed_and_ended(client_page: Visitor, new_visitor, pair: tuple[Member, Member]) -> None:
    elder, helper = pair
    client_page.sign_in(helper.id)
    assert "/me/mandates" in client_page.get("/me").links
    page = client_page.submit(client_page.get("/me/mandates/ask").form("/me/mandates/ask"), days="90")
    shown = re.search(r"([0-9a-z]{4}) ([0-9a-z]{4})", page.text)
    assert shown
    phone = new_visitor()
    phone.sign_in(elder.id)
    page = phone.submit(phone.get("/me/mandates").form("/me/mandates/code"), code=f"{shown[1]} {shown[2]}")
    assert page.h1 == "让何敏替我办？"
    page = phone.submit(page.form(f"/confirm/{shown[1]}{shown[2]}"), status=422)
    assert "请先确认认识这个人" in page.text
    page = phone.submit(page.form(f"/confirm/{shown[1]}{shown[2]}"), known="y")
    assert "可以代办" in page.text
    assert "何敏" in phone.get("/inbox").text
    assert "何秀珍" in client_page.get("/me/mandates").text
    assert client_page.get(f"/helped/{elder.id}/points").h1 == "何秀珍的积分"
    page = phone.submit(page.form("/end"))
    assert "已停掉" in page.text
    client_page.get(f"/helped/{elder.id}/points", status=404)
    assert "代办授权停了" in client_page.get("/inbox").text


def test_a_wrong_code_is_said_kindly(client_page: Visitor, pair: tuple[Member, Member]) -> None:
    client_page.sign_in(pair[0].id)
    form = client_page.get("/me/mandates").form("/me/mandates/code")
    assert "代办码是 8 位" in client_page.submit(form, code="123", status=422).text
    page = client_page.get("/me/mandates/confirm/00000000", status=404)
    assert "过期" in page.text


def test_declining_leaves_nothing(client_page: Visitor, new_visitor, pair: tuple[Member, Member]) -> None:
    client_page.sign_in(pair[1].id)
    page = client_page.submit(client_page.get("/me/mandates/ask").form("/me/mandates/ask"))
    link = next(one for one in page.links if "/confirm/" in one)
    phone = new_visitor()
    phone.sign_in(pair[0].id)
    page = phone.submit(phone.get(link).form(f"/decline/{link[-8:]}"))
    assert "没有同意" in page.text
    phone.get(link, status=404)


def test_nobody_else_sees_a_mandate(client_page: Visitor, pair: tuple[Member, Member]) -> None:
    with transaction():
        mandate = make_mandate(*pair)
        stranger = make_member()
    client_page.sign_in(stranger.id)
    client_page.get(f"/me/mandates/{mandate.mandate_id}", status=404)
    client_page.sign_in(pair[0].id)
    assert "何敏替何秀珍代办" in client_page.get(f"/me/mandates/{mandate.mandate_id}").text


@pytest.mark.parametrize("door", ["/me/mandates/confirm/{}", "/me/mandates/decline/{}", "/family/join/{}"])
def test_wrong_codes_are_counted_at_every_door_together(
    client_page: Visitor, pair: tuple[Member, Member], door: str
) -> None:
    client_page.sign_in(pair[0].id)
    token = client_page.get("/me/mandates").form("/me/mandates/code").filled()["csrf_token"]

    def tap(code: str) -> int:
        # Whole where it is a form: what is wrong is the code alone.
        filled = {
            "csrf_token": token,
            "command_key": str(new_uuid()),
            "sure": "y",
            "known": "y",
            "cap": "0",
            "roll": "1",
        }
        return client_page.client.post(door.format(code), data=filled).status_code

    assert [tap(f"0000{number:04}") for number in range(30)] == [404] * 30
    assert tap("00009999") == 429
    assert client_page.client.get("/me/mandates/confirm/00009999").status_code == 429
    assert client_page.client.get("/family/join/00009999").status_code == 429
