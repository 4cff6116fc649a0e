"""The pages that print: a post's sign, an area in one run, samples; and withdrawing a generation."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.places.models import Area, Post, PostPrint
from tests.factories.access import make_grant
from tests.factories.patrols import token_of
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_village
from tests.harness.client import Visitor

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def village() -> Area:
    with transaction():
        return make_village()


@pytest.fixture
def admin(client_page: Visitor, village: Area) -> Visitor:
    with transaction():
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    return client_page


def posts_in(area: Area, count: int) -> list[Post]:
    with transaction():
        return [make_post(area, name=f"岗点{n}", number=f"A-{n}") for n in range(count)]


def prints() -> int:
    return session().scalar(select(func.count()).select_from(PostPrint)) or 0


def test_an_area_is_printed_in_two_taps(admin: Visitor, village: Area) -> None:
    posts = posts_in(village, 3)
    page = admin.get(f"/desk/posters/{village.code}")
    form = next(form for form in page.forms if form.fields.get("which") == "needed")
    run = admin.submit(form)
    assert run.h1 == "晚潮社区的牌子"
    assert [post.name for post in posts] == [heading.text for heading in run.all("h2")]
    assert (prints(), len(run.all("article", class_="sheet"))) == (3, 3)
    small = admin.get(next(href for href, text in run.links.items() if text == "A6 四张"))
    assert (len(small.all("article", class_="sheet")), len(small.all("section", class_="quarter"))) == (1, 3)


def test_a_second_tap_with_the_same_key_prints_nothing_more(admin: Visitor, village: Area) -> None:
    posts_in(village, 2)
    page = admin.get(f"/desk/posters/{village.code}")
    form = next(form for form in page.forms if form.fields.get("which") == "needed")
    first, second = admin.submit(form), admin.submit(form)
    assert first.text == second.text
    assert admin.last
    assert prints() == 2
    assert "都有效" in admin.get(f"/desk/posters/{village.code}").text


def test_a_page_that_is_out_of_date_prints_nothing(admin: Visitor, village: Area) -> None:
    posts_in(village, 2)
    old = admin.get(f"/desk/posters/{village.code}")
    again = admin.get(f"/desk/posters/{village.code}")
    admin.submit(next(form for form in again.forms if form.fields.get("which") == "all"))
    said = admin.submit(next(form for form in old.forms if form.fields.get("which") == "all"), status=409)
    assert "刚才已经有人打印" in said.text
    assert prints() == 2


def test_a_large_area_is_printed_forty_at_a_time(admin: Visitor, village: Area) -> None:
    with transaction():
        for n in range(43):
            make_post(village, number=f"A-{n:02d}")
    page = admin.get(f"/desk/posters/{village.code}")
    assert "一次最多 40 个岗点" in page.text
    form = next(form for form in page.forms if form.fields.get("which") == "needed")
    assert len(admin.submit(form, paper="a6").all("section", class_="quarter")) == 40
    page = admin.get(f"/desk/posters/{village.code}")
    form = next(form for form in page.forms if form.fields.get("which") == "needed")
    assert len(admin.submit(form, paper="a6").all("section", class_="quarter")) == 3
    copies = admin.get(f"/desk/posters/{village.code}/run?form=a6")
    rest = admin.get(next(href for href, text in copies.links.items() if text == "后面 40 个"))
    assert len(rest.all("section", class_="quarter")) == 3
    assert prints() == 43


def test_an_empty_area_and_a_run_of_nothing_say_what_to_do(admin: Visitor, village: Area) -> None:
    assert "没有启用的岗点" in admin.get(f"/desk/posters/{village.code}").text
    assert "先生成牌子" in admin.get(f"/desk/posters/{village.code}/run", 404).text
    assert "还没有可以打印的岗点" in admin.get("/desk/posters").text
    posts_in(village, 1)
    assert "1 个岗点" in admin.get("/desk/posters").text
    for run in ("2026-11-23", "x", "2026-11-23T00:00:00+00:00"):
        admin.get(f"/desk/posters/{village.code}/run", 404, query_string={"run": run})


def test_a_sample_makes_no_generation(admin: Visitor, village: Area) -> None:
    (post,) = posts_in(village, 1)
    page = admin.get(f"/desk/posts/{post.id}/poster/sample?form=a6")
    assert "样张" in page.text
    assert prints() == 0


def test_a_withdrawn_sign_tells_who_scans_it_and_the_desk_why(admin: Visitor, village: Area) -> None:
    with transaction():
        post = make_post(village)
        sign = make_print(post)
    page = admin.get(f"/desk/posts/{post.id}")
    form = page.form(f"/desk/posts/{post.id}/withdraw")
    assert "请写明原因" in admin.submit(form, status=422).text
    assert not session().scalars(select(PostPrint.retired_at)).one()
    page = admin.submit(form, reason="牌子被人拍走了")
    assert "第 1 版已作废" in page.text
    assert "牌子被人拍走了" in page.text
    for code in (token_of(post, sign), sign.typed_code):
        said = admin.get(f"/p/{code}", 410).text
        assert "这张牌子已停用" in said
        assert "队长" in said


@pytest.mark.engine
@pytest.mark.parametrize("number", ["9" * 12, "9" * 30, "9" * 5000])
def test_a_number_too_long_for_any_column_is_answered_like_a_wrong_one(
    admin: Visitor, village: Area, number: str
) -> None:
    [post] = posts_in(village, 1)
    with transaction():
        make_print(post)
    withdraw = admin.get(f"/desk/posts/{post.id}").form(f"/desk/posts/{post.id}/withdraw")
    admin.submit(withdraw, status=404, generation=number, reason="丢了")
    page = admin.get(f"/desk/posters/{village.code}")
    form = next(form for form in page.forms if form.fields.get("which") == "all")
    admin.submit(form, behind=number, status=303 if len(number) > 19 else 409)


def test_another_area_has_nothing_to_print(admin: Visitor) -> None:
    with transaction():
        other = make_village(name="别处")
        make_post(other)
    for path in ("", "/run"):
        admin.get(f"/desk/posters/{other.code}{path}", 404)
    admin.get("/desk/posters/nowhere", 404)
