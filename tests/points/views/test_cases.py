"""The desk proposes awards and reversals with what they rest on; another one decides them, and may undo that."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import PointsCase
from community.points.services import spending
from community.points.services.posting import By
from tests.factories.deciding import earned, held_award, make_admin, manual_rule, photo, reviewed_rule
from tests.harness.client import Visitor
from tests.points.invariants import posted


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        return make_admin(village)


@pytest.fixture
def other(village: Area) -> Member:
    with transaction():
        return make_admin(village, "章立群", "association_admin")


def test_a_manual_award_is_proposed_with_a_picture_and_decided_by_another(
    village: Area, member: Member, admin: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        rule = manual_rule(village)
    client_page.sign_in(admin.id)
    url = f"/desk/awards/new/{member.id}"
    assert url in client_page.get(f"/desk/people/{member.id}").links
    form = client_page.get(url).form(url)
    missing = client_page.submit(form, status=422, rule=str(rule), reason="搬桌椅")
    assert "照片" in missing.text
    filled = client_page.get(url).form(url).filled(rule=str(rule), reason="搬桌椅")
    page = client_page.post(url, filled | {"photo": (io.BytesIO(photo()), "list.jpg")})
    for told in ("搬桌椅", "M01 第 1 版", "等决定", "自己提出的，要由另一位来定"):
        assert told in page.text
    case = session().scalars(select(PointsCase)).one()
    assert f"/pictures/{case.upload_id}" in " ".join(page.links)

    client_page.sign_in(other.id)
    assert client_page.client.get(f"/pictures/{case.upload_id}").status_code == 200
    page = client_page.get(f"/desk/cases/{member.id}/{case.id}")
    done = client_page.submit(page.form("/desk/decide"), act="approve")
    assert "已办好" in done.text
    undone = client_page.submit(next(form for form in done.forms if form.action.endswith("/undo")))
    assert "已撤销" in undone.text
    page = client_page.get(f"/desk/cases/{member.id}/{case.id}")
    client_page.submit(page.form("/desk/decide"), act="approve")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    assert posted(member) == 20
    line = session().get_one(PointsCase, case.id, populate_existing=True).done_txn_id
    client_page.sign_in(member.id)
    proof = client_page.get(f"/points/{line}")
    for told in ("章立群 核对后记入", "高培源", "搬桌椅", "看凭证照片"):
        assert told in proof.text
    assert client_page.client.get(f"/pictures/{case.upload_id}").status_code == 200


def test_a_reversal_says_before_and_after_what_can_not_be_taken(
    village: Area, member: Member, admin: Member, other: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        txn = earned(member, village)
        spending.spend(
            village.town_id, member.id, 3, kind="donate", by=By(member.id), evidence_ref="test:1", explain={}
        )
    client_page.sign_in(admin.id)
    url = f"/desk/awards/{member.id}/{txn}/reverse"
    assert url in client_page.get(f"/desk/awards/{member.id}/{txn}").links
    page = client_page.get(url)
    assert "有 3 分收不回" in page.text
    assert "这一笔最多 5" in page.text
    too_much = client_page.submit(page.form(url), status=422, amount="6", reason="弄错")
    assert "请填 1 到 5" in too_much.text
    made = client_page.submit(client_page.get(url).form(url), amount="5", reason="那天不在岗")
    assert "有 3 分收不回" in made.text
    assert "已经有人提出更正" in client_page.get(url).text

    client_page.sign_in(other.id)
    case = session().scalars(select(PointsCase)).one()
    client_page.submit(client_page.get(f"/desk/cases/{member.id}/{case.id}").form("/desk/decide"), act="approve")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    client_page.sign_in(member.id)
    assert "不追回" in client_page.get("/inbox").text
    line = session().get_one(PointsCase, case.id, populate_existing=True).done_txn_id
    proof = client_page.get(f"/points/{line}")
    for told in ("那天不在岗", "不再追回", "章立群 核对后记入", "我要申诉"):
        assert told in proof.text


def test_the_queue_reviews_many_at_once_and_tells_which_were_not_done(
    village: Area, member: Member, admin: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village)
        awards = [held_award(member, village), held_award(admin, village)]
    client_page.sign_in(admin.id)
    page = client_page.get("/desk?kind=review")
    assert "自己的积分不能自己定" in page.text
    asked = client_page.get(f"/desk/confirm?act=approve&item=review:{awards[0]}&item=review:{awards[1]}&kind=review")
    assert "看过依据再同意" in asked.text
    done = client_page.submit(asked.form("/desk/decide"))
    assert "自己的积分不能自己定" in done.text
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    # Five from the reviewed rule and five from P01.
    assert (posted(member), posted(admin)) == (10, 5)


def test_a_waiting_award_is_opened_and_refused_with_a_reason_that_the_member_reads(
    village: Area, member: Member, admin: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    with transaction():
        reviewed_rule(village)
        award = held_award(member, village)
    client_page.sign_in(admin.id)
    opened = f"/desk/awards/waiting/{member.id}/{award}"
    assert opened in client_page.get("/desk/awards?reason=review").links
    page = client_page.get(opened)
    refuse = next(link for link in page.links if link.startswith("/desk/confirm"))
    client_page.submit(client_page.get(refuse).form("/desk/decide"), reason="名单里没有")
    frozen_clock.tick(seconds=10)
    jobs.post_decided()
    client_page.sign_in(member.id)
    page = client_page.get(f"/points/waiting/{award}")
    assert "复核没有通过" in page.text
    assert "名单里没有" in page.text
