"""The desk's pages of posts, as browsers see them."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.core.keys import SigningRing
from community.people.models import Member
from community.places.codes import resolve
from community.places.models import Area, Post, PostPrint
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_area, make_post, make_print, make_village
from tests.harness.client import Client, Visitor

HOSTS = ("linli.test",)
WHOLE = {"name": "南门岗", "position": "30.20315,120.30412", "radius_m": "150"}


@dataclass(frozen=True)
class Desk:
    """Two towns, a village with a grid, and people of several roles."""

    village: Area
    grid: Area
    foreign: Area
    people: dict[str, Member]


@pytest.fixture
def desk(app: Flask) -> Desk:
    with transaction():
        village, foreign = make_village(), make_village(name="石埭头村")
        roles = {"village_admin": village, "grid_worker": village, "town_admin": foreign, "association_admin": village}
        people = {"member": make_member(village)}
        for role, area in roles.items():
            people[role] = make_member(area)
            make_grant(people[role], role, area)
        return Desk(village, make_area("grid", "第一网格", village), foreign, people)


@pytest.fixture
def admin(desk: Desk, client_page: Visitor) -> Visitor:
    client_page.sign_in(desk.people["village_admin"].id)
    return client_page


def signed_in(visitor: Visitor, desk: Desk, role: str) -> Visitor:
    visitor.sign_in(desk.people[role].id)
    return visitor


def one_post() -> Post:
    return session().scalars(select(Post)).one()


def signs() -> list[PostPrint]:
    return list(session().scalars(select(PostPrint).order_by(PostPrint.generation)))


def post_in(area: Area, **changed: object) -> Post:
    with transaction():
        return make_post(area, **changed)


def signed_post_in(area: Area, **changed: object) -> Post:
    with transaction():
        post = make_post(area, **changed)
        make_print(post)
        return post


# --- setting up ---


def test_a_post_is_set_up_printed_and_its_code_opens_it(admin: Visitor, desk: Desk) -> None:
    empty = admin.get("/desk/posts")
    assert "还没有岗点" in empty.text
    page = admin.submit(admin.get("/desk/posts/new").form("/desk/posts/new"), **WHOLE, area_id=str(desk.grid.id))
    assert page.h1 == "南门岗"
    assert "岗点已建好" in page.text
    post = one_post()
    assert (post.area_id, post.lat, post.lon, post.number[-3:]) == (desk.grid.id, 30.20315, 120.30412, "-01")
    poster = admin.submit(page.form(f"/desk/posts/{post.id}/print"))
    [sign] = signs()
    assert sign.printed_by == desk.people["village_admin"].id
    assert poster.h1 == "南门岗"
    assert f"{sign.typed_code[:4]} {sign.typed_code[4:]}" in poster.text
    assert "linli.test/p" in poster.text
    assert "第 1 版" in poster.text
    assert resolve(sign.typed_code, HOSTS).name == "南门岗"


def test_a_position_from_gaode_is_converted_and_its_order_does_not_matter(admin: Visitor, desk: Desk) -> None:
    admin.submit(
        admin.get("/desk/posts/new").form("/desk/posts/new"),
        **(WHOLE | {"position": "120.308786,30.200722"}),
        crs="gcj02",
        area_id=str(desk.grid.id),
    )
    post = one_post()
    assert 30.2015 < post.lat < 30.2045
    assert 120.3030 < post.lon < 120.3055


def test_a_coarse_position_is_kept_and_warned_about(admin: Visitor, desk: Desk) -> None:
    page = admin.submit(
        admin.get("/desk/posts/new").form("/desk/posts/new"),
        **(WHOLE | {"position": "30.2,120.3"}),
        area_id=str(desk.grid.id),
    )
    assert "小数位太少" in page.text
    assert (one_post().lat, one_post().lon) == (30.2, 120.3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"position": ""}, "请填写坐标"),
        ({"position": "王芳家门口"}, "请粘贴一对坐标"),
        ({"position": "30.2"}, "请粘贴一对坐标"),
        ({"position": "95.1,200.2"}, "这不是一个坐标"),
        ({"position": "150.0,30.2"}, "反了"),
        ({"crs": "bd09"}, None),
        ({"name": ""}, "请填写岗点名称"),
        ({"name": "字" * 41}, "最多 40 个字"),
        ({"name": "东\u202e门"}, "看不见的字符"),
        ({"radius_m": "5"}, "20 到 2000 米"),
        ({"radius_m": "abc"}, None),
        ({"radius_m": "9" * 400}, None),
        ({"kind": "risk"}, None),
        ({"open_to": "nobody"}, None),
        ({"area_id": ""}, "请选择区域"),
        ({"area_id": "1"}, "请选择您管理的一个区域"),
        ({"area_id": "x"}, "请选择您管理的一个区域"),
        ({"area_id": "9" * 30}, "请选择您管理的一个区域"),
        ({"area_id": "foreign"}, "请选择您管理的一个区域"),
    ],
)
def test_bad_input_comes_back_filled_with_what_is_wrong(
    admin: Visitor, desk: Desk, changed: dict[str, str], said: str | None
) -> None:
    if changed.get("area_id") == "foreign":
        changed = {"area_id": str(desk.foreign.id)}
    form = admin.get("/desk/posts/new").form("/desk/posts/new")
    values = form.filled() | WHOLE | {"spot": "岗亭右侧", "area_id": str(desk.grid.id)} | changed
    page = admin.post("/desk/posts/new", values, status=422)
    assert page.one("div", class_="errors")
    if said:
        assert said in page.text
    assert page.form("/desk/posts/new").fields["spot"] == "岗亭右侧"
    assert session().scalar(select(func.count(Post.id))) == 0
    mended = WHOLE | {"area_id": str(desk.grid.id), "crs": "wgs84", "kind": "patrol", "open_to": "anyone"}
    again = admin.submit(page.form("/desk/posts/new"), **mended)
    assert again.h1 == "南门岗"


@pytest.mark.parametrize(
    "name", ["🚒消防通道👨‍👩‍👧", "<script>alert(1)</script>", '"><img src=x>', "مدخل الشمال", "{{ 7*7 }}", "a" * 40]
)
def test_any_visible_name_is_shown_as_it_is(admin: Visitor, desk: Desk, name: str) -> None:
    page = admin.submit(
        admin.get("/desk/posts/new").form("/desk/posts/new"), **(WHOLE | {"name": name}), area_id=str(desk.grid.id)
    )
    assert page.h1 == name
    assert name in admin.get("/desk/posts").text
    post = one_post()
    poster = admin.submit(page.form(f"/desk/posts/{post.id}/print"))
    assert poster.h1 == name


def test_a_number_of_the_town_is_used_once(admin: Visitor, desk: Desk) -> None:
    post_in(desk.village, number="A-1")
    form = admin.get("/desk/posts/new").form("/desk/posts/new")
    page = admin.submit(form, status=422, **WHOLE, number="a-1", area_id=str(desk.grid.id))
    assert "这个编号在本镇街已经有了" in page.text


# --- rights ---


def test_posts_of_another_town_do_not_exist_for_its_neighbours(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.foreign, name="别镇的岗")
    assert "别镇的岗" not in admin.get("/desk/posts").text
    own = signed_post_in(desk.village)
    form = admin.get(f"/desk/posts/{own.id}").form(f"/desk/posts/{own.id}/print").filled()
    for path in ("", "/edit", "/move", "/poster"):
        admin.get(f"/desk/posts/{post.id}{path}", status=404)
    for path in ("/pause", "/resume", "/retire", "/print", "/edit", "/move"):
        filled = admin.get(f"/desk/posts/{own.id}").form(f"/desk/posts/{own.id}/print").filled()
        values = form | filled | WHOLE | {"reason": "x", "kind": "patrol", "open_to": "anyone", "crs": "wgs84"}
        admin.post(f"/desk/posts/{post.id}{path}", values, status=404)
    assert [sign.retired_at for sign in signs()] == [None, None]
    assert "别镇的岗" not in admin.get("/desk/posts", query_string={"area": desk.foreign.code}).text
    admin.get("/desk/areas", query_string={"in": desk.foreign.code}, status=404)


def test_who_may_only_read_sees_no_buttons_and_gets_nowhere(client_page: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    reader = signed_in(client_page, desk, "grid_worker")
    page = reader.get(f"/desk/posts/{post.id}")
    assert not [form for form in page.forms if f"/desk/posts/{post.id}" in form.action]
    assert not page.all("a", href=f"/desk/posts/{post.id}/edit")
    assert not page.all("a", href=f"/desk/posts/{post.id}/poster")
    assert not page.all("a", href="/desk/posts/new")
    for path in ("/desk/posts/new", *(f"/desk/posts/{post.id}/{word}" for word in ("edit", "move", "poster"))):
        reader.get(path, status=403)


def test_the_association_keeps_posts_like_the_community(client_page: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    keeper = signed_in(client_page, desk, "association_admin")
    page = keeper.get(f"/desk/posts/{post.id}")
    assert page.all("a", href=f"/desk/posts/{post.id}/edit")
    for path in ("/desk/posts/new", *(f"/desk/posts/{post.id}/{word}" for word in ("edit", "move", "poster"))):
        keeper.get(path)


def test_residents_have_no_desk(client_page: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    resident = signed_in(client_page, desk, "member")
    for path in ("/desk/posts", "/desk/areas", "/desk/posts/new", f"/desk/posts/{post.id}/poster"):
        resident.get(path, status=403)


def test_who_is_not_signed_in_is_sent_to_sign_in(client: Client, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    for path in ("/desk/posts", "/desk/areas", f"/desk/posts/{post.id}/poster"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]


# --- editing, moving, states ---


def test_an_edit_is_saved_and_a_stale_tab_is_refused(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}/edit"
    first, second = admin.get(url).form(url), admin.get(url).form(url)
    page = admin.submit(first, name="北门岗", radius_m="200")
    assert (page.h1, "200 米" in page.text) == ("北门岗", True)
    refused = admin.submit(second, status=409, name="西门岗")
    assert "被别人改过了" in refused.text
    assert one_post().name == "北门岗"


def test_a_bad_edit_comes_back_filled(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}/edit"
    page = admin.submit(admin.get(url).form(url), status=422, name="", spot="新位置")
    assert page.form(url).fields["spot"] == "新位置"
    assert admin.submit(page.form(url), name="好名字").h1 == "好名字"


def test_a_moved_post_asks_for_a_new_sign(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}/move"
    page = admin.submit(admin.get(url).form(url), position="30.2105,120.3105", reason="岗亭搬了")
    assert "原来的牌子不再算数" in page.text
    assert "在原位置" in page.text
    assert (one_post().lat, one_post().lon) == (30.2105, 120.3105)
    assert "要打印" in admin.get("/desk/posts").text
    poster = admin.submit(page.form(f"/desk/posts/{post.id}/print"))
    assert "第 2 版" in poster.text
    assert "要打印" not in admin.get("/desk/posts").text


@pytest.mark.parametrize("lat", [30.2, 30.2031512, 30.20315129999])
def test_a_move_without_change_is_told(admin: Visitor, desk: Desk, lat: float) -> None:
    post = signed_post_in(desk.village, lat=lat)
    url = f"/desk/posts/{post.id}/move"
    page = admin.submit(admin.get(url).form(url), status=422)
    assert "位置没有变化" in page.text


def test_a_pause_needs_a_reason_that_people_then_read(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}"
    page = admin.submit(admin.get(url).form(f"{url}/pause"), status=422)
    assert "请写明原因" in page.text
    page = admin.submit(page.form(f"{url}/pause"), reason="煤气抢修")
    assert "煤气抢修" in page.text
    assert "暂停" in page.text
    page = admin.submit(page.form(f"{url}/resume"))
    assert "煤气抢修" not in page.text
    assert one_post().state == "active"


def test_two_tabs_pause_once(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}"
    first, second = admin.get(url).form(f"{url}/pause"), admin.get(url).form(f"{url}/pause")
    admin.submit(first, reason="施工")
    assert "状态已经变了" in admin.submit(second, status=409, reason="下雨").text
    assert one_post().state_why == "施工"
    assert admin.submit(first, reason="施工").h1 == post.name  # the same tap again gets its first answer


def test_a_retired_post_keeps_its_history_and_offers_nothing(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}"
    page = admin.submit(admin.get(url).form(f"{url}/retire"), reason="拆了")
    assert "已撤销" in page.text
    assert "作废" in page.text
    for action in ("print", "pause", "retire", "resume"):
        with pytest.raises(AssertionError):
            page.form(f"{url}/{action}")
    assert "还没有岗点" in admin.get("/desk/posts").text
    assert post.name in admin.get("/desk/posts?state=retired").text


def test_a_form_whose_session_was_lost_comes_back_filled(admin: Visitor, desk: Desk) -> None:
    form = admin.get("/desk/posts/new").form("/desk/posts/new")
    values = form.filled(**WHOLE, area_id=str(desk.grid.id)) | {"csrf_token": "stale"}
    page = admin.post("/desk/posts/new", values, status=422)
    assert "再点一次" in page.text
    assert admin.submit(page.form("/desk/posts/new")).h1 == "南门岗"


# --- signs ---


def test_printing_from_two_tabs_makes_one_generation(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}"
    first, second = admin.get(url).form(f"{url}/print"), admin.get(url).form(f"{url}/print")
    admin.submit(first)
    refused = admin.submit(second, status=409)
    assert "刚才已经有人打印了第 2 版" in refused.text
    assert "第 2 版" in admin.submit(first).text  # a replayed tap opens the same poster
    assert [sign.generation for sign in signs()] == [1, 2]


@pytest.mark.parametrize("after", ["", "x", "-1", "99", "9" * 40])
def test_a_print_without_what_it_saw_is_refused(admin: Visitor, desk: Desk, after: str) -> None:
    post = signed_post_in(desk.village)
    url = f"/desk/posts/{post.id}"
    admin.submit(admin.get(url).form(f"{url}/print"), status=409, after=after)
    assert len(signs()) == 1


def test_a_post_without_sign_has_no_poster(admin: Visitor, desk: Desk) -> None:
    post = post_in(desk.village)
    page = admin.get(f"/desk/posts/{post.id}/poster", status=404)
    assert "还没有牌子" in page.text


@contextmanager
def settings(app: Flask, **changed: object) -> Iterator[None]:
    before = app.extensions["linli_settings"]
    app.extensions["linli_settings"] = dataclasses.replace(before, **changed)
    try:
        yield
    finally:
        app.extensions["linli_settings"] = before


def test_a_poster_whose_key_is_gone_says_to_print_a_new_one(admin: Visitor, desk: Desk, app: Flask) -> None:
    post = signed_post_in(desk.village)
    secrets = app.extensions["linli_settings"].need_secrets()
    newer = dataclasses.replace(secrets, signing=SigningRing.parse("b=a newer key of the tests"))
    with settings(app, secrets=newer):
        page = admin.get(f"/desk/posts/{post.id}/poster", status=410)
        assert "请打印新的一版" in page.text
        url = f"/desk/posts/{post.id}"
        assert "第 2 版" in admin.submit(admin.get(url).form(f"{url}/print")).text
    assert signs()[1].kid == "b"


def test_the_host_header_never_gets_into_a_code_outside_the_demo(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    answer = admin.client.get(f"/desk/posts/{post.id}/poster", headers={"Host": "evil.test"})
    assert "evil.test" not in answer.text


def test_a_demo_without_address_prints_the_one_it_was_opened_at(app: Flask, client: Client, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    nearby = "http://192.168.1.5:8000"
    for public_url, printed in (("http://localhost:8000", "192.168.1.5:8000/p"), ("http://demo.test", "demo.test/p")):
        with settings(app, mode="demo", public_url=public_url):
            visitor = Visitor(client, nearby)
            visitor.sign_in(desk.people["village_admin"].id)
            assert printed in visitor.get(f"/desk/posts/{post.id}/poster", base_url=nearby).text


def test_a_sign_speaks_chinese_whoever_prints_it(admin: Visitor, desk: Desk) -> None:
    post = signed_post_in(desk.village)
    admin.client.set_cookie("linli_look", "std.auto.en", domain="linli.test")
    page = admin.get(f"/desk/posts/{post.id}/poster")
    assert page.one("html").get("lang") == "en"
    sheet = page.one("div", lang="zh-CN")
    assert re.search(r"第 1 版 · \d{4}-\d\d-\d\d", " ".join(sheet.itertext()))


# --- lists ---


def test_the_list_searches_filters_and_says_when_nothing_is_found(admin: Visitor, desk: Desk) -> None:
    post_in(desk.village, name="南门岗", number="1")
    post_in(desk.grid, name="北门岗", number="2", state="paused")
    page = admin.get("/desk/posts")
    found = admin.submit(page.form("/desk/posts"), q="北门")
    assert ("北门岗" in found.text, "南门岗" in found.text) == (True, False)
    assert "南门岗" not in admin.get("/desk/posts?state=paused").text
    assert "南门岗" not in admin.get(f"/desk/posts?area={desk.grid.code}").text
    assert "没有找到岗点" in admin.get("/desk/posts?q=%F0%9F%9A%92").text


@pytest.mark.parametrize(
    "query",
    [
        "q=%25_",
        "q=%ED%A0%80",
        "q=" + "x" * 3000,
        "state=nope",
        "area=nope",
        "after=x",
        "after=-1",
        "after=" + "9" * 30,
        "after=1",
    ],
)
def test_a_strange_search_is_only_a_search(admin: Visitor, desk: Desk, query: str) -> None:
    post_in(desk.village)
    assert admin.get(f"/desk/posts?{query}").h1 == "岗点"


def test_a_search_is_shown_back_as_text(admin: Visitor, desk: Desk) -> None:
    page = admin.get("/desk/posts", query_string={"q": '"><script>alert(1)</script>'})
    assert page.form("/desk/posts").fields["q"] == '"><script>alert(1)</script>'


def test_areas_are_browsed_down_to_a_new_post(admin: Visitor, desk: Desk) -> None:
    post_in(desk.grid)
    page = admin.get("/desk/areas")
    assert page.h1 == "区域"
    page = admin.get(page.one("a", href=f"/desk/areas?in={desk.village.code}").get("href") or "")
    assert page.h1 == "晚潮社区"
    assert "第一网格" in page.text
    page = admin.get(f"/desk/areas?in={desk.grid.code}")
    page = admin.get(page.one("a", href=f"/desk/posts/new?area={desk.grid.code}").get("href") or "")
    assert page.form("/desk/posts/new").fields["area_id"] == str(desk.grid.id)


@pytest.mark.parametrize("code", ["nope", "%00", "x" * 500])
def test_an_unknown_area_is_not_found(admin: Visitor, desk: Desk, code: str) -> None:
    admin.get("/desk/areas", query_string={"in": code}, status=404)
    assert admin.get("/desk/posts/new", query_string={"area": code}).h1 == "新建岗点"
