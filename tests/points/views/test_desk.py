"""The desk sees what waits in its own area and the budgets of its own towns, and nothing of others."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, town_of
from tests.harness.client import Visitor


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
    return admin


def test_the_queue_shows_what_waits_here_with_its_reason_and_nothing_from_elsewhere(
    village: Area, member: Member, admin: Member, client_page: Visitor
) -> None:
    with transaction():
        elsewhere = make_village()
        open_books(town_of(elsewhere), budget=0)
        stranger = make_member(elsewhere, display_name="外镇人")
        subscribers.award_checkin(accepted(stranger, elsewhere))
        subscribers.hold_flagged_checkin(flagged(member, village, post_name="橹声里凉亭"))
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/awards")
    assert "橹声里凉亭" in page.text
    assert member.display_name in page.text
    assert "打卡待核对" in page.text
    assert "外镇人" not in page.text
    assert "没有待发放的积分" in client_page.get("/desk/awards?reason=budget").text
    assert "橹声里凉亭" in client_page.get("/desk/awards?reason=flagged").text


def test_names_are_masked_for_who_may_not_read_people(village: Area, member: Member, client_page: Visitor) -> None:
    with transaction():
        office = make_member(village, display_name="章立群")
        make_grant(office, "district_office", town_of(village))
        subscribers.hold_flagged_checkin(flagged(member, village))
    client_page.sign_in(office.id)
    page = client_page.get("/desk/awards")
    assert "王**" in page.text
    assert member.display_name not in page.text


def test_the_budget_page_shows_what_is_left_and_what_waits(admin: Member, client_page: Visitor) -> None:
    with transaction():
        village = make_village()
        town = town_of(village)
        open_books(town, budget=5)
        make_grant(admin, "town_admin", town)
        for _person in range(3):
            subscribers.award_checkin(accepted(make_member(village), village))
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/budget")
    assert "已用完" in page.text
    assert "2 笔，10 分" in page.text
    assert "10,000" in page.text, "her first town is there too"
    assert "的积分预算已用完" in client_page.get("/inbox").text


def test_a_village_admin_reads_no_budget_and_a_volunteer_no_queue_of_others(
    village: Area, member: Member, client_page: Visitor
) -> None:
    with transaction():
        subscribers.hold_flagged_checkin(flagged(make_member(village, display_name="另一位"), village))
        villager = make_member(village)
        make_grant(villager, "village_admin", village)
    client_page.sign_in(villager.id)
    client_page.get("/desk/budget", 403)
    assert "另一位" in client_page.get("/desk/awards").text
    client_page.sign_in(member.id)
    client_page.get("/desk/awards", 403)
