"""What looks like a mistake is asked about once; several posts are paused and resumed at once."""

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.core.errors import DomainError, NotFound
from community.places import doubles
from community.places.models import Area, Post
from community.places.policies import Position
from tests.factories.access import actor_of, make_grant
from tests.factories.people import make_member
from tests.factories.places import make_post, make_village
from tests.harness.client import Visitor

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

HERE = Position(30.2, 120.3)


@pytest.fixture
def village(engine_name: str) -> Area:
    with transaction():
        return make_village()


def asked(village: Area, name: str, position: Position) -> list[str]:
    return [str(one) for one in doubles.doubts(area_id=village.id, name=name, position=position)]


def test_the_first_post_and_one_among_others_are_not_asked_about(village: Area) -> None:
    assert asked(village, "南门岗", HERE) == []
    with transaction():
        make_post(village, name="北门岗")
    assert asked(village, "南门岗", Position(30.21, 120.31)) == []


def test_the_same_name_nearby_and_a_place_far_from_the_others_are_asked_about(village: Area) -> None:
    with transaction():
        make_post(village, name="南门岗")
        make_post(village, name="旧岗", state="retired", lat=31.0)
    [same] = asked(village, " 南门岗 ", Position(30.202, 120.3))
    assert "222 米外已有同名的岗点" in same
    [far] = asked(village, "东门岗", Position(31.0, 120.3))
    assert "89.0 公里" in far
    assert asked(village, "东门岗", Position(95, 300)) == []
    assert doubles.answer([same]) != doubles.answer([far])
    assert doubles.answer([]) == ""


def test_a_doubtful_post_is_set_up_when_its_sender_means_it(village: Area, client_page: Visitor) -> None:
    with transaction():
        make_post(village, name="南门岗")
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    form = client_page.get("/desk/posts/new").form("/desk/posts/new")
    filled = {"name": "南门岗", "position": "30.2001,120.3001", "radius_m": "150", "area_id": str(village.id)}
    page = client_page.submit(form, status=422, **filled)
    assert "真的是这里吗" in page.text
    assert len(session().scalars(select(Post.id)).all()) == 1
    page = client_page.submit(page.form("/desk/posts/new"))
    assert page.h1 == "南门岗"
    assert len(session().scalars(select(Post.id)).all()) == 2


def test_chosen_posts_are_paused_with_a_reason_and_resumed(village: Area, client_page: Visitor) -> None:
    with transaction():
        posts = [make_post(village), make_post(village, state="paused"), make_post(village)]
        member = make_member(village)
        make_grant(member, "village_admin", village)
    client_page.sign_in(member.id)
    form = client_page.get("/desk/posts").form("/several")
    chosen = [str(post.id) for post in posts[:2]]
    page = client_page.submit(form, post=chosen, reason="管网施工", act="pause")
    assert "已暂停 1 个。另有 1 个的状态不合适" in page.text
    states = session().execute(select(Post.state, Post.state_why).order_by(Post.id)).all()
    assert [tuple(row) for row in states] == [("paused", "管网施工"), ("paused", None), ("active", None)]
    page = client_page.submit(client_page.get("/desk/posts").form("/several"), post=chosen, act="resume")
    assert "已恢复 2 个" in page.text


def test_nothing_is_done_without_a_reason_without_posts_or_with_one_out_of_reach(village: Area) -> None:
    with transaction():
        own, foreign = make_post(village), make_post(make_village())
        member = make_member(village)
        make_grant(member, "village_admin", village)
    actor = actor_of(member)
    for ids, reason, error in (
        ([own.id], "", DomainError), ([], "施工", DomainError), ([own.id, foreign.id], "施工", NotFound),
    ):  # fmt: skip
        with pytest.raises(error), transaction():
            doubles.set_all(actor, ids, "pause", reason)
    assert session().get_one(Post, own.id, populate_existing=True).state == "active"
