import re

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.ids import new_code
from community.messages.policies import Words
from community.messages.services import announcing
from community.patrols import queries
from community.patrols.services.checkin import check_in
from tests.factories.access import actor_of
from tests.factories.patrols import NEAR, Scene, make_scene
from tests.factories.people import give_consent, make_member
from tests.factories.teams import make_membership
from tests.harness.client import Visitor
from tests.harness.pages import Page


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    assert app is not None
    assert frozen_clock is not None
    with transaction():
        return make_scene()


def check_ins(scene: Scene, count: int) -> None:
    for number in range(count):
        with transaction():
            member = make_member(scene.village, display_name=f"队员甲{number}")
            make_membership(member, scene.team)
            give_consent(member, "presence", "1")
        with transaction():
            check_in(actor_of(member), scene.scanned, NEAR, device=new_code(32))


def address_of(page: Page, words: str) -> str:
    return next(href for href, text in page.links.items() if text == words)


def test_small_counts_are_not_told_apart(scene: Scene, client_page: Visitor) -> None:
    address = f"/kiosk/{scene.village.code}"
    assert "0 次" in client_page.get(address).text
    check_ins(scene, 1)
    assert "不到 5 次" in client_page.get(address).text
    check_ins(scene, 3)
    assert "不到 5 次" in client_page.get(address).text
    check_ins(scene, 1)
    assert "5 次" in client_page.get(address).text
    assert "不到" not in client_page.get(address).text


def test_days_are_counted_apart(scene: Scene, frozen_clock: FrozenClock) -> None:
    check_ins(scene, 2)
    yesterday = clock.today()
    frozen_clock.tick(minutes=24 * 60)
    check_ins(scene, 1)
    assert queries.public_days(scene.village.path, [yesterday, clock.today()]) == [2, 1]
    assert queries.public_days("nowhere/", [clock.today()]) == [0]


def test_the_panels_follow_each_other_and_can_be_held(scene: Scene, client_page: Visitor) -> None:
    with transaction():
        words = Words("停水通知", "明天上午停水。", "everyone", clock.now())
        announcing.publish(actor_of(scene.admin), area_id=scene.village.id, words=words)
    page = client_page.get(f"/kiosk/{scene.village.code}")
    seen = []
    for _number in range(4):
        refresh = page.one("meta", **{"http-equiv": "refresh"}).get("content") or ""
        seconds, _, target = refresh.partition(";url=")
        assert int(seconds) >= 15
        seen.append(page.text)
        page = client_page.get(target)
    assert any("停水通知" in text for text in seen)
    assert any("加入志愿队" in text for text in seen)
    held = client_page.get(address_of(page, "停在这页"))
    assert not held.all("meta", **{"http-equiv": "refresh"})
    assert client_page.get(address_of(held, "继续轮播")).all("meta", **{"http-equiv": "refresh"})


def test_every_bar_stands_over_its_number_and_its_day(scene: Scene, client_page: Visitor) -> None:
    check_ins(scene, 6)
    client_page.get(f"/kiosk/{scene.village.code}?panel=days")
    assert client_page.last is not None
    html = client_page.last.get_data(as_text=True)
    days, numbers = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    told = re.findall(r"<td>(.*?)</td>", numbers)
    assert told == ["0 次"] * 13 + ["6 次"]
    assert len(re.findall(r"<th scope=\"col\">", days)) == html.count("<rect ") == len(told)
    assert "<details" not in html, "nobody touches the screen"


def test_no_name_is_on_the_screen(scene: Scene, client_page: Visitor) -> None:
    check_ins(scene, 6)
    for panel in ("today", "days", "join", "notices", "x"):
        text = client_page.get(f"/kiosk/{scene.village.code}?panel={panel}").text
        assert "队员甲" not in text
        assert scene.member.display_name not in text


def test_an_unknown_area_has_no_screen(scene: Scene, client_page: Visitor) -> None:
    assert scene
    client_page.get("/kiosk/000", status=404)
