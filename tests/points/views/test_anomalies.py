"""The list of what to look at again: in words, with a way to each posting, and marked when somebody looked."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.points import add_rule, town_of
from tests.harness.client import Visitor
from tests.points.invariants import posted
from tests.points.queries.test_anomalies import award


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
    return admin


@pytest.fixture
def version(village: Area) -> int:
    with transaction():
        return add_rule(town_of(village), trigger="Manual", once_per="", cap_day=None)


def approve(version: int, member: Member, village: Area, approver: Member, count: int) -> None:
    with transaction():
        for _number in range(count):
            award(version, member, village, approver)


def test_a_flag_is_read_opened_marked_and_comes_back_when_there_is_more(
    village: Area, member: Member, leader: Member, admin: Member, version: int, client_page: Visitor
) -> None:
    approve(version, member, village, leader, 6)
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/anomalies")
    assert f"孙卫东 通过的 6 笔里，有 6 笔是给 {member.display_name} 的" in page.text
    address = f"/desk/anomalies/{village.town_id}"
    refused = client_page.submit(page.form(address), 422, words="好")
    assert "请用 2 到 200 个字" in refused.text
    page = client_page.submit(refused.form(address), words="同一场活动")
    assert "没有要再看的" in page.text
    assert "高培源 在 11月23日 21:07 看过：同一场活动" in page.text
    assert posted(member) == 30
    approve(version, member, village, leader, 1)
    page = client_page.get("/desk/anomalies")
    assert "看过以后又多了" in page.text
    assert "同一场活动" in page.text
    assert page.form(address).filled()["words"] == ""


def test_what_is_about_herself_has_no_button(
    village: Area, member: Member, admin: Member, version: int, client_page: Visitor
) -> None:
    approve(version, member, village, admin, 6)
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/anomalies")
    assert "要由别人来看" in page.text
    assert "看过了" not in page.text


def test_names_are_masked_for_the_district_and_others_do_not_read_the_list(
    village: Area, member: Member, leader: Member, version: int, client_page: Visitor
) -> None:
    approve(version, member, village, leader, 6)
    with transaction():
        office, villager = make_member(village, display_name="章立群"), make_member(village)
        make_grant(office, "district_office", town_of(village))
        make_grant(villager, "village_admin", village)
    client_page.sign_in(office.id)
    page = client_page.get("/desk/anomalies")
    assert "孙**" in page.text
    assert "孙卫东" not in page.text
    client_page.sign_in(villager.id)
    client_page.get("/desk/anomalies", 403)


def test_who_reads_the_people_of_one_village_reads_no_names_of_the_whole_town(
    village: Area, member: Member, leader: Member, version: int, client_page: Visitor
) -> None:
    approve(version, member, village, leader, 6)
    with transaction():
        both = make_member(village, display_name="章立群")
        make_grant(both, "district_office", town_of(village))
        make_grant(both, "village_admin", village)
    client_page.sign_in(both.id)
    page = client_page.get("/desk/anomalies")
    assert "孙**" in page.text
    assert "孙卫东" not in page.text
