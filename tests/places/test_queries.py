"""Areas and posts as other rooms and the desk read them."""

from dataclasses import dataclass

import pytest

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.db import session, transaction
from community.core.errors import Forbidden, NotFound
from community.places import queries
from community.places.models import Area, Post
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_town, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


@dataclass(frozen=True)
class Place:
    """A district with two towns; a village with a grid and a neighbour in the first."""

    district: Area
    town: Area
    village: Area
    grid: Area
    neighbour: Area
    foreign: Area


@pytest.fixture
def place(engine_name: str) -> Place:
    with transaction():
        district = make_area("district", "沥江区", code="99")
        town = make_town("白塘街道", district)
        village = make_village(town)
        return Place(
            district,
            town,
            village,
            make_area("grid", "第一网格", village),
            make_village(town, "安澜社区"),
            make_village(make_town("桑埠镇", district), "石埭头村"),
        )


def admin_of(area: Area, role: str = "village_admin") -> Actor:
    with transaction():
        member = make_member(area)
        make_grant(member, role, area)
    return actor_of(member)


def test_areas_are_found_by_id_code_and_path(place: Place) -> None:
    assert queries.area(place.grid.id) is queries.area_by_code(place.grid.code)
    assert (queries.area(1), queries.area_by_code("x")) == (None, None)
    assert queries.names([place.town.id, None, 1]) == {place.town.id: "白塘街道"}
    assert queries.by_path([place.town.path, "nowhere/"]) == {place.town.path: place.town}


def test_the_tree_is_walked_down_and_up(place: Place) -> None:
    assert {town.name for town in queries.towns()} == {"白塘街道", "桑埠镇"}
    assert {one.name for one in queries.children(place.town.id)} == {"晚潮社区", "安澜社区"}
    assert [one.name for one in queries.within("village", place.village.path)] == ["晚潮社区"]
    assert [one.kind for one in queries.ancestors(place.grid.path)] == ["district", "town", "village", "grid"]
    assert queries.place_line(place.grid.path) == "白塘街道 · 晚潮社区 · 第一网格"


def test_the_village_of_a_path(place: Place) -> None:
    assert queries.village_path(place.grid.path) == place.village.path
    assert queries.village_path(place.village.path) == place.village.path
    assert queries.village_path(place.town.path) == place.town.path


def test_a_path_that_only_begins_alike_is_not_inside(place: Place) -> None:
    with transaction():
        twin = make_area("village", "同名头", place.town, code=f"{place.village.code}9")
        make_post(twin)
    assert queries.posts(place.village.path) == []
    assert len(queries.posts(place.town.path)) == 1


def test_posts_in_a_scope_are_those_in_use(place: Place) -> None:
    with transaction():
        make_post(place.grid, number="2")
        make_post(place.village, number="1")
        make_post(place.village, number="3", state="paused")
        make_post(place.foreign, number="4")
    assert [post.number for post in queries.posts(place.village.path)] == ["1", "2"]
    assert [post.number for post in queries.posts(place.district.path)] == ["1", "2", "4"]
    assert queries.post_name(queries.posts(place.village.path)[0].id) == "晚潮苑南门岗"
    assert queries.post_name(1) == ""


def test_the_nearest_posts_have_a_valid_sign_in_the_same_village(place: Place) -> None:
    def post(area: Area, name: str, lat: float, **changed: object) -> Post:
        made = make_post(area, name=name, lat=lat, **changed)
        make_print(made)
        return made

    with transaction():
        here = make_post(place.grid, name="here", lat=30.2)
        make_print(here, retired_at=clock.now(), retired_why="reprinted")
        post(place.grid, "far", 30.21)
        post(place.village, "near", 30.2012)
        post(place.village, "paused", 30.2001, state="paused")
        make_post(place.village, name="signless", lat=30.2001)
        make_print(make_post(place.village, name="revoked", lat=30.2001), retired_at=clock.now())
        post(place.neighbour, "next village", 30.2001)
    assert [(near.name, near.metres) for near in queries.posts_near(here.id)] == [("near", 130), ("far", 1110)]
    assert [near.name for near in queries.posts_near(here.id, limit=1)] == ["near"]
    assert queries.posts_near(1) == []
    with transaction():
        make_print(session().get_one(Post, here.id), 2)
    assert next((near.name, near.metres) for near in queries.posts_near(here.id)) == ("here", 0)


def test_the_desk_lists_posts_of_its_area_only(place: Place) -> None:
    with transaction():
        make_post(place.grid, number="1")
        make_post(place.neighbour, number="2")
        make_post(place.foreign, number="3")
    seen = {
        area.name: [line.post.number for line in queries.desk_posts(admin_of(area)).lines]
        for area in (place.village, place.town, place.district, place.foreign)
    }
    assert seen == {"晚潮社区": ["1"], "白塘街道": ["1", "2"], "沥江区": ["1", "2", "3"], "石埭头村": ["3"]}
    with transaction():
        nobody = make_member(place.village)
    assert queries.desk_posts(actor_of(nobody)).lines == []


