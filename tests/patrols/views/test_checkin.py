"""The journey over HTTP: scan, tap, receipt; signed out, twice, far, refused, replayed, altered, forged."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.ids import new_uuid
from community.patrols.models import Attempt, CheckIn
from tests.factories.patrols import Scene, make_scene
from tests.factories.people import give_consent, make_member
from tests.factories.places import make_post, make_print, make_village
from tests.factories.teams import make_membership
from tests.harness.client import Visitor

HERE = {"lat": "30.2", "lon": "120.3", "acc": "20", "age_ms": "0"}
FAR = HERE | {"lat": "30.22"}


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


def checkins() -> int:
    session().expire_all()
    return session().scalar(select(func.count()).select_from(CheckIn)) or 0


def test_one_tap_gives_a_receipt(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    assert scene.post.name in page.text
    assert scene.post.number in page.text
    receipt = client_page.submit(page.form(f"/p/{scene.token}/checkin"), **HERE)
    assert "打卡成功" in receipt.h1
    assert "21:07" in receipt.text
    assert "B 级" in receipt.text
    assert checkins() == 1


def test_opening_the_page_records_nothing(scene: Scene, client_page: Visitor) -> None:
    client_page.get(f"/p/{scene.token}")
    client_page.sign_in(scene.member.id)
    client_page.get(f"/p/{scene.token}")
    assert checkins() == 0


def test_without_a_position_it_is_grade_c_and_no_blame(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    receipt = client_page.submit(page.form(f"/p/{scene.token}/checkin"), pos_denied="1")
    assert "C 级" in receipt.text
    assert "没有定位也没关系" in receipt.text


def test_a_typed_code_is_grade_d(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    typed = scene.sign.typed_code
    page = client_page.get(f"/p?code={typed[:4].upper()}+{typed[4:]}", 303)
    assert scene.post.name in page.h1
    receipt = client_page.submit(page.form(f"/p/{typed}/checkin"), **HERE)
    assert "D 级" in receipt.text


def test_signed_out_the_same_scan_is_finished_in_one_tap_at_its_time(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    page = client_page.get(f"/p/{scene.token}")
    at = frozen_clock.now()
    sign_in = client_page.submit(page.form(f"/p/{scene.token}/checkin"), **HERE)
    assert "登录" in sign_in.h1
    assert checkins() == 0
    frozen_clock.tick(minutes=6)
    client_page.sign_in(scene.member.id)
    back = client_page.get(f"/p/{scene.token}")
    assert "21:07" in back.text
    receipt = client_page.submit(back.form(f"/p/{scene.token}/checkin"))
    assert "21:07" in receipt.text
    session().expire_all()
    row = session().scalars(select(CheckIn)).one()
    assert (row.used_at, row.band) == (at, "near")


def test_the_kept_scan_is_gone_after_ten_minutes(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    page = client_page.get(f"/p/{scene.token}")
    client_page.submit(page.form(f"/p/{scene.token}/checkin"), **HERE)
    frozen_clock.tick(minutes=11)
    client_page.sign_in(scene.member.id)
    assert "扫的码还在" not in client_page.get(f"/p/{scene.token}").text


def test_a_kept_scan_never_gets_a_later_time(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    page = client_page.get(f"/p/{scene.token}")
    client_page.submit(page.form(f"/p/{scene.token}/checkin"), **HERE)
    at = frozen_clock.now()
    frozen_clock.tick(minutes=9)
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    with client_page.client.session_transaction(base_url=client_page.public_url) as cookie:
        del cookie["_user_id"]
    client_page.submit(form)  # signed out again: it is kept as it was, not anew
    client_page.sign_in(scene.member.id)
    frozen_clock.tick(seconds=30)
    back = client_page.get(f"/p/{scene.token}")
    client_page.submit(back.form(f"/p/{scene.token}/checkin"))
    session().expire_all()
    assert session().scalars(select(CheckIn.used_at)).one() == at
    with transaction():
        other = make_member(scene.village)
    frozen_clock.tick(minutes=2)
    client_page.sign_in(other.id)
    assert "扫的码还在" not in client_page.get(f"/p/{scene.token}").text


def test_a_scan_whose_form_lost_its_session_is_finished_in_one_tap_without_its_coordinates(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    at = frozen_clock.now()
    origin = {"headers": {"Origin": client_page.public_url}}
    lost = client_page.post(form.action, form.filled(**HERE) | {"csrf_token": "x"}, status=400, **origin)
    assert "再点一下" in lost.h1
    assert not any(word in client_page.last.text for word in ("30.2", "120.3"))  # type: ignore[union-attr]
    assert checkins() == 0
    frozen_clock.tick(minutes=5)
    client_page.submit(lost.form(f"/p/{scene.token}/checkin"))
    session().expire_all()
    row = session().scalars(select(CheckIn)).one()
    assert (row.used_at, row.band) == (at, "near")


def test_hours_later_a_lost_form_is_a_new_scan_without_a_position(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    origin = {"headers": {"Origin": client_page.public_url}}
    lost = client_page.post(form.action, form.filled(**HERE) | {"csrf_token": "x"}, status=400, **origin)
    frozen_clock.tick(hours=8)
    client_page.submit(lost.form(f"/p/{scene.token}/checkin"))
    session().expire_all()
    row = session().scalars(select(CheckIn)).one()
    assert (row.used_at, row.band) == (frozen_clock.now(), "none")


@pytest.mark.parametrize("before", ["garbage", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23"])
def test_any_place_in_my_list_can_be_asked_for(scene: Scene, client_page: Visitor, before: str) -> None:
    client_page.sign_in(scene.member.id)
    client_page.get("/checkins", query_string={"before": before})


def test_scanning_twice_shows_the_first_receipt(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    client_page.sign_in(scene.member.id)
    client_page.submit(client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin"), **HERE)
    frozen_clock.tick(minutes=3)
    again = client_page.submit(client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin"), **HERE)
    assert "刚才已打过卡" in again.h1
    assert "21:07" in again.text
    assert checkins() == 1


def test_the_same_form_sent_twice_gets_the_same_receipt(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    first = client_page.submit(form, **HERE)
    second = client_page.submit(form, **(HERE | {"lat": "30.2001"}))
    assert first.h1 == second.h1 == "打卡成功"
    assert checkins() == 1


def test_a_key_used_for_something_else_is_refused(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    client_page.submit(form, **HERE)
    page = client_page.post(form.action, form.filled(**HERE) | {"agree": "0"}, status=422)
    assert "已经提交过别的内容" in page.text
    assert checkins() == 1


def test_two_tabs_make_one_check_in(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    tabs = [client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin") for _ in range(2)]
    for form in tabs:
        client_page.submit(form, **HERE)
    assert checkins() == 1


def test_a_far_fix_asks_for_a_second_tap_and_is_then_kept_for_a_person(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    again = client_page.submit(page.form(f"/p/{scene.token}/checkin"), status=200, **FAR)
    assert "再点一次" in again.h1
    assert checkins() == 0
    frozen_clock.tick(seconds=8)
    receipt = client_page.submit(again.form(f"/p/{scene.token}/checkin"), **FAR)
    assert "等人核对" in receipt.h1
    assert "漂移" in receipt.text


def test_a_second_fix_at_the_post_is_simply_accepted(
    scene: Scene, client_page: Visitor, frozen_clock: FrozenClock
) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    again = client_page.submit(page.form(f"/p/{scene.token}/checkin"), status=200, **FAR)
    frozen_clock.tick(seconds=8)
    assert client_page.submit(again.form(f"/p/{scene.token}/checkin"), **HERE).h1 == "打卡成功"


def test_the_first_check_in_asks_for_consent_on_the_same_page(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        newcomer = make_member(scene.village)
        make_membership(newcomer, scene.team)
    client_page.sign_in(newcomer.id)
    page = client_page.get(f"/p/{scene.token}")
    assert "同意并打卡" in page.text
    assert client_page.submit(page.form(f"/p/{scene.token}/checkin"), **HERE).h1 == "打卡成功"
    assert "同意并打卡" not in client_page.get(f"/p/{scene.token}").text


def test_a_suspended_member_gets_her_page(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        scene.member.status = "suspended"
        session().add(scene.member)
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    refused = client_page.submit(page.form(f"/p/{scene.token}/checkin"), then=403, **HERE)
    assert "暂停" in refused.h1
    assert checkins() == 0


def test_somebody_who_does_not_serve_here_is_told_how_to_join(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        stranger = make_member(scene.village)
        give_consent(stranger, "presence", "1")
    client_page.sign_in(stranger.id)
    page = client_page.get(f"/p/{scene.token}")
    refused = client_page.submit(page.form(f"/p/{scene.token}/checkin"), then=403, **HERE)
    assert "志愿队员" in refused.h1
    assert checkins() == 0


def test_somebody_whose_application_waits_is_told_so(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        newcomer = make_member(scene.village, verified=False)
        make_membership(newcomer, scene.team, state="applied")
        give_consent(newcomer, "presence", "1")
    client_page.sign_in(newcomer.id)
    page = client_page.get(f"/p/{scene.token}")
    refused = client_page.submit(page.form(f"/p/{scene.token}/checkin"), then=403, **HERE)
    assert "还在审核" in refused.text
    assert any("/memberships/" in link for link in refused.links)


@pytest.mark.parametrize(
    "spoil", [lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"), lambda token: token[:20]]
)
def test_a_forged_or_cut_off_code_gets_its_page_and_leaves_an_attempt(
    scene: Scene, client_page: Visitor, spoil: object
) -> None:
    client_page.sign_in(scene.member.id)
    bad = spoil(scene.token)  # type: ignore[operator]
    page = client_page.get(f"/p/{bad}", 404)
    assert "不是本平台的牌子" in page.text
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    client_page.post(f"/p/{bad}/checkin", form.filled(**HERE), then=404)
    session().expire_all()
    assert session().scalars(select(Attempt.code)).all() == ["token_bad"]


def test_ten_kilobytes_of_token_are_refused_kindly(scene: Scene, client_page: Visitor) -> None:
    page = client_page.get("/p/" + "7" * 10_000, 404)
    assert "不是本平台的牌子" in page.text


def test_a_retired_sign_shows_the_posts_nearby(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    with transaction():
        scene.sign.retired_at = frozen_clock.now()
        scene.sign.retired_why = "reprinted"
        session().add(scene.sign)
        near = make_post(scene.village, name="凉亭", number="001-77", spot="凉亭北侧", lat=scene.post.lat + 0.001)
        make_print(near)
    page = client_page.get(f"/p/{scene.token}", 410)
    assert "停用" in page.h1
    assert "凉亭北侧 · 001-77" in page.text
    assert "约 110 米" in page.text


def test_a_paused_post_says_why(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        scene.post.state, scene.post.state_why = "paused", "后街施工"
        session().add(scene.post)
    assert "后街施工" in client_page.get(f"/p/{scene.token}").text


def test_without_a_csrf_token_nothing_is_recorded(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.post(f"/p/{scene.token}/checkin", HERE | {"command_key": str(new_uuid())}, status=400)
    assert "没有提交" in page.text
    assert checkins() == 0


def test_loading_the_answer_of_a_tap_anew_leads_back_to_the_sign(scene: Scene, client_page: Visitor) -> None:
    assert scene.post.name in client_page.get(f"/p/{scene.token}/checkin", 303).h1


def test_a_receipt_is_its_owners_and_her_areas_staffs(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    client_page.submit(client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin"), **HERE)
    session().expire_all()
    url = f"/checkins/{session().scalars(select(CheckIn.id)).one()}"
    client_page.get(url)
    with transaction():
        stranger = make_member(make_village(name="安澜社区"))
    client_page.sign_in(stranger.id)
    client_page.get(url, 404)
    client_page.sign_in(scene.admin.id)
    client_page.get(url)
    client_page.get("/checkins/not-an-id", 404)


def test_my_check_ins_are_listed(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    assert "还没有打卡记录" in client_page.get("/checkins").text
    client_page.submit(client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin"), **HERE)
    assert scene.post.name in client_page.get("/checkins").text


def test_a_flag_is_not_shown_beside_words_that_all_is_well(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        scene.post.state = "paused"
        session().add(scene.post)
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    receipt = client_page.submit(page.form(f"/p/{scene.token}/checkin"), pos_denied="1")
    assert "等队长确认后计分" in receipt.text
    assert "照常有效" not in receipt.text


def test_guessing_typed_codes_by_checking_in_is_slowed(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")

    def tap(code: str) -> int:
        data = form.filled() | {"command_key": str(new_uuid())}
        return client_page.client.post(f"/p/{code}/checkin", data=data).status_code

    assert {tap(f"9999{number}") for number in range(1000, 1060)} == {303}
    assert tap("99999999") == tap(scene.sign.typed_code) == 429
    assert checkins() == 0
    client_page.get("/p/99999999", 429)
    assert tap(scene.token) == 303
    assert checkins() == 1


def test_check_ins_at_a_typed_code_are_not_counted_as_guesses(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    form = client_page.get(f"/p/{scene.token}").form(f"/p/{scene.token}/checkin")
    url = f"/p/{scene.sign.typed_code}/checkin"
    answers = [
        client_page.client.post(url, data=form.filled() | {"command_key": str(new_uuid())}) for _time in range(70)
    ]
    assert {answer.status_code for answer in answers} == {303}
    assert checkins() == 1
