"""Who scans first and registers afterwards comes back to her scan: one tap finishes it at its own time."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.patrols.models import CheckIn
from community.people import consents
from community.people.models import Member
from tests.factories.patrols import make_scene

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


def scanned(client_page, scene):
    """Scan without a session, on a phone that somebody used before (so that the page asks to sign in)."""
    client_page.sign_in(scene.admin.id)
    client_page.submit(client_page.get("/me").form("/sign-out"))
    return client_page.submit(client_page.get(f"/p/{scene.token}").form("/checkin"))


def joined(client_page, scene):
    page = client_page.get(f"/join/{scene.team.id}")
    form = page.form(f"/join/{scene.team.id}")
    return client_page.submit(
        form,
        name="陈桂花",
        phone="19900009871",
        age_band="60+",
        home_area_id=str(scene.village.id),
        password="saopu-liangcha",
        agrees="y",
    )


def test_one_tap_on_the_membership_page_finishes_the_scan_at_its_own_time(client_page, frozen_clock):
    with transaction():
        scene = make_scene(post={"open_to": "anyone"})
    at = frozen_clock.now()
    page = scanned(client_page, scene)
    assert page.h1 == "登录"
    assert "扫的码还在" in page.text
    page = client_page.get(next(link for link in page.links if link.startswith("/join")))
    assert "扫的码还在" in page.text
    frozen_clock.tick(minutes=4)
    page = joined(client_page, scene)
    assert "扫的码还在" in page.text
    told = consents.current(consents.PRESENCE)
    assert f"<details open><summary>{told.title}</summary>" in client_page.last.get_data(as_text=True)
    page = client_page.submit(page.form("/checkin"))
    assert "打卡成功" in page.text
    checkin = session().scalars(select(CheckIn)).one()
    assert checkin.used_at == at
    assert session().get(Member, checkin.member_id).display_name == "陈桂花"
    assert "扫的码还在" not in client_page.get("/join").text


def test_where_volunteers_alone_check_in_the_page_says_what_comes_first(client_page):
    with transaction():
        scene = make_scene()
    page = scanned(client_page, scene)
    assert "报名通过后再来扫一次" in page.text
    page = joined(client_page, scene)
    assert "报名通过后再来扫一次" in page.text
    assert not [form for form in page.forms if form.action.endswith("/checkin")]


def test_after_ten_minutes_nothing_is_promised(client_page, frozen_clock):
    with transaction():
        scene = make_scene(post={"open_to": "anyone"})
    scanned(client_page, scene)
    frozen_clock.tick(minutes=11)
    assert "扫的码还在" not in client_page.get("/sign-in").text
    assert "扫的码还在" not in joined(client_page, scene).text


@pytest.mark.parametrize("forged", ["x", "WyJhIl0.a.b", ""])
def test_a_forged_cookie_shows_nothing(client_page, forged):
    client_page.client.set_cookie("linli_scan", forged, domain="linli.test")
    assert "扫的码还在" not in client_page.get("/sign-in").text
