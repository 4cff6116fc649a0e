"""Searches for people keep names out of addresses, and their addresses serve nobody else."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.web import searches
from community.people.models import Member
from community.places.models import Area
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.harness.client import Visitor

NAME = "俞国良"


@pytest.fixture
def village(app: Flask, frozen_clock: FrozenClock) -> Area:
    assert app is not None
    assert frozen_clock
    with transaction():
        return make_village()


@pytest.fixture
def admin(village: Area) -> Member:
    with transaction():
        admin = make_member(village, display_name="周敏")
        make_grant(admin, "town_admin", village)
        make_member(village, display_name=NAME)
    return admin


@pytest.mark.parametrize("path", ["/desk/people", "/desk/grants", "/desk/grants/new", "/search"])
def test_no_address_has_the_name_that_was_looked_for(client_page: Visitor, admin: Member, path: str) -> None:
    client_page.sign_in(admin.id)
    page = client_page.submit(client_page.get(path).form(path), q=f"  {NAME} ")
    assert page.one("input", name="q").get("value") == NAME
    address = urlsplit(page.url)
    assert address.path == path
    assert NAME not in "".join(parse_qs(address.query).get("find", ["missing"]))
    for link in (page.url, *page.links):
        assert NAME not in link
        assert "%E4%BF%9E" not in link


def test_the_filters_beside_it_stay_open_and_the_pages_turn(client_page: Visitor, admin: Member, village: Area) -> None:
    with transaction():
        for number in range(35):
            make_member(village, display_name=f"俞家{number:02d}")
    client_page.sign_in(admin.id)
    page = client_page.submit(client_page.get("/desk/people").form("/desk/people"), q="俞家", show="verified")
    assert "找到 35 人" in page.text
    assert parse_qs(urlsplit(page.url).query)["show"] == ["verified"]
    following = next(link for link in page.links if "page=2" in link)
    page = client_page.get(following)
    assert "第 2 页" in page.text
    assert NAME not in page.text


def test_the_address_serves_nobody_else_and_nobody_after_an_hour(
    client_page: Visitor, admin: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        other = make_member(village, display_name="吴芳")
        make_grant(other, "town_admin", village)
    client_page.sign_in(admin.id)
    there = client_page.submit(client_page.get("/desk/people").form("/desk/people"), q=NAME).url
    assert client_page.get(there).one("input", name="q").get("value") == NAME
    client_page.sign_in(other.id)
    assert not client_page.get(there).one("input", name="q").get("value")
    client_page.sign_in(admin.id)
    frozen_clock.tick(minutes=61)
    page = client_page.get(there)
    assert not page.one("input", name="q").get("value")
    assert "本片区" in page.text


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA==", "王", "a" * 5000])
def test_a_forged_address_asks_for_nothing(app: Flask, sealed: str) -> None:
    with app.test_request_context("/desk/people", query_string={searches.SEALED: sealed}):
        assert searches.asked() == ""


def test_a_visitors_search_stays_an_address_that_can_be_sent_on(client_page: Visitor, admin: Member) -> None:
    assert admin
    form = client_page.get("/search").form("/search")
    assert form.method == "get"
    assert NAME not in client_page.get("/search", query_string={"q": NAME}).links.values()


def test_staff_find_nobody_by_an_open_address(client_page: Visitor, admin: Member) -> None:
    client_page.sign_in(admin.id)
    assert NAME not in client_page.get("/search", query_string={"q": NAME}).links.values()
    page = client_page.submit(client_page.get("/search").form("/search"), q=NAME)
    assert NAME in page.links.values()
    assert "找到" not in client_page.get("/desk/people", query_string={"q": NAME}).text