def test_the_desk_finds_posts_by_words_state_and_area(place: Place) -> None:
    admin = admin_of(place.town, "town_admin")
    with transaction():
        make_post(place.grid, number="A-1", name="南门岗", spot="岗亭旁")
        make_post(place.neighbour, number="A-2", name="100%的_门", state="paused")
        make_post(place.village, number="A-3", name="旧岗", state="retired")

    def found(**wanted: str) -> list[str]:
        return [line.post.number for line in queries.desk_posts(admin, **wanted).lines]  # type: ignore[arg-type]

    assert found() == ["A-1", "A-2"]
    assert found(search="南门") == ["A-1"]
    assert found(search="a-1") == ["A-1"]
    assert found(search="岗亭 南门") == ["A-1"]
    assert found(search="%") == ["A-2"]
    assert found(search="_") == ["A-2"]
    assert found(state="paused") == ["A-2"]
    assert found(state="retired") == ["A-3"]
    assert found(scope=place.village.path) == ["A-1"]
    assert found(scope=place.foreign.path) == []


def test_the_list_is_read_page_by_page_without_gap_or_repeat(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    admin = admin_of(place.district, "district_office")
    with transaction():
        for number in ("1", "2", "3", "4"):
            make_post(place.village, number=number)
        make_post(place.foreign, number="2")
    seen, after = [], None
    for _page in range(5):
        page = queries.desk_posts(admin, after=after)
        seen += [line.post.number for line in page.lines]
        after = page.next_id
        if after is None:
            break
    assert seen == ["1", "2", "2", "3", "4"]


def test_a_line_says_which_sign_counts_and_whether_one_is_missing(
    place: Place, frozen_clock: clock.FrozenClock
) -> None:
    with transaction():
        signed = make_post(place.village, number="1")
        make_print(signed, 1, retired_at=clock.now())
        make_print(signed, 2)
        moved = make_post(place.village, number="2")
        make_print(moved)
        make_post(place.village, number="3")
    frozen_clock.tick(minutes=1)
    with transaction():
        session().get_one(Post, moved.id).moved_at = clock.now()
    lines = queries.desk_posts(admin_of(place.village)).lines
    assert [line.sign.generation if line.sign else None for line in lines] == [2, 1, None]
    assert [line.needs_sign for line in lines] == [False, True, True]
    assert {line.place for line in lines} == {"晚潮社区"}


def test_a_post_outside_the_area_does_not_exist(place: Place) -> None:
    with transaction():
        foreign, own = make_post(place.foreign), make_post(place.grid)
        member = make_member(place.village)
    admin = admin_of(place.village)
    assert queries.post(admin, own.id).id == own.id
    for post_id in (foreign.id, 1):
        with pytest.raises(NotFound):
            queries.post(admin, post_id)
    with pytest.raises(Forbidden):
        queries.post(actor_of(member), own.id)
    with pytest.raises(Forbidden):
        queries.post(admin_of(place.village, "grid_worker"), own.id, Perm.POST_PRINT)


def test_signs_are_listed_newest_first(place: Place) -> None:
    with transaction():
        post = make_post(place.village)
        make_print(post, 1, retired_at=clock.now())
        make_print(post, 2)
    assert [sign.generation for sign in queries.signs(post.id)] == [2, 1]
    valid = queries.valid_sign(post.id)
    assert valid
    assert valid.generation == 2
    assert queries.valid_sign(1) is None


def test_areas_to_choose_from_are_the_actors_own(place: Place) -> None:
    assert {one.name for one in queries.areas_for_posts(admin_of(place.village))} == {"晚潮社区", "第一网格"}
    assert queries.areas_for_posts(admin_of(place.village, "grid_worker")) == []


def test_areas_are_browsed_from_the_top_of_ones_own(place: Place) -> None:
    admin = admin_of(place.town, "town_admin")
    assert [one.name for one in queries.areas_read(admin, None)] == ["白塘街道"]
    assert {one.name for one in queries.areas_read(admin, place.town)} == {"晚潮社区", "安澜社区"}
    assert queries.areas_read(admin, place.foreign) == []


def test_areas_count_the_posts_below_them(place: Place) -> None:
    with transaction():
        make_post(place.grid)
        make_post(place.village, state="paused")
        make_post(place.village, state="retired")
        make_post(place.foreign)
    counts = queries.post_counts([place.town, place.village, place.grid, place.neighbour])
    assert list(counts.values()) == [2, 2, 1, 0]
    assert queries.post_counts([]) == {}
