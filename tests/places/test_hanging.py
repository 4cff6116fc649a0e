"""A sign that hangs: one photo on the spot, for the desk and for who stands before it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from community.audit.models import AuditEntry
from community.core.clock import FrozenClock
from community.core.db import in_transaction, session, transaction
from community.core.errors import Conflict, Forbidden, NotFound
from community.core.uploads import Picture, Upload, pictures, prepare
from community.people.models import Member
from community.places import hanging
from community.places.models import Area, Post, PostPrint
from tests.factories.access import actor_of, make_grant
from tests.factories.patrols import token_of
from tests.factories.people import make_member
from tests.factories.places import make_post, make_print, make_town, make_village
from tests.factories.teams import make_team
from tests.harness.client import Visitor


def photo(colour: str = "navy", width: int = 640) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 480), colour).save(out, "JPEG")
    return out.getvalue()


class Scene:
    """A village with a post and its sign, somebody who may put up signs there, and another village."""

    def __init__(self) -> None:
        with transaction():
            town = make_town()
            self.village: Area = make_village(town)
            self.elsewhere: Area = make_village(town, name="潮头社区")
            self.post: Post = make_post(self.village)
            self.sign: PostPrint = make_print(self.post)
            self.worker: Member = make_member(self.village, display_name="网格员")
            self.stranger: Member = make_member(self.elsewhere, display_name="外人")
            self.resident: Member = make_member(self.village, display_name="居民")
            make_grant(self.worker, "grid_worker", self.village)
            make_grant(self.stranger, "grid_worker", self.elsewhere)

    def install(self, colour: str = "navy", who: Member | None = None) -> PostPrint:
        with transaction():
            actor = actor_of(who or self.worker)
            return hanging.install_sign(actor, self.post.id, generation=1, picture=prepare(photo(colour)))

    @property
    def path(self) -> str:
        return f"/desk/posts/{self.post.id}/hang"


@pytest.fixture
def scene(app: Flask, frozen_clock: FrozenClock) -> Scene:
    return Scene()


def bring(visitor: Visitor, scene: Scene, content: bytes, status: int = 303, name: str = "a.jpg") -> str:
    form = visitor.get(scene.path).form(scene.path)
    data = form.filled() | {"photo": (io.BytesIO(content), name)}
    return visitor.post(scene.path, data, status, content_type="multipart/form-data").text


def test_one_photo_says_that_the_sign_hangs(scene: Scene, client_page: Visitor, frozen_clock: FrozenClock) -> None:
    client_page.sign_in(scene.worker.id)
    assert "第 1 版已经挂好" in bring(client_page, scene, photo())
    sign = session().get_one(PostPrint, scene.sign.id)
    assert (sign.installed_at, sign.installed_by) == (frozen_clock.now(), scene.worker.id)
    assert session().get_one(Upload, sign.installed_photo).purpose == "sign"
    acts = session().scalars(select(AuditEntry.act).where(AuditEntry.object_id == str(scene.post.id)))
    assert list(acts) == ["places.install"]


def test_a_newer_photo_replaces_the_older_one(scene: Scene) -> None:
    first = scene.install().installed_photo
    second = scene.install("red").installed_photo
    assert first != second
    assert session().get_one(Upload, first).deleted_at
    assert not session().get_one(Upload, second).deleted_at


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "请拍一张牌子的照片"),
        (b"no picture", "这不是一张能打开的照片"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 99, "HEIC"),
        (b"\xff" * 40_000, "照片太大了"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(
    scene: Scene, client_page: Visitor, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    # A file as long as the real limit would be spooled to the disk by the test's own client.
    monkeypatch.setattr(pictures, "MAX_BYTES", 30_000)
    client_page.sign_in(scene.worker.id)
    text = bring(client_page, scene, content, 422, "a.jpg" if content else "")
    assert said in text
    assert session().get_one(PostPrint, scene.sign.id).installed_at is None
    assert session().query(Upload).count() == 0


def test_who_has_no_right_there_says_nothing_about_the_sign(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.install(who=scene.stranger)
    with pytest.raises(Forbidden):
        scene.install(who=scene.resident)


def test_a_teams_leader_puts_up_signs_where_the_team_serves(scene: Scene) -> None:
    with transaction():
        here, there = make_team(scene.village), make_team(scene.elsewhere)
        make_grant(scene.resident, "team_leader", None, team_id=here.id)
        other = make_member(scene.elsewhere)
        make_grant(other, "team_leader", None, team_id=there.id)
    assert scene.install(who=scene.resident).installed_by == scene.resident.id
    with pytest.raises(NotFound):
        scene.install(who=other)


def test_a_sign_printed_meanwhile_is_not_said_to_hang(scene: Scene) -> None:
    with transaction():
        scene.sign.retired_at = scene.sign.printed_at
        make_print(session().get_one(Post, scene.post.id), generation=2)
    with pytest.raises(Conflict):
        scene.install()


def test_a_retired_post_has_no_sign_to_hang(scene: Scene) -> None:
    with transaction():
        session().get_one(Post, scene.post.id).state = "retired"
    with pytest.raises(Conflict):
        scene.install()


def test_the_picture_is_for_the_desk_of_that_area(
    scene: Scene, client_page: Visitor, new_visitor: Callable[[], Visitor]
) -> None:
    address = f"/pictures/{scene.install().installed_photo}"
    for who, status in ((scene.worker, 200), (scene.stranger, 404), (scene.resident, 404)):
        visitor = new_visitor()
        visitor.sign_in(who.id)
        assert visitor.client.get(address).status_code == status, who.display_name
    assert client_page.client.get(address).status_code == 404


def test_who_scans_the_sign_may_see_how_it_hangs(scene: Scene, client_page: Visitor) -> None:
    address = f"/p/{token_of(scene.post, scene.sign)}"
    assert "看牌子的照片" not in client_page.get(address).text
    assert client_page.client.get(f"{address}/photo").status_code == 404
    scene.install()
    assert "看牌子的照片" in client_page.get(address).text
    answer = client_page.client.get(f"{address}/photo")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.data)).size == (320, 240)
    # Another sign's code, a forged one: nothing.
    assert client_page.client.get("/p/7k3m9qxw.1a.h4t6n2v8c3r5j7kd/photo").status_code == 404


def test_who_puts_up_signs_is_led_from_the_sign_to_its_photo(scene: Scene, client_page: Visitor) -> None:
    address = f"/p/{token_of(scene.post, scene.sign)}"
    assert "登记挂好" not in client_page.get(address).text
    client_page.sign_in(scene.worker.id)
    assert "登记挂好" in client_page.get(address).text


def test_the_desk_shows_how_the_sign_hangs_and_who_says_so(scene: Scene, client_page: Visitor) -> None:
    client_page.sign_in(scene.worker.id)
    assert "还没有人登记挂好" in client_page.get(f"/desk/posts/{scene.post.id}").text
    upload = scene.install().installed_photo
    page = client_page.get(f"/desk/posts/{scene.post.id}")
    assert "网格员" in page.text
    assert client_page.last is not None
    assert f"/pictures/{upload}?small=1" in client_page.last.text


def test_nobody_elses_picture_is_decoded(client_page: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, decoded = Scene(), []
    monkeypatch.setattr("community.core.web.sent.prepare", decoded.append)
    client_page.sign_in(scene.worker.id)
    sent = client_page.get(scene.path).form(scene.path).filled()
    with transaction():
        other = make_post(scene.elsewhere)
    sent["photo"] = (io.BytesIO(photo()), "a.jpg")
    client_page.post(f"/desk/posts/{other.id}/hang", sent, 404)
    assert not decoded


def test_a_picture_is_decoded_while_nobody_waits_for_the_database(
    scene: Scene, client_page: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []

    def decode(data: bytes) -> Picture:
        inside.append(in_transaction())
        return prepare(data)

    monkeypatch.setattr("community.core.web.sent.prepare", decode)
    client_page.sign_in(scene.worker.id)
    page = client_page.get(scene.path)
    client_page.submit(page.form(scene.path), photo=(io.BytesIO(photo()), "a.jpg"))
    assert inside == [False]
    assert session().get_one(PostPrint, scene.sign.id).installed_photo is not None
