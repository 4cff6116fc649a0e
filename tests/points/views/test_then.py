"""Points on a day of the past: her own at any time, for staff with a reason that she reads."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.models import Txn
from community.points.services import reversing
from community.points.services.posting import By
from tests.factories.access import make_grant
from tests.factories.ledger import give
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, open_books, town_of
from tests.harness.client import Visitor


@pytest.fixture
def corrected(village: Area, member: Member, leader: Member, frozen_clock: FrozenClock) -> int:
    """On 23 November 5 points were known; 3 of them were taken back ten days later. The award's posting."""
    with transaction():
        subscribers.award_checkin(accepted(member, village))
        give(member, village, 45, days=None, asset="minutes")
    wrong = session().scalars(select(Txn.id).where(Txn.kind == "award")).one()
    frozen_clock.tick(days=10)
    with transaction():
        reversing.reverse(wrong, 3, by=By(0, leader.id), evidence_ref="case:1", reason_code="wrong", explain={})
    return wrong


def test_both_numbers_stand_beside_each_other_with_the_corrections_between_them(
    member: Member, corrected: int, client_page: Visitor
) -> None:
    client_page.sign_in(member.id)
    page = client_page.get(client_page.get("/points").one("a", href="/points/then").attrib["href"])
    page = client_page.get(f"{page.form('/points/then').action}?on=2026-11-23")
    for said in ("5 分那天知道的", "2 分按现在知道的", "45 分钟", "11月23日的事，12月3日记下", "两个数一样"):
        assert said in page.text
    line = next(link for link in page.links if link.startswith("/points/") and link.rpartition("/")[2].isdigit())
    assert "−3" in client_page.get(line).text


@pytest.mark.parametrize("asked", ["2027-01-01", "1999-12-31", "yesterday", "2026-02-30"])
def test_a_day_that_is_none_or_lies_ahead_says_so_and_shows_the_end_of_last_month(
    member: Member, corrected: int, client_page: Visitor, asked: str
) -> None:
    client_page.sign_in(member.id)
    page = client_page.get(f"/points/then?on={asked}")
    assert "请选今天或以前的一天" in page.text
    assert page.one("input", name="on").attrib["value"] == "2026-11-30"


def test_staff_see_it_for_a_reason_which_she_reads(
    village: Area, member: Member, corrected: int, client_page: Visitor
) -> None:
    with transaction():
        admin = make_member(village, display_name="邵文静")
        make_grant(admin, "village_admin", village)
    client_page.sign_in(admin.id)
    where = f"/desk/people/{member.id}/points-then"
    form = client_page.get(f"/desk/people/{member.id}").form(where)
    for why in ("", "看看", "1111"):
        refused = client_page.submit(form, 422, then_on="2026-11-23", then_why=why)
        assert "那天知道的" not in refused.text
    client_page.submit(form, 422, then_on="2026-12-31", then_why="核对她的申诉")
    shown = client_page.submit(form, 200, then_on="2026-11-23", then_why="核对她的申诉")
    for said in ("5 分那天知道的", "2 分按现在知道的", "11月23日的事，12月3日记下"):
        assert said in shown.text
    looks = session().execute(
        select(AuditEntry.reason, AuditEntry.object_id).where(AuditEntry.details["why"].as_string() == "points.then")
    ).all()  # fmt: skip
    assert looks == [("核对她的申诉", str(member.id))]
    client_page.sign_in(member.id)
    hers = client_page.get("/me/looks").text
    assert "您的积分在某一天" in hers
    assert "核对她的申诉" in hers


def test_staff_of_another_place_learn_nothing_and_leave_no_trace(
    village: Area, member: Member, corrected: int, client_page: Visitor
) -> None:
    with transaction():
        there = make_village()
        foreign = make_member(there)
        make_grant(foreign, "village_admin", there)
    client_page.sign_in(foreign.id)
    token = client_page.token()
    data = {"csrf_token": token, "then_on": "2026-11-23", "then_why": "核对她的申诉"}
    client_page.post(f"/desk/people/{member.id}/points-then", data, 404)
    client_page.sign_in(member.id)
    token = client_page.token()
    client_page.post(f"/desk/people/{member.id}/points-then", data | {"csrf_token": token}, 403)
    assert not session().scalars(select(AuditEntry.id).where(AuditEntry.act == "audit.look")).all()


def test_what_she_has_in_a_town_that_staff_do_not_answer_for_stays_hidden(
    village: Area, member: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        open_books(town_of(elsewhere))
        give(member, elsewhere, 77)
        give(member, village, 8)
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
    client_page.sign_in(admin.id)
    where = f"/desk/people/{member.id}/points-then"
    form = client_page.get(f"/desk/people/{member.id}").form(where)
    day = clock.today().isoformat()
    shown = client_page.submit(form, 200, then_on=day, then_why="核对她的申诉")
    assert "8 分" in shown.text
    assert "77" not in shown.text
