"""The desk of check-ins: a day's list in my areas, flags to settle, never my own."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.patrols import queries
from community.patrols.policies import Evidence
from community.patrols.services.checkin import check_in
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import DEVICE, Scene, make_scene
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_village
from tests.factories.teams import make_membership
from tests.harness.client import Visitor
from tests.harness.pages import Form, Page


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        made = make_scene()
        give_consent(made.admin, "presence", "1")
        make_membership(made.admin, made.team)
    for member, device in ((made.member, DEVICE), (made.admin, DEVICE[::-1])):
        with transaction():
            check_in(actor_of(member), made.scanned, Evidence("poster", "far", 900), device=device)
    return made


def test_an_admin_settles_a_flag_with_a_reason(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.admin.id)
    page = client_page.get("/desk/checkins?only=flagged")
    assert scene.member.display_name in page.text
    (form,) = [form for form in page.forms if "/settle" in form.action]
    done = client_page.submit(form, decision="accept", reason="当面核对")
    assert "没有要核对的打卡" in done.text


def test_the_days_figures_leave_out_what_was_refused(scene: Scene, client_page: Visitor) -> None:
    admin = actor_of(scene.admin)
    day = clock.today()
    assert queries.figures(admin, day) == queries.Figures(accepted=0, people=2)
    client_page.sign_in(scene.admin.id)
    (form,) = [form for form in client_page.get("/desk/checkins?only=flagged").forms if "/settle" in form.action]
    client_page.submit(form, decision="reject", reason="误扫")
    assert queries.figures(admin, day) == queries.Figures(accepted=0, people=1)
    assert queries.figures(admin, day - dt.timedelta(days=1)) == queries.Figures(accepted=0, people=0)
    assert "1到岗人数" in client_page.get("/desk/checkins").text


def test_a_settled_check_in_no_longer_says_that_it_waits(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.admin.id)
    (form,) = [form for form in client_page.get("/desk/checkins?only=flagged").forms if "/settle" in form.action]
    receipt = form.action.removeprefix("/desk").removesuffix("/settle")
    client_page.sign_in(scene.member.id)
    assert "等人核对后发放" in client_page.get(receipt).text
    client_page.sign_in(scene.admin.id)
    client_page.submit(form, decision="reject", reason="误扫")
    client_page.sign_in(scene.member.id)
    page = client_page.get(receipt)
    assert "误扫" in page.text
    assert "等人核对后发放" not in page.text
    assert "下次点打卡时允许定位" not in page.text


def test_her_own_flag_is_not_hers_to_settle(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.admin.id)
    page = client_page.get("/desk/checkins")
    assert "自己的由别人核对" in page.text


def flagged_form(page: Page) -> Form:
    (form,) = [form for form in page.forms if "/settle" in form.action]
    return form


def test_settling_without_a_reason_shows_the_form_again_and_is_mended(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.admin.id)
    form = flagged_form(client_page.get("/desk/checkins?only=flagged"))
    again = client_page.submit(form, status=422, decision="accept", reason="")
    assert "理由" in again.text
    done = client_page.submit(flagged_form(again), decision="accept", reason="当面核对")
    assert "没有要核对的打卡" in done.text


@pytest.mark.parametrize("decision", ["", "perhaps", None])
def test_settling_without_a_decision_decides_nothing(scene: Scene, client_page: Visitor, decision: str | None) -> None:
    client_page.sign_in(scene.admin.id)
    form = flagged_form(client_page.get("/desk/checkins?only=flagged"))
    values = form.filled(reason="只写了理由") | ({"decision": decision} if decision is not None else {})
    if decision is None:
        values.pop("decision", None)
    again = client_page.post(form.action, values, status=422)
    assert flagged_form(again).filled()["reason"] == "只写了理由"


def test_another_villages_admin_sees_nothing(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        elsewhere = make_village(name="安澜社区")
        stranger = make_member(elsewhere)
        make_grant(stranger, "village_admin", elsewhere)
    client_page.sign_in(stranger.id)
    page = client_page.get("/desk/checkins")
    assert scene.post.name not in page.text
    assert "这一天还没有打卡" in page.text


def test_a_plain_member_has_no_desk(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    client_page.get("/desk/checkins", 403)


@pytest.mark.parametrize("day", ["2026-11-22", "garbage", "9999-12-31", "0001-01-01"])
def test_any_day_can_be_asked_for(scene: Scene, client_page: Visitor, day: str) -> None:
    client_page.sign_in(scene.admin.id)
    client_page.get(f"/desk/checkins?day={day}")
