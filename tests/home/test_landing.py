"""The page of a scanned code in each state, and the form for a typed one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from tests.factories.patrols import Scene, make_scene
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print
from tests.factories.teams import make_membership
from tests.harness.client import Visitor


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


def test_the_page_says_which_sign_this_is_before_anything_is_tapped(scene: Scene, client_page: Visitor) -> None:
    page = client_page.get(f"/p/{scene.token}")
    assert scene.post.name in page.h1
    assert scene.post.number in page.text
    assert scene.village.name in page.text


def test_the_page_is_never_kept_by_a_cache(scene: Scene, client_page: Visitor) -> None:
    client_page.get(f"/p/{scene.token}")
    assert client_page.last
    assert client_page.last.headers["Cache-Control"] == "no-store"


def test_size_colours_and_language_are_changed_at_the_sign_itself(scene: Scene, client_page: Visitor) -> None:
    sign = f"/p/{scene.token}"
    seen = set()
    for _tap in range(4):
        form = client_page.get(sign).form("/preferences")
        assert form.buttons.keys() == {"size", "theme", "lang"}
        taps = {name: values[0] for name, values in form.buttons.items()}
        page = client_page.post(form.action, form.filled(**taps), headers={"Referer": f"http://linli.test{sign}"})
        assert page.url.endswith(sign)
        looks = page.one("html").attrib
        assert (looks["data-size"], looks["data-theme"]) == (taps["size"], taps["theme"])
        seen |= {looks["data-size"], looks["data-theme"], looks["lang"]}
    assert seen == {"std", "large", "xlarge", "auto", "light", "dark", "contrast", "zh-CN", "en"}


def test_who_has_agreed_is_not_asked_again(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    assert "同意并打卡" not in client_page.get(f"/p/{scene.token}").text
    client_page.sign_in(scene.admin.id)
    assert "同意并打卡" in client_page.get(f"/p/{scene.token}").text


def test_the_page_says_who_is_about_to_check_in_when_and_what_is_kept(scene: Scene, client_page: Visitor) -> None:
    assert "不是我" not in client_page.get(f"/p/{scene.token}").text
    client_page.sign_in(scene.member.id)
    page = client_page.get(f"/p/{scene.token}")
    assert f"{scene.member.display_name} · 21:07" in page.text
    assert "记下的是：您、岗点、时间、大致远近、手机的随机编号。" in page.text


def test_who_is_another_signs_out_there_and_stays_at_the_sign(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.member.id)
    page = client_page.submit(client_page.get(f"/p/{scene.token}").form("/sign-out"))
    assert page.h1 == scene.post.name
    assert page.url.endswith(f"/p/{scene.token}")
    assert scene.member.display_name not in page.text


def test_a_paused_post_says_so_and_can_still_be_checked_in_at(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        scene.post.state = "paused"
        session().add(scene.post)
    page = client_page.get(f"/p/{scene.token}")
    assert "暂停" in page.text
    assert page.form(f"/p/{scene.token}/checkin")


def test_a_retired_sign_names_posts_nearby(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    with transaction():
        neighbour = make_post(scene.village, name="中心花园岗", lat=30.2005)
        make_print(neighbour)
        scene.sign.retired_at = frozen_clock.now()
        session().add(scene.sign)
        make_membership(make_member(scene.village, display_name="李建国"), scene.team, role="leader")
    page = client_page.get(f"/p/{scene.token}", 410)
    assert "中心花园岗" in page.text
    assert "李**" in page.text
    assert "李建国" not in page.text


@pytest.mark.parametrize("typed", ["7k3m 9qx", "!!!!!!!!", "七个中文字符了", "a" * 300])
def test_what_is_no_code_is_told_kindly(scene: Scene, client_page: Visitor, typed: str) -> None:
    page = client_page.get("/p", 422, query_string={"code": typed})
    assert "8 位码" in page.text


def test_a_code_that_no_sign_carries_says_to_compare_again(scene: Scene, client_page: Visitor) -> None:
    page = client_page.get("/p", 303, then=404, query_string={"code": "7k3m 9qxw"})
    assert "没有牌子用这个 8 位码" in page.text


def test_look_alikes_are_read_as_the_digits_they_look_like(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        make_print(scene.post, 2, typed_code="0110v2qx")
    page = client_page.get("/p", 303, query_string={"code": "OiLo-u2QX"})
    assert scene.post.name in page.h1


def test_an_empty_form_is_no_mistake(scene: Scene, client_page: Visitor) -> None:
    client_page.get("/p")
    client_page.get("/p", query_string={"code": "  "})


def guess(visitor: Visitor, url: str, times: int) -> list[int]:
    return sorted({visitor.client.get(url.format(number)).status_code for number in range(1000, 1000 + times)})


def test_wrong_typed_codes_are_slowed_and_scanned_signs_are_not(
    scene: Scene, client_page: Visitor, new_visitor: Callable[[], Visitor]
) -> None:
    typed = scene.sign.typed_code
    assert guess(client_page, "/p/9999{}", 60) == [404]
    assert "试得太快了" in new_visitor().get("/p/99999999", 429).text
    for url in (f"/p/{typed}", "/p/9999%209999", "/p/９９９９９９９９", f"/p/{typed}/refused/not_member"):
        assert client_page.client.get(url).status_code == 429
    client_page.get(f"/p/{scene.token}")
    client_page.get("/p/forged.1a.token", 404)
    elsewhere = client_page.client.get(f"/p/{typed}", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_right_typed_codes_are_not_counted(scene: Scene, client_page: Visitor) -> None:
    assert {client_page.client.get(f"/p/{scene.sign.typed_code}").status_code for _time in range(90)} == {200}


def test_asking_why_a_scan_was_refused_is_no_way_round_the_limit(scene: Scene, client_page: Visitor) -> None:
    assert guess(client_page, "/p/9999{}/refused/not_member", 60) == [404]
    client_page.get("/p/99999999", 429)


@pytest.mark.parametrize("typed", ["０１１０ｖ２ｑｘ", "０１１０－Ｖ２ＱＸ", "O11O v2qx", "0110—v2qx"])
def test_a_code_typed_in_whatever_width_leads_to_its_sign(client_page, scene, typed):
    with transaction():
        make_print(scene.post, 2, typed_code="0110v2qx")
    page = client_page.get("/p", 303, query_string={"code": typed})
    assert page.h1 == scene.post.name
