"""What pages of posts show: choices of areas, which signs are missing, and what one run would print."""

import pytest

from community.core.db import transaction
from community.places import pages, queries, signs
from community.places.models import Post, PostPrint
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_village

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def signed() -> tuple[Post, PostPrint]:
    with transaction():
        grid = make_area("grid", "第一网格", make_village())
        post = make_post(grid, number="A-1")
        return post, make_print(post, 3)


def test_choices_of_areas_name_what_lies_above(signed: tuple[Post, PostPrint]) -> None:
    post, _sign = signed
    areas = queries.ancestors(post.scope_path)
    assert [label for _id, label in pages.area_choices(areas[2:])] == ["晚潮社区", "晚潮社区 / 第一网格"]
    assert pages.area_choices(areas[3:])[0] == (post.area_id, "第一网格")


def test_a_sign_is_missing_when_none_counts_where_the_post_is(signed: tuple[Post, PostPrint]) -> None:
    post, sign = signed
    assert pages.needs_sign(post, [])
    assert not pages.needs_sign(post, [sign])
    sign.retired_at = sign.printed_at
    assert pages.needs_sign(post, [sign])
    post.state = "retired"
    assert not pages.needs_sign(post, [sign])


def test_a_run_takes_forty_posts_and_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "RUN", 2)
    with transaction():
        village = make_village()
        made = [make_post(village, number=f"A-{n}") for n in range(5)]
        make_print(made[0])
        make_post(village, number="A-9", state="paused")
    page = pages.print_run(village, 0)
    assert (page.counts.posts, page.counts.needed, page.needed_now, page.all_now) == (5, 4, 2, 2)
    assert (page.all_next, page.sample) == (made[1].id, made[0])
    last = pages.print_run(village, made[3].id)
    assert (last.all_now, last.all_next) == (1, None)


def test_areas_to_print_are_ones_own_with_posts_in_them() -> None:
    with transaction():
        village, empty = make_village(), make_village(name="空社区")
        make_post(village)
        admin = make_member(village)
        make_grant(admin, "village_admin", village)
        make_grant(admin, "village_admin", empty)
        make_post(make_village(name="别处"))
    assert pages.print_choices(actor_of(admin)) == [(village.code, "晚潮社区", 1)]
