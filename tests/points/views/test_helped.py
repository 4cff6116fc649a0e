"""Somebody's points in her place over HTTP, without a script: every page stays with her, is labelled, and is seen."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.audit.models import AuditEntry
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem
from tests.factories.access import make_grant
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.harness.client import Visitor


@pytest.fixture
def helper(member: Member, village: Area) -> Member:
    with transaction():
        helper = make_member(village, display_name="何敏")
        make_mandate(member, helper)
        give(member, village, 100)
    return helper


@pytest.fixture
def rice(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader)


def test_three_taps_to_a_code_every_page_in_her_place(
    client_page: Visitor, new_visitor, member: Member, helper: Member, rice: RewardItem, village: Area
) -> None:
    client_page.sign_in(helper.id)
    here = f"/helped/{member.id}"
    page = client_page.get(f"{here}/points")
    assert page.h1 == "王桂芬的积分"
    assert client_page.last is not None
    assert "X-Keep" not in client_page.last.headers, "nothing of hers stays on this phone"
    for step in (f"{here}/shop", f"{here}/shop/items/{rice.id}"):
        assert step in page.links
        page = client_page.get(step)
        assert "正在替王桂芬代办" in page.text
    page = client_page.submit(page.form(f"{here}/shop/items/{rice.id}/redeem"))
    assert page.url.startswith(f"{here}/shop/orders/")
    assert "由何敏代办" in page.text
    order = page.url.removesuffix("/pick-up").rpartition("/")[2]
    with transaction():
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
    desk = new_visitor()
    desk.sign_in(keeper.id)
    page = desk.get(f"/desk/rewards/orders/{order}")
    assert "由何**代办" in page.text or "由何*代办" in page.text
    desk.submit(page.form("/hand"))
    elder = new_visitor()
    elder.sign_in(member.id)
    assert "何敏替您兑换了大米 5 斤" in elder.get("/inbox").text
    assert "由何敏代办" in elder.get("/points").text
    assert "由何敏代办" in elder.get(f"/shop/orders/{order}").text
    assert "代办时看了您的积分" in elder.get("/me/looks").text


def test_a_line_is_objected_to_in_her_place(client_page: Visitor, member: Member, helper: Member) -> None:
    client_page.sign_in(helper.id)
    here = f"/helped/{member.id}"
    line = next(one for one in client_page.get(f"{here}/points").links if one.startswith(f"{here}/points/"))
    page = client_page.get(line)
    about = next(one for one in page.links if "/appeals/new/" in one)
    assert about.startswith(here)
    page = client_page.submit(client_page.get(about).form(about), words="少记了一次")
    assert page.url.startswith(f"{here}/points/appeals/")
    assert "由何敏代办" in page.text
    page = client_page.submit(page.form("/withdraw"))
    assert "申诉撤回了" in page.text
    assert not page.all("form", action=page.url + "/take-up"), "that is hers to say"

    client_page.sign_in(member.id)
    page = client_page.get(page.url.removeprefix(here))
    assert "何敏替您撤回了申诉" in page.text
    old, page = page.url, client_page.submit(page.form("/take-up"))
    assert "最晚" in page.text
    assert "少记了一次" in page.text
    assert page.url in client_page.get(old).links, "the old one leads on"
    client_page.sign_in(helper.id)
    assert not client_page.get(here + page.url).all("form", action=here + page.url + "/withdraw"), "it is hers now"


def test_every_page_that_is_shown_leaves_a_look_and_a_refused_one_none(
    client_page: Visitor, member: Member, helper: Member, leader: Member
) -> None:
    looks = select(func.count()).select_from(AuditEntry).where(AuditEntry.act == "audit.look")
    client_page.sign_in(helper.id)
    client_page.get(f"/helped/{member.id}/points")
    client_page.get(f"/helped/{member.id}/shop")
    assert session().scalar(looks) == 2
    client_page.get("/points")
    client_page.get(f"/helped/{leader.id}/points", status=404)
    client_page.sign_in(leader.id)
    client_page.get(f"/helped/{member.id}/points", status=404)
    assert session().scalar(looks) == 2


def test_who_only_looks_is_offered_nothing_else(client_page: Visitor, member: Member, village: Area) -> None:
    with transaction():
        looker = make_member(village)
        make_mandate(member, looker, may_redeem=False, may_appeal=False)
        give(member, village, 5)
    client_page.sign_in(looker.id)
    here = f"/helped/{member.id}"
    page = client_page.get(f"{here}/points")
    assert f"{here}/shop" not in page.links
    line = next(one for one in page.links if one.startswith(f"{here}/points/"))
    assert not [one for one in client_page.get(line).links if "/appeals/" in one]
    client_page.get(f"{here}/shop/orders", status=403)
