"""Who comes to a sign again does not carry its stylesheet home once more."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.web import held
from tests.factories.patrols import Scene, make_scene
from tests.harness.client import Visitor

FROM_HERE = {"Referer": "http://linli.test/help"}


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    with transaction():
        return make_scene()


@pytest.fixture
def file(app: Flask) -> str:
    """The address of the stylesheet of the page of a scanned code."""
    return str(app.jinja_env.globals["asset"]("css/base.css"))  # type: ignore[operator]


def sheets(visitor: Visitor, path: str, **headers: str) -> dict[str, str]:
    """Address and medium of the stylesheets that a page asks for."""
    page = visitor.get(path, headers=headers)
    return {link.get("href", ""): link.get("media", "") for link in page.all("link", rel="stylesheet")}


def carried(visitor: Visitor) -> bool:
    assert visitor.last
    return "<style>" in visitor.last.text


def test_a_first_visit_carries_its_stylesheet_and_asks_for_none(scene: Scene, client_page: Visitor) -> None:
    for path in (f"/p/{scene.token}", "/help"):
        assert sheets(client_page, path) == {}
        assert carried(client_page)


def test_the_second_page_asks_for_the_sheet_beside_everything_else(client_page: Visitor, file: str) -> None:
    assert sheets(client_page, "/help", **FROM_HERE) == {file: "print"}
    assert carried(client_page)


def test_who_has_the_sheet_is_shown_the_sign_without_it(scene: Scene, client_page: Visitor, file: str) -> None:
    before = client_page.client.get(f"/p/{scene.token}").text
    client_page.client.get(file, buffered=True)
    assert sheets(client_page, f"/p/{scene.token}") == {file: ""}
    assert not carried(client_page)
    assert client_page.last
    assert len(client_page.last.text) < len(before) - 8000
    assert "style-src 'self'" in client_page.last.headers["Content-Security-Policy"]


def test_the_cookie_holds_a_version_for_the_pages_of_codes_alone(client_page: Visitor, file: str) -> None:
    answer = client_page.client.get(file, buffered=True)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert re.fullmatch(rf"{held.COOKIE}=[0-9a-f]{{8}}; .*HttpOnly; Path=/p; SameSite=Lax", cookie)
    assert file.endswith(cookie.partition("=")[2][:8])
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("other", ["/static/css/base.css", "/static/css/base.css?v=00000000", "/static/css/none.css"])
def test_what_a_phone_may_not_keep_for_ever_says_nothing(client_page: Visitor, other: str) -> None:
    assert client_page.client.get(other, buffered=True).headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize("mark", ["00000000", "", "x" * 3000])
def test_an_older_version_or_a_hostile_cookie_means_a_page_that_carries_all(
    scene: Scene, client_page: Visitor, mark: str
) -> None:
    client_page.client.set_cookie(held.COOKIE, mark, domain="linli.test", path="/p")
    assert sheets(client_page, f"/p/{scene.token}") == {}
    assert carried(client_page)
