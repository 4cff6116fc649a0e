"""A volunteer sees her points and opens every number; nobody else sees them but staff of the place."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event, select

from community.audit.models import AuditEntry
from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import db, session, transaction
from community.points import subscribers
from community.points.models import Txn
from community.points.services import expiring, holding, reversing, spending
from community.points.services.posting import By
from community.points.views import pages
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import give, make_item, make_order
from tests.factories.patrols import Scene, make_scene
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, flagged, open_books, settled, town_of
from tests.harness.client import Visitor


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        scene = make_scene()
        open_books(town_of(scene.village), years=(2026, 2027))
    return scene


def earn(scene: Scene, **overrides: object) -> int:
    """Let the member earn by a check-in; return the posting."""
    with transaction():
        subscribers.award_checkin(accepted(scene.member, scene.village, **overrides))
    return session().scalars(select(Txn.id).order_by(Txn.id.desc())).first() or 0


def test_without_points_the_page_says_how_to_get_the_first(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.get("/points")
    assert "还没有积分" in page.text
    assert page.all("a", href="/p")


def test_scan_tap_receipt_points_line_and_its_proof(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    landing = client_page.get(f"/p/{scene.token}")
    receipt = client_page.submit(
        landing.form(f"/p/{scene.token}/checkin"), lat="30.2", lon="120.3", acc="20", age_ms="0"
    )
    assert "+5" in receipt.text
    assert "21 点到 22 点的第一次" in receipt.text

    page = client_page.get("/points")
    assert "5可用积分" in page.text
    assert "其中 5 分最早到期：2028年11月23日" in page.text
    txn = session().scalars(select(Txn)).one()
    proof = client_page.get(f"/points/{txn.id}")
    assert proof.h1 == "为什么有这 5 分"
    for told in ("每个巡逻小时内第一次有效打卡记5分", "P01 第 1 版", "志愿者联合会第1号决议", "0 + 5 = 5",
                 "2028年11月23日", "按规则自动记入", "5 分，上限 10 分"):  # fmt: skip
        assert told in proof.text
    assert proof.one("a", href=f"/checkins/{txn.evidence_ref.removeprefix('checkin:')}")


def test_a_second_scan_in_the_hour_says_why_it_earned_nothing(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(scene.member.id)
    for _scan in range(2):
        landing = client_page.get(f"/p/{scene.token}")
        receipt = client_page.submit(landing.form(f"/p/{scene.token}/checkin"), pos_denied="1")
        frozen_clock.tick(minutes=10)
    assert "这一小时已经计过一次分" in receipt.text
    assert "打卡和时长照记" in receipt.text


def test_a_flagged_scan_shows_the_waiting_points_on_receipt_and_list(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        session().merge(scene.post).state = "paused"
    client_page.sign_in(scene.member.id)
    landing = client_page.get(f"/p/{scene.token}")
    receipt = client_page.submit(landing.form(f"/p/{scene.token}/checkin"), pos_denied="1")
    assert "待发放" in receipt.text
    page = client_page.get("/points")
    assert "待发放 +5" in page.text
    assert "打卡待核对" in page.text
    assert "48 小时" in page.text


def test_a_refused_award_keeps_its_reason_in_sight(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        doubtful = flagged(scene.member, scene.village)
        subscribers.hold_flagged_checkin(doubtful)
        subscribers.settle_checkin(settled(doubtful, accepted=False, by=scene.admin, reason="在家误扫了照片"))
    client_page.sign_in(scene.member.id)
    page = client_page.get("/points")
    assert "不计分" in page.text
    assert "在家误扫了照片" in page.text


def test_lines_come_by_months_fifty_a_page(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    for _day in range(53):
        earn(scene)
        frozen_clock.tick(days=1)
    client_page.sign_in(scene.member.id)
    first = client_page.get("/points")
    assert [head.text for head in first.all("h2")] == ["1月", "2026年12月", "2026年11月"]
    older = client_page.get(first.one("a", rel="next").attrib["href"])
    assert [
        len([link for link in page.links if link.removeprefix("/points/").isdigit()]) for page in (first, older)
    ] == [50, 3]


@pytest.mark.parametrize("lines", [3, 60])
def test_a_page_of_lines_costs_three_statements_whatever_the_history(
    scene: Scene, frozen_clock: FrozenClock, lines: int
) -> None:
    for _day in range(lines):
        earn(scene)
        frozen_clock.tick(days=1)
    actor, seen = actor_of(scene.member), []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        shown = pages.mine(actor, None, None)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert sum(len(of_month) for _month, of_month in shown.months) == min(lines, 50)
    assert seen.count("SELECT") == 3


def test_another_members_line_does_not_exist_for_her(scene: Scene, client_page: Visitor) -> None:
    txn_id = earn(scene)
    with transaction():
        stranger = make_member(scene.village)
    client_page.sign_in(stranger.id)
    client_page.get(f"/points/{txn_id}", 404)
    client_page.get("/points/1", 404)
    client_page.get(f"/desk/awards/{scene.member.id}/{txn_id}", 403)


def test_staff_of_the_place_see_the_line_and_leave_a_trace_staff_of_another_do_not(
    scene: Scene, client_page: Visitor
) -> None:
    txn_id = earn(scene)
    with transaction():
        foreign = make_member(make_village())
        make_grant(foreign, "village_admin", make_village())
    client_page.sign_in(foreign.id)
    client_page.get(f"/points/{txn_id}", 404)

    client_page.sign_in(scene.admin.id)
    answer = client_page.client.get(f"/points/{txn_id}")
    assert answer.headers["Location"] == f"/desk/awards/{scene.member.id}/{txn_id}"
    page = client_page.get(answer.headers["Location"])
    assert scene.member.display_name in page.text
    looks = session().scalars(select(AuditEntry.act).where(AuditEntry.actor_id == scene.admin.id)).all()
    assert looks == ["audit.look"]
    client_page.get(f"/desk/awards/{foreign.id}/{txn_id}", 404)


def test_english_readers_get_the_rule_in_english(scene: Scene, client_page: Visitor) -> None:
    txn_id = earn(scene)
    client_page.sign_in(scene.member.id)
    client_page.client.set_cookie("linli_look", "std.auto.en", domain="linli.test")
    assert "the first accepted check-in in each hour earns 5 points" in client_page.get(f"/points/{txn_id}").text


def test_a_line_of_every_kind_has_a_title_and_a_page_with_its_arithmetic(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    town_id = town_of(scene.village).id
    wrong = earn(scene)
    with transaction():
        reversing.reverse(
            wrong, 2, by=By(0, scene.admin.id), evidence_ref="case:1", reason_code="wrong", explain={"words": "重复"}
        )
        give(scene.member, scene.village, 20, days=3)
        give(scene.member, scene.village, 9, days=5)
        order_id = make_order(scene.member, make_item(scene.village, scene.admin), 12)
        holding.hold(town_id, scene.member.id, 12, order_id=order_id, expires_at=clock.now())
        holding.post(
            order_id, kind="redeem", by=By(scene.admin.id), evidence_ref=f"order:{order_id}", explain={"what": "大米"}
        )
        spending.spend(
            town_id, scene.member.id, 4, kind="donate", by=By(scene.member.id), evidence_ref="order:2",
            explain={"what": "路灯", "what_en": "Street lamps"},
        )  # fmt: skip
    frozen_clock.tick(days=4)
    with transaction():
        expiring.expire_town(town_id, clock.today())
    client_page.sign_in(scene.member.id)
    page = client_page.get("/points")
    for title in ("晚潮苑南门岗", "更正：晚潮苑南门岗", "从原来的账本转入", "兑换：大米", "捐赠：路灯", "积分到期"):
        assert title in page.text
    told = {
        "redeem": ("12（有效期到 11月26日）", f"{scene.admin.display_name} 办理", "32 − 12 = 20"),
        "donate": ("20 − 4 = 16",),
        "expire": ("16 − 4 = 12",),
        "reverse": ("5 − 2 = 3",),
    }
    for kind, words in told.items():
        txn_id = session().scalars(select(Txn.id).where(Txn.kind == kind)).one()
        proof = client_page.get(f"/points/{txn_id}")
        assert [word for word in words if word not in proof.text] == [], proof.text
