"""Rules at the desk, as people work there: draft, try, publish by another, answer, withdraw; without any script."""

from __future__ import annotations

from io import BytesIO

import pytest
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points import jobs, subscribers
from community.points.models import RuleSet, RuleVersion, Txn
from community.points.services import proposing
from tests.core.test_uploads import pdf, photo
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.points import accepted, town_of
from tests.factories.rules import make_set, published
from tests.harness.client import Visitor


@pytest.fixture
def writer(village: Area) -> Member:
    with transaction():
        member = make_member(village, display_name="高培源")
        make_grant(member, "town_admin", town_of(village))
    return member


@pytest.fixture
def publisher(village: Area) -> Member:
    with transaction():
        member = make_member(village, display_name="章立群")
        make_grant(member, "town_admin", town_of(village))
    return member


FILLED = {
    "text_zh": "每个小时第一次有效打卡记6分，每天最多12分。",
    "trigger": "CheckInAccepted",
    "asset": "points",
    "amount": "6",
    "once_per": "hour",
    "cap_day": "12",
    "min_grade": "D",
    "expires_months": "24",
}


def test_from_draft_to_the_first_day_in_force(
    village: Area, writer: Member, publisher: Member, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(writer.id)
    desk = client_page.get("/desk/rules")
    page = client_page.submit(desk.form("/desk/rules"), area_id=str(town_of(village).id), title="冬季规则")
    assert "草案建好了" in page.text
    made = session().scalars(select(RuleSet)).one()
    form = client_page.get(f"/desk/rules/{made.id}/rule").form("/rule")
    refused = client_page.submit(form, 422, **(FILLED | {"text_zh": "告发可疑人员，每条记六分。"}))
    assert "不能写进规则" in refused.text
    assert "告发可疑人员，每条记六分。" in refused.text, "what was typed is still there"
    for amount in ("-6", "0", "6.5", "六"):
        assert "请填 1 以上的整数" in client_page.submit(form, 422, **(FILLED | {"amount": amount})).text
    page = client_page.submit(form, **FILLED)
    assert "新规则" in page.text
    page = client_page.submit(page.form(f"/desk/rules/{made.id}/simulate"))
    assert "试算好了" in page.text
    assert "预算够" in page.text
    assert "要请另一位有权限的人" in page.text

    client_page.sign_in(publisher.id)
    page = client_page.get(f"/desk/rules/{made.id}")
    page = client_page.submit(
        page.form(f"/desk/rules/{made.id}/publish"),
        resolution_body="居民代表会议", resolution_no="2026-7", resolution_on="2026-11-22", effective_on="2026-12-01",
        photo=(BytesIO(photo()), "x.jpg"),
    )  # fmt: skip
    assert "公示了" in page.text
    frozen_clock.tick(days=8)
    jobs.adopt_rules()
    newest = session().scalars(select(RuleVersion).where(RuleVersion.rule_set_id == made.id)).one()
    assert newest.amount == 6
    assert "已施行" in client_page.get(f"/desk/rules/{made.id}").text

    # The first award under it, on its first day, beside what the older rule gives; and why.
    with transaction():
        subscribers.award_checkin(accepted(writer, village))
    assert [txn.rule_version_id for txn in session().scalars(select(Txn))] != [newest.id], "today is still the old day"
    frozen_clock.tick(days=1)
    with transaction():
        subscribers.award_checkin(accepted(writer, village))
    txn = session().scalars(select(Txn).where(Txn.rule_version_id == newest.id)).one()
    client_page.sign_in(writer.id)
    proof = client_page.get(f"/points/{txn.id}").text
    assert "每个小时第一次有效打卡记6分" in proof
    assert "居民代表会议 2026-7" in proof


def test_objections_are_answered_at_the_desk_and_stand_on_the_public_page(
    village: Area, member: Member, writer: Member, publisher: Member, client_page: Visitor
) -> None:
    with transaction():
        made = published(actor_of(writer), actor_of(publisher), town_of(village))
    client_page.sign_in(member.id)
    page = client_page.get(f"/rules/sets/{made}")
    assert "公示到" in page.text
    form = page.form(f"/rules/sets/{made}/object")
    assert "请用 5 到 500 个字" in client_page.submit(form, 422, words="不好").text
    page = client_page.submit(form, words="每天上限太低，夜班的人不够。")
    assert "等答复" in page.text
    assert member.display_name not in page.text.replace("王**", "")

    client_page.sign_in(writer.id)
    assert "1 条异议等答复" in client_page.get("/desk").text
    page = client_page.get(f"/desk/rules/{made}")
    (found,) = [form for form in page.forms if "/objections/" in form.action]
    (name,) = [name for name in found.fields if name.endswith("answer")]
    page = client_page.submit(found, **{name: "夜班由另一条规则记，不占这个上限。"})
    assert "已答复" in page.text
    client_page.sign_out()
    assert "夜班由另一条规则记" in client_page.get(f"/rules/sets/{made}").text


def test_a_draft_is_shown_to_nobody_outside_the_desk(
    village: Area, member: Member, writer: Member, client_page: Visitor
) -> None:
    with transaction():
        made = make_set(actor_of(writer), town_of(village))
    client_page.get(f"/rules/sets/{made}", 404)
    client_page.sign_in(member.id)
    client_page.get(f"/desk/rules/{made}", 403)


def test_a_draft_is_changed_taken_out_ended_and_withdrawn(village: Area, writer: Member, client_page: Visitor) -> None:
    with transaction():
        made = make_set(actor_of(writer), town_of(village))
    client_page.sign_in(writer.id)
    page = client_page.get(f"/desk/rules/{made}")
    (edit,) = [href for href, words in page.links.items() if words == "修改"]
    page = client_page.submit(client_page.get(edit).form(edit), amount="8", cap_day="16")
    assert "8 分" in page.text
    page = client_page.submit(page.form("/end"))
    assert "停用" in page.text
    remove = next(form for form in page.forms if form.action.endswith("/remove"))
    page = client_page.submit(remove)
    assert "这一条不写了" in page.text
    form = page.form("/withdraw")
    assert "请写明原因" in client_page.submit(form, 422, reason="").text
    assert "已撤回" in client_page.submit(form, reason="先听听大家的").text


def test_the_resolution_s_picture_is_public_with_the_set(
    village: Area, writer: Member, publisher: Member, client_page: Visitor
) -> None:
    with transaction():
        made = make_set(actor_of(writer), town_of(village))
        proposing.simulate(actor_of(writer), made)
    client_page.sign_in(publisher.id)
    form = client_page.get(f"/desk/rules/{made}").form("/publish")
    values = {
        "resolution_body": "居民代表会议", "resolution_no": "2026-7", "resolution_on": "2026-11-22",
        "effective_on": "2026-12-01",
    }  # fmt: skip
    assert "请传上决议的照片或 PDF" in client_page.submit(form, 422, **values).text, "who adopted it must be seen"
    spoiled = client_page.submit(form, 422, **values, photo=(BytesIO(b"no picture"), "x.jpg"))
    assert "居民代表会议" in str(spoiled.form("/publish").fields)
    page = client_page.submit(form, **values, photo=(BytesIO(photo()), "x.jpg"))
    assert "看决议的照片" in page.text
    client_page.sign_out()
    page = client_page.get(f"/rules/sets/{made}")
    (href,) = [href for href in page.links if href.startswith("/pictures/")]
    assert client_page.client.get(href).status_code == 200


def test_a_resolution_sent_as_a_pdf_is_downloaded_and_one_that_could_act_is_refused(
    village: Area, writer: Member, publisher: Member, client_page: Visitor
) -> None:
    with transaction():
        made = make_set(actor_of(writer), town_of(village))
        proposing.simulate(actor_of(writer), made)
    client_page.sign_in(publisher.id)
    form = client_page.get(f"/desk/rules/{made}").form("/publish")
    values = {
        "resolution_body": "居民代表会议", "resolution_no": "2026-7", "resolution_on": "2026-11-22",
        "effective_on": "2026-12-01",
    }  # fmt: skip
    acting = pdf(b"5 0 obj\n<</S/JavaScript/JS(app.alert(1))>>\nendobj\n")
    spoiled = client_page.submit(form, 422, **values, photo=(BytesIO(acting), "x.pdf"))
    assert "带着程序" in spoiled.text
    page = client_page.submit(spoiled.form("/publish"), **values, photo=(BytesIO(pdf()), "x.pdf"))
    assert "下载决议（PDF）" in page.text
    client_page.sign_out()
    (href,) = [one for one in client_page.get(f"/rules/sets/{made}").links if one.startswith("/papers/")]
    answer = client_page.client.get(href)
    assert (answer.data, answer.headers["Content-Disposition"].partition(";")[0]) == (pdf(), "attachment")
