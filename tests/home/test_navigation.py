"""The bottom bar and the desk's rail."""

from __future__ import annotations

import pytest
from flask import url_for

from community.core.db import transaction
from community.home import navigation
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.mark.parametrize(
    ("path", "tab"),
    [("/", "home.index"), ("/p", "home.type_code"), ("/points", "points.mine"), ("/me/password", "home.me"),
     ("/checkins", "home.type_code"), ("/inbox", "home.me"), ("/help", None)],
)  # fmt: skip
def test_one_tab_at_most_is_the_current_one(app, path, tab):
    with app.test_request_context(path):
        assert [entry.endpoint for entry in navigation.tabs() if entry.current] == ([tab] if tab else [])


def test_every_entry_leads_somewhere(app):
    with app.test_request_context("/"):
        for entry in (*navigation.tabs(), *navigation.foot()):
            assert url_for(entry.endpoint).startswith("/")
        for endpoint, _perm, _label, _icon in navigation._SECTIONS:
            assert url_for(endpoint).startswith("/desk")


def test_the_rail_shows_what_the_roles_open_and_nothing_to_a_visitor(app, client_page):
    with app.test_request_context("/desk"):
        assert navigation.desk() == []
    with transaction():
        district = make_area("district", "沥江区")
        member = make_member(district)
        make_grant(member, "district_office", district)
    client_page.sign_in(member.id)
    rail = client_page.get("/desk").one("nav", class_="rail")
    shown = [link.get("href") for link in rail.iter("a")]
    assert "/desk/people" not in shown
    assert "/desk/audit" in shown
    for href in shown:
        client_page.get(href)


def test_a_page_below_a_section_marks_the_section(client_page):
    with transaction():
        village = make_village()
        member, other = make_member(village), make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    for page, section in ((f"/desk/people/{other.id}", "/desk/people"), ("/desk", "/desk")):
        rail = client_page.get(page).one("nav", class_="rail")
        assert [link.get("href") for link in rail.iter("a") if link.get("aria-current")] == [section]


def test_an_english_rail_names_many_posts_as_many(client_page):
    with transaction():
        village = make_village()
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    client_page.submit(client_page.get("/desk").form("/preferences"), lang="en")
    page = client_page.get("/desk/posts")
    rail = {link.get("href"): "".join(link.itertext()).strip() for link in page.one("nav", class_="rail").iter("a")}
    assert (rail["/desk/posts"], page.h1) == ("Posts", "Posts")
