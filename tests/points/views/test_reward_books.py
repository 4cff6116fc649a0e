"""The town's admin and the shop's books, page by page, without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem
from tests.factories.access import make_grant
from tests.factories.ledger import make_item, make_supplier
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import town_of
from tests.harness.client import Visitor


@pytest.fixture
def admin(village: Area, client_page: Visitor) -> Visitor:
    with transaction():
        admin = make_member(village, display_name="高培源")
        make_grant(admin, "town_admin", town_of(village))
    client_page.sign_in(admin.id)
    return client_page


def the_item() -> RewardItem:
    session().rollback()
    return session().scalars(select(RewardItem)).one()


def test_a_reward_comes_into_the_shop_in_four_steps(admin: Visitor, village: Area, member: Member) -> None:
    assert "还没有奖品" in admin.get("/desk/rewards/items").text
    form = admin.get("/desk/rewards/items/new").form("/desk/rewards/items/new")
    refused = admin.submit(form, 422, name_zh="优先入学名额", points="10", pick_up="服务台", area_id=str(village.id))
    assert "不能当奖品" in refused.text
    form = refused.form("/desk/rewards/items/new")
    page = admin.submit(form, name_zh="大米 5 斤", yuan="25.80")
    item = the_item()
    assert (item.fen, item.state) == (2580, "draft")
    assert "还没有库存" in admin.submit(page.form("/open"), 409).text

    page = admin.get(f"/desk/rewards/items/{item.id}")
    stock = next(form for form in page.forms if form.fields.get("how") == "deliver")
    assert "请填到了多少份" in admin.submit(stock, 422, pieces="0").text
    page = admin.get(f"/desk/rewards/items/{item.id}")
    stock = next(form for form in page.forms if form.fields.get("how") == "deliver")
    page = admin.submit(stock, pieces="20", words="第一批")
    assert "第一批" in page.text
    page = admin.submit(page.form("/open"))
    assert "兑换中" in page.text
    assert "大米 5 斤" in admin.get("/desk/rewards/prices").text
    assert "25.80" not in admin.get("/desk/rewards/prices").text
    page = admin.submit(page.form("/close"))
    assert "已下架" in page.text


def test_a_price_is_changed_and_a_wrong_one_is_told_at_its_field(admin: Visitor, village: Area, leader: Member) -> None:
    with transaction():
        item = make_item(village, leader, pick_up="服务台")
    form = admin.get(f"/desk/rewards/items/{item.id}").form(f"/items/{item.id}")
    again = admin.submit(form, 422, points="0")
    assert "请填 1 到" in again.text
    admin.submit(again.form(f"/items/{item.id}"), points="90")
    assert the_item().points == 90


def test_a_count_asks_for_the_reason(admin: Visitor, village: Area, leader: Member) -> None:
    with transaction():
        item = make_item(village, leader, pick_up="服务台")
    page = admin.get(f"/desk/rewards/items/{item.id}")
    count = next(form for form in page.forms if form.fields.get("how") == "count")
    again = admin.submit(count, 422, pieces="4")
    assert "请写明原因" in again.text
    count = next(form for form in again.forms if form.fields.get("how") == "count")
    page = admin.submit(count, words="一袋受潮")
    assert "一袋受潮" in page.text
    assert the_item().on_hand == 4


def test_suppliers_are_written_down_and_given_up(admin: Visitor, village: Area) -> None:
    form = admin.get("/desk/rewards/suppliers").form("/desk/rewards/suppliers")
    page = admin.submit(form, name="利民粮油店", contact="王老板")
    assert "王老板" in page.text
    again = admin.submit(page.form("/desk/rewards/suppliers"), 422, name="利民粮油店")
    assert "已经登记过" in again.text
    page = admin.submit(again.form("/close"))
    assert "已停用" in page.text


def test_the_admin_of_another_town_sees_nothing_of_it(
    admin: Visitor, village: Area, new_visitor: Callable[[], Visitor], leader: Member
) -> None:
    with transaction():
        make_supplier(town_of(village))
        item = make_item(village, leader)
    with transaction():
        there = make_village()
        other = make_member(there)
        make_grant(other, "town_admin", town_of(there))
    visitor = new_visitor()
    visitor.sign_in(other.id)
    visitor.get(f"/desk/rewards/items/{item.id}", 404)
    assert "利民粮油店" not in visitor.get("/desk/rewards/suppliers").text
    assert "大米" not in visitor.get("/desk/rewards/items").text
