"""A reward is seen as it is: a picture brought by the town's admin, shown to members who open it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.core.uploads import Upload
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem
from tests.factories.deciding import make_admin, photo
from tests.factories.ledger import make_item
from tests.harness.client import Visitor


@pytest.fixture
def item(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader, pick_up="服务台", state="draft", on_hand=0)


@pytest.fixture
def admin(village: Area, client_page: Visitor) -> Visitor:
    with transaction():
        admin = make_admin(village)
    client_page.sign_in(admin.id)
    return client_page


def show(admin: Visitor, item: RewardItem, data: bytes, status: int = 303) -> str:
    url = f"/desk/rewards/items/{item.id}"
    form = admin.get(url).form(f"{url}/picture")
    page = admin.post(f"{url}/picture", form.filled() | {"photo": (io.BytesIO(data), "rice.jpg")}, status)
    return page.text


def test_a_picture_is_brought_replaced_and_taken_away(
    admin: Visitor, item: RewardItem, member: Member, new_visitor: Callable[[], Visitor]
) -> None:
    resident = new_visitor()
    resident.sign_in(member.id)
    show(admin, item, photo())
    first = session().scalars(select(Upload)).one()
    assert first.purpose == "reward"
    assert resident.client.get(f"/pictures/{first.id}").status_code == 404, "nobody sees a draft"
    with transaction():
        found = session().get_one(RewardItem, item.id, populate_existing=True)
        found.on_hand, found.state = 3, "open"
    page = resident.get(f"/shop/items/{item.id}")
    assert "看照片" in page.text
    assert resident.client.get(f"/pictures/{first.id}?small=1").status_code == 200
    assert new_visitor().client.get(f"/pictures/{first.id}").status_code == 404, "the shop is for members"

    show(admin, item, photo())
    assert resident.client.get(f"/pictures/{first.id}").status_code == 404, "replaced pictures are gone"
    url = f"/desk/rewards/items/{item.id}"
    admin.submit(admin.get(url).form(f"{url}/picture/remove"))
    assert "看照片" not in resident.get(f"/shop/items/{item.id}").text
    assert session().scalars(select(Upload.id).where(Upload.deleted_at.is_(None))).all() == []


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 no picture", b"<svg onload=alert(1)>"])
def test_what_is_no_picture_is_refused_at_its_field(admin: Visitor, item: RewardItem, data: bytes) -> None:
    said = show(admin, item, data, 422)
    assert "照片" in said
    session().expire_all()
    assert session().get_one(RewardItem, item.id).upload_id is None


def test_who_does_not_manage_the_shop_brings_no_picture(
    item: RewardItem, member: Member, new_visitor: Callable[[], Visitor]
) -> None:
    resident = new_visitor()
    resident.sign_in(member.id)
    assert resident.client.get(f"/desk/rewards/items/{item.id}").status_code in {403, 404}
