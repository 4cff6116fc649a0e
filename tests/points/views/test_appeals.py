"""From a line or a refusal to an objection, its clock, its answer by somebody new, and what follows."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import Appeal, Award, PointsCase
from community.points.services import appealing, cases
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import earned, make_admin, manual_rule
from tests.factories.people import make_member
from tests.factories.points import flagged, settled, town_of
from tests.harness.client import Visitor
from tests.points.invariants import posted


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        return make_admin(village)


@pytest.fixture
def other(village: Area) -> Member:
    with transaction():
        return make_admin(village, "方敏", "village_admin")


@pytest.fixture
def refused(village: Area, member: Member, admin: Member) -> int:
    with transaction():
        doubtful = flagged(member, village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=admin, reason="在家误扫"))
    return session().scalars(select(Award.id).where(Award.subject_id == member.id)).one()


def object_to(client: Visitor, start: str) -> str:
    """Object from the page `start`; returns the address of the objection."""
    page = client.get(start)
    link = next(link for link in page.links if link.startswith("/points/appeals/new/"))
    client.submit(client.get(link).form(link), words="我在岗，老李能证明")
    made = session().scalars(select(Appeal).order_by(Appeal.created_at.desc())).first()
    assert made
    return f"/points/appeals/{made.id}"


def test_a_refused_award_is_objected_to_answered_by_another_and_posted(
    refused: int, member: Member, admin: Member, other: Member, client_page: Visitor
) -> None:
    client_page.sign_in(member.id)
    waiting = next(link for link in client_page.get("/points").links if link.startswith("/points/waiting/"))
    page = client_page.get(waiting)
    for told in ("为什么没有发放", "打卡核对为无效", "在家误扫", "高培源", "P01 第 1 版", "7 天内答复"):
        assert told in page.text
    appeal = object_to(client_page, waiting)
    page = client_page.get(appeal)
    assert "最晚 11月30日 答复" in page.text
    assert appeal in client_page.get(waiting).links, "the page leads to the objection now"

    desk = f"/desk/appeals/{member.id}/{appeal.rpartition('/')[2]}"
    client_page.sign_in(admin.id)
    assert "原来是您经手的" in client_page.get("/desk/appeals").text
    assert not client_page.get(desk).all("form", action=desk)
    client_page.sign_in(other.id)
    assert "积分申诉" in client_page.get("/desk").text
    page = client_page.get(desk)
    assert "老李能证明" in page.text
    refusal = client_page.submit(page.form(desk), status=422, decision="changed")
    assert "请写明怎么看的" in refusal.text
    done = client_page.submit(page.form(desk), decision="changed", answer="问过同组，她在岗")
    assert "已更正" in done.text
    assert posted(member) == 5

    client_page.sign_in(member.id)
    page = client_page.get(appeal)
    assert "问过同组，她在岗" in page.text
    proof = next(link for link in page.links if link.startswith("/points/") and link.rpartition("/")[2].isdigit())
    assert "方敏 核对后记入" in client_page.get(proof).text
    assert "您的积分申诉有了答复" in client_page.get("/inbox").text


def test_a_missing_part_of_a_posting_is_proposed_by_a_rule_chosen_in_the_answer(
    village: Area, member: Member, admin: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn, rule = earned(member, village), manual_rule(village)
    client_page.sign_in(member.id)
    appeal = object_to(client_page, f"/points/{txn}")
    desk = f"/desk/appeals/{member.id}/{appeal.rpartition('/')[2]}"
    client_page.sign_in(other.id)
    page = client_page.get(desk)
    missing = client_page.submit(page.form(desk), status=422, decision="changed", answer="还差搬桌椅的一份")
    assert "请选按哪一条规则补记" in missing.text
    done = client_page.submit(
        client_page.get(desk).form(desk), decision="changed", answer="还差搬桌椅的一份", rule=str(rule)
    )
    case = next(link for link in done.links if link.startswith("/desk/cases/") and link != "/desk/cases")
    assert "自己提出的，要由另一位来定" in client_page.get(case).text
    client_page.sign_in(admin.id)
    assert client_page.get(case).all("form", action="/desk/decide")
    client_page.sign_in(member.id)
    assert "已更正" not in client_page.get(appeal).text

    with transaction():
        cases.vote(actor_of(admin), session().scalars(select(PointsCase.id)).one(), accept=False, words="名单里没有")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    client_page.sign_in(other.id)
    assert "没有记成" in client_page.get(desk).text
    client_page.sign_in(member.id)
    assert "申诉后要补记的一笔没有记成" in client_page.get("/inbox").text
    page = client_page.get(object_to(client_page, appeal))
    for told in ("申诉后要补记的", "名单里没有", "等答复"):
        assert told in page.text
    client_page.sign_in(other.id)
    assert "申诉后要补记的" in client_page.get("/desk/appeals").text


def test_an_objection_is_withdrawn_while_it_is_open(refused: int, member: Member, client_page: Visitor) -> None:
    client_page.sign_in(member.id)
    appeal = object_to(client_page, f"/points/waiting/{refused}")
    page = client_page.get(appeal)
    assert "您撤回了" in client_page.submit(page.form(f"{appeal}/withdraw")).text


def test_an_objection_past_its_day_is_marked_at_the_desk_and_said_to_its_member(
    refused: int, member: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(member.id)
    appeal = object_to(client_page, f"/points/waiting/{refused}")
    frozen_clock.tick(days=8)
    client_page.sign_in(member.id)
    assert "已经过了答复的日子" in client_page.get(appeal).text
    client_page.sign_in(other.id)
    desk = f"/desk/appeals/{member.id}/{appeal.rpartition('/')[2]}"
    assert desk in client_page.get("/desk/appeals").links
    assert "已过答复的日子" in client_page.get(desk).text


def test_an_objection_that_went_up_says_everywhere_the_day_that_holds_now(
    village: Area, refused: int, member: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        top = make_member(village, display_name="上")
        make_grant(top, "district_office", session().get_one(Area, town_of(village).parent_id))
    client_page.sign_in(member.id)
    appeal = object_to(client_page, f"/points/waiting/{refused}")
    frozen_clock.tick(days=8)
    jobs.raise_appeals()
    client_page.sign_in(member.id)
    page = client_page.get(appeal)
    assert "最晚 12月8日 答复" in page.text
    assert "已经过了答复的日子" not in page.text
    assert "最晚 12月8日 答复" in client_page.get(f"/points/waiting/{refused}").text
    client_page.sign_in(top.id)
    desk = f"/desk/appeals/{member.id}/{appeal.rpartition('/')[2]}"
    for url in (desk, "/desk/appeals"):
        page = client_page.get(url)
        assert "12月8日" in page.text
        assert "11月30日" not in page.text
        assert "已过答复的日子" not in page.text
    assert "最晚 12月8日 答复" in client_page.get("/desk").text


def test_somebody_elses_rows_cannot_be_objected_to_nor_read(
    refused: int, member: Member, leader: Member, client_page: Visitor
) -> None:
    client_page.sign_in(member.id)
    appeal = object_to(client_page, f"/points/waiting/{refused}")
    client_page.sign_in(leader.id)
    for url in (appeal, f"/points/waiting/{refused}", f"/points/appeals/new/award:{refused}"):
        client_page.get(url, 404)
    client_page.get("/desk/appeals", 403)


def test_the_public_ledger_of_a_town_says_how_long_answers_take(
    village: Area, refused: int, member: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        appeal = appealing.appeal(actor_of(member), f"award:{refused}", "我在岗")
    frozen_clock.tick(days=3)
    with transaction():
        appealing.decide(actor_of(other), appeal, change=False, answer="看过记录")
    page = client_page.get(f"/ledger/{town_of(village).code}")
    assert "一年里提出1" in page.text
    assert "一半的申诉在 3.0 天内有了答复" in page.text
    assert member.display_name not in page.text
