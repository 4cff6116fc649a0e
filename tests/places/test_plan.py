"""Posts drawn on a plain grid, and whose map lies behind the button."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from community.core.db import transaction
from community.core.maps import TileMap
from community.people.models import Member
from community.places import geo, plan
from community.places.models import Post
from community.places.queries import PostLine
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_town, make_village
from tests.harness.client import Visitor

TILES = TileMap("https://tiles.example.org/{z}/{x}/{y}?tk={key}", "© 天地图", "GS(2026)0001号", key="abc")


def at(lat: float, lon: float) -> PostLine:
    return PostLine(Post(name="岗", number="1", lat=lat, lon=lon, state="active"), "", None)


def drawn(*lines: PostLine, tiles: TileMap | None = None) -> plan.Plan:
    made = plan.draw(lines, tiles)
    assert made is not None
    return made


def test_no_posts_make_no_plan() -> None:
    assert plan.draw([]) is None


def test_north_is_up_and_east_is_right_and_all_lie_inside() -> None:
    made = drawn(at(30.20, 120.30), at(30.21, 120.30), at(30.20, 120.32))
    home, north, east = made.dots
    assert north.y < home.y
    assert abs(north.x - home.x) < 0.2
    assert east.x > home.x
    assert abs(east.y - home.y) < 0.2
    for dot in made.dots:
        assert plan.EDGE <= dot.x <= plan.WIDTH - plan.EDGE
        assert plan.EDGE <= dot.y <= plan.HEIGHT - plan.EDGE


@pytest.mark.parametrize("span", [0.0, 0.0001, 0.003, 0.05, 1.0])
def test_distances_on_the_plan_are_those_on_the_ground(span: float) -> None:
    made = drawn(at(30.2, 120.3), at(30.2 + span, 120.3 + span / 2))
    first, second = made.dots
    pixels = ((first.x - second.x) ** 2 + (first.y - second.y) ** 2) ** 0.5
    metres = geo.distance(30.2, 120.3, 30.2 + span, 120.3 + span / 2)
    # The grid's own lines tell how long a metre is.
    across = made.upright[1] - made.upright[0]
    assert pixels == pytest.approx(metres * across / made.step_m, rel=0.02, abs=1)
    assert 2 <= len(made.upright) <= 11


def test_a_lone_post_stands_in_the_middle() -> None:
    (dot,) = drawn(at(30.2, 120.3)).dots
    assert (dot.x, dot.y) == (plan.WIDTH / 2, plan.HEIGHT / 2)


def test_a_map_of_another_system_gets_its_own_positions() -> None:
    there = TileMap("https://x/{z}/{x}/{y}", "©", "GS1", crs="gcj02")
    (plain,), (moved,) = drawn(at(30.2, 120.3), tiles=TILES).dots, drawn(at(30.2, 120.3), tiles=there).dots
    assert (plain.lat, plain.lon) == (30.2, 120.3)
    assert geo.distance(30.2, 120.3, moved.lat, moved.lon) > 100


# --- the page ---


@pytest.fixture
def admin(app: Flask) -> Member:
    """Somebody who reads the posts of a village with two of them; another village has one more."""
    with transaction():
        town = make_town()
        village, other = make_village(town), make_village(town, name="潮头社区")
        make_print(make_post(village, name="东门岗"))
        make_post(village, name="西门岗", lat=30.21)
        make_post(other, name="外村岗", lat=30.22)
        member = make_member(village)
        make_grant(member, "village_admin", village)
    return member


def headers(visitor: Visitor) -> str:
    assert visitor.last is not None
    return visitor.last.headers["Content-Security-Policy"]


def test_the_page_draws_ones_own_posts_and_lists_them(client_page: Visitor, admin: Member) -> None:
    client_page.sign_in(admin.id)
    assert "看岗点图" in client_page.get("/desk/posts").text
    page = client_page.get("/desk/posts/map")
    assert client_page.last is not None
    assert client_page.last.text.count("data-lat=") == 2
    for name, there in (("东门岗", True), ("西门岗", True), ("外村岗", False)):
        assert (name in page.text) is there
    assert "西门岗" not in client_page.get("/desk/posts/map?q=东门").text
    assert "没有岗点可画" in client_page.get("/desk/posts/map?q=没有这个").text


def test_without_a_map_nothing_of_one_is_offered_or_allowed(client_page: Visitor, admin: Member) -> None:
    client_page.sign_in(admin.id)
    page = client_page.get("/desk/posts/map")
    assert client_page.last is not None
    assert "显示地图" not in page.text
    assert "leaflet" not in client_page.last.text
    assert "img-src 'self' data: blob:;" in headers(client_page)


def test_with_a_map_only_this_page_may_show_its_tiles(make_app: Callable[..., Flask]) -> None:
    app = make_app(map=TILES)
    with app.app_context(), transaction():
        village = make_village(make_town())
        make_post(village)
        member = make_member(village)
        make_grant(member, "village_admin", village)
        number = member.id
    visitor = Visitor(app.test_client(), "http://linli.test")  # type: ignore[arg-type]
    visitor.sign_in(number)
    page = visitor.get("/desk/posts/map")
    assert "img-src 'self' data: blob: https://tiles.example.org;" in headers(visitor)
    assert "© 天地图" in page.text
    assert "GS(2026)0001号" in page.text
    # Nothing of the map is loaded with the page.
    assert visitor.last is not None
    assert '<script defer src="/static/vendor' not in visitor.last.text
    visitor.get("/desk/posts")
    assert "tiles.example.org" not in headers(visitor)
