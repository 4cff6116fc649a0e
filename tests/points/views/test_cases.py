"""The desk proposes awards and reversals with what they rest on; another one decides them, and may undo that."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.people import standing
from community.people.models import Member
from community.places.models import Area
from community.points import jobs
from community.points.models import PointsCase
from community.points.services import appealing, cases, spending
from community.points.services.posting import By
from tests.factories.access import actor_of, make_grant
from tests.factories.deciding import earned, evidence, held_award, make_admin, manual_rule, photo, reviewed_rule
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of
from tests.harness.client import Visitor
from tests.harness.pages import Page
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


def test_who_proposes_in_several_towns_is_offered_one_towns_rules_and_places_at_a_time(
    village: Area, member: Member, client_page: Visitor
) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        open_books(town_of(elsewhere))
        here, there = manual_rule(village), manual_rule(elsewhere)
        admin = make_member(village)
        make_grant(admin, "town_admin", town_of(village))
        make_grant(admin, "town_admin", town_of(elsewhere))
    client_page.sign_in(admin.id)
    url = f"/desk/awards/new/{member.id}"
    page = client_page.get(url)
    assert f'value="{here}"' in page.html
    assert f'value="{there}"' not in page.html
    other_town = next(link for link in page.links if link.startswith(f"{url}?town="))
    page = client_page.get(other_town)
    assert f'value="{there}"' in page.html
    assert f'value="{here}"' not in page.html


def test_a_second_award_of_a_day_asks_whether_it_is_another_act_and_shows_the_first(
    village: Area, member: Member, admin: Member, other: Member, client_page: Visitor
) -> None:
    with transaction():
        rule = manual_rule(village)
        first = cases.propose_award(
            actor_of(other), member.id, rule_version_id=rule, earned_on=clock.today(), where=village.path,
            reason="搬桌椅", picture=evidence(),
        )  # fmt: skip
    client_page.sign_in(admin.id)
    url = f"/desk/awards/new/{member.id}"

    def fill(page: Page, **more: str) -> dict[str, object]:
        filled = page.form(url).filled(rule=str(rule), reason="发通知", **more)
        return filled | {"photo": (io.BytesIO(photo()), "list.jpg")}

    page = client_page.get(url)
    assert "是另一件事" not in page.text
    page = client_page.post(url, fill(page), 422)
    assert "那一天按这条规则已经有 1 笔" in page.text
    page = client_page.post(url, fill(page, again="y"))
    assert "同一天、同一条规则还有" in page.text
    assert f"/desk/cases/{member.id}/{first}" in page.links


def test_the_desk_costs_the_same_with_many_to_decide_and_with_few(
    village: Area, admin: Member, client_page: Visitor, statements: list[str]
) -> None:
    with transaction():
        rule, decider = manual_rule(village), make_admin(village, "方敏")
        reviewed_rule(village)
    said: dict[str, list[int]] = {"/desk": [], "/desk/cases": [], "/desk/appeals": []}
    client_page.sign_in(decider.id)
    for count in (2, 6):
        for number in range(count):
            with transaction():
                person, helper = make_member(village), make_member(village)
                make_mandate(person, helper)
                held_award(person, village)
                cases.propose_award(
                    actor_of(admin), person.id, rule_version_id=rule, earned_on=clock.today(), where=village.path,
                    reason=f"搬桌椅 {count} {number}", picture=evidence(),
                )  # fmt: skip
                about = f"txn:{earned(person, village)}"
                appealing.appeal(standing.in_place_of(actor_of(helper), person.id, lock=True), about, "少记了")
        for page, counted in said.items():
            client_page.get(page)
            statements.clear()
            client_page.get(page)
            counted.append(len(statements))
    assert all(few == many for few, many in said.values()), said
