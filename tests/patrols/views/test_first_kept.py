"""What a first visitor typed waits on her phone between a refusal and the next try, and is read by nobody else."""

from __future__ import annotations

import pytest

from community.core.db import transaction
from community.patrols.views import first_kept
from tests.factories.patrols import make_scene

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

TYPED = {"name": "陈桂花", "phone": "199 0000 9871", "age_band": "60+"}


@pytest.fixture
def scene():
    with transaction():
        return make_scene(post={"open_to": "anyone"})


def form_of(page, token):
    return next(form for form in page.forms if form.action.endswith("/checkin") and "name" in form.filled())


def test_a_refused_form_comes_back_by_a_redirect_with_a_new_key_and_only_there(client_page, new_visitor, scene):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"phone": "12345"}))
    there, again = page.url, form_of(page, scene.token)
    assert again.filled()["name"] == TYPED["name"]
    assert again.filled()["command_key"] != form.filled()["command_key"]
    assert client_page.get(there).one("input", name="phone").get("value") == "12345"  # Back opens it once more
    assert client_page.last.headers["Cache-Control"] == "no-store"
    assert not form_of(client_page.get(f"/p/{scene.token}?first=1"), scene.token).filled()["phone"]
    assert not form_of(new_visitor().get(there), scene.token).filled()["phone"]


def test_what_waits_on_a_phone_is_read_by_nobody_and_ends_with_the_visit(client_page, scene):
    def cookie():
        return client_page.client.get_cookie(first_kept.COOKIE, domain="linli.test", path=first_kept.PATH)

    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"name": "😀", "phone": "19900009871"}))
    assert "19900009871" not in cookie().value
    assert (cookie().http_only, cookie().same_site, cookie().max_age) == (True, "Lax", 600)
    client_page.client.set_cookie(
        first_kept.COOKIE, cookie().value[:-4] + "AAAA", domain="linli.test", path=first_kept.PATH
    )
    assert not form_of(client_page.get(page.url), scene.token).filled()["phone"]
    client_page.submit(form_of(page, scene.token), name="陈桂花", phone="19900009871")
    assert cookie() is None


def test_a_form_of_another_sign_or_of_many_pages_is_not_carried_over(client_page, scene):
    with transaction():
        other = make_scene(post={"open_to": "anyone"})
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"name": "长" * 9000, "phone": "9" * 9000}))
    assert "称呼最多 40 个字" in page.text
    assert "这不像一个手机号" in page.text
    assert len(client_page.client.get_cookie(first_kept.COOKIE, domain="linli.test", path="/p/").value) < 3500
    assert not form_of(client_page.get(f"/p/{other.token}?first=1&again=1"), other.token).filled()["name"]


def test_after_ten_minutes_the_form_is_new_and_so_is_the_scan(client_page, scene, frozen_clock):
    form = form_of(client_page.get(f"/p/{scene.token}"), scene.token)
    page = client_page.submit(form, **(TYPED | {"phone": "1"}))
    assert "scan" in form_of(page, scene.token).filled()
    frozen_clock.tick(minutes=11)
    late = form_of(client_page.get(page.url), scene.token).filled()
    assert "scan" not in late
    assert "lat" in late
