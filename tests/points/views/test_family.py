"""A family's pot over HTTP, without a script: opened, joined by a code, agreed to, used, stopped, left."""

from __future__ import annotations

import re

import pytest

from community.core.db import session, transaction
from community.people import standing
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem
from community.points.queries import families
from community.points.services import handing, ordering, pooling
from tests.factories.access import actor_of, make_grant
from tests.factories.families import all_agree, join, make_pot, sit_together
from tests.factories.ledger import give, make_item
from tests.factories.mandates import make_mandate
from tests.factories.people import make_member
from tests.factories.points import town_of
from tests.harness.client import Visitor


@pytest.fixture
def grandson(village: Area) -> Member:
    with transaction():
        return make_member(village, display_name="小宇", age_band="18-59")


@pytest.fixture
def rice(village: Area, leader: Member) -> RewardItem:
    with transaction():
        return make_item(village, leader, on_hand=20)


def test_a_family_agrees_and_one_uses_what_another_has(
    client_page: Visitor, new_visitor, member: Member, grandson: Member, rice: RewardItem, village: Area
) -> None:
    with transaction():
        give(member, village, 100)
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
    client_page.sign_in(member.id)
    page = client_page.submit(client_page.get("/family").form("/family"), cap="10000", status=422)
    assert "请填 0 到 9999 分" in page.text
    page = client_page.submit(page.form("/family"), cap="30")
    page = client_page.submit(page.form("/family/invite"))
    shown = re.search(r"([0-9a-z]{4}) ([0-9a-z]{4})", page.text)
    assert shown
    young = new_visitor()
    young.sign_in(grandson.id)
    page = young.submit(young.get("/family").form("/family/code"), code=f"{shown[1]}-{shown[2]}")
    assert "王桂芬" in page.text
    joining = f"/family/join/{shown[1]}{shown[2]}"
    page = young.submit(page.form(joining), status=422)
    assert "请先看名单" in page.text
    page = young.submit(page.form(joining), cap="0", sure="y")
    assert "对方还没让您用" in page.text
    reward = f"/shop/items/{rice.id}"
    assert "家庭共用兑换" not in young.get(reward).text
    page = client_page.get("/family")
    assert "小宇想用您的积分" in page.text
    page = client_page.submit(page.form("/family/agree"))
    assert "对方能用您的" in page.text
    page = young.get(reward)
    assert "您出 0 分，其余 10 分由王桂芬出。" in page.text
    page = young.submit(page.form(f"{reward}/redeem"), family="1")
    order = page.url.removesuffix("/pick-up").rpartition("/")[2]
    assert "王桂芬 10" in young.get(f"/shop/orders/{order}").text
    page = client_page.get("/family")
    assert "大米 5 斤" in page.text
    assert "小宇用家庭共用换了大米 5 斤" in client_page.get("/inbox").text
    page = client_page.submit(page.form(f"/family/orders/{order}/stop"))
    assert "已取消" in page.text
    again = young.submit(young.get(reward).form(f"{reward}/redeem"), family="1")
    order = again.url.removesuffix("/pick-up").rpartition("/")[2]
    desk = new_visitor()
    desk.sign_in(keeper.id)
    desk.submit(desk.get(f"/desk/rewards/orders/{order}").form("/hand"))
    page = client_page.get("/points")
    assert "家庭共用：大米 5 斤" in page.text
    line = next(one for one in page.links if re.fullmatch(r"/points/\d+", one))
    assert "小宇换的" in page.text
    page = client_page.get(line)
    assert page.h1 == "家庭共用：大米 5 斤"
    assert "谁换的小宇" in page.text
    page = client_page.submit(client_page.get("/family").form("/family/leave"))
    assert "已退出" in page.text


def test_what_is_in_nobodys_pot_is_offered_to_nobody(
    client_page: Visitor, member: Member, grandson: Member, rice: RewardItem, village: Area
) -> None:
    with transaction():
        give(member, village, 5)
        pot = make_pot(member)
        join(member, grandson)
        all_agree(pot)
    client_page.sign_in(grandson.id)
    page = client_page.get(f"/shop/items/{rice.id}")
    assert "家庭共用兑换" not in page.text, "five are too few"
    with transaction():
        stranger = make_member(village)
    client_page.sign_in(stranger.id)
    page = client_page.get("/family")
    assert "小宇" not in page.text
    assert "王桂芬" not in page.text
    client_page.get("/family/join/00000000", status=404)


def test_what_each_would_pay_is_not_told_before_it_is_ordered(
    client_page: Visitor, member: Member, leader: Member, grandson: Member, rice: RewardItem, village: Area
) -> None:
    """Asked for this many and that many, it would tell what each of them has."""
    with transaction():
        give(member, village, 13)
        give(leader, village, 14)
        sit_together([grandson, member, leader], cap=50)
    client_page.sign_in(grandson.id)
    text = client_page.get(f"/shop/items/{rice.id}?quantity=2").text
    assert "您出 0 分，其余 20 分由王桂芬、孙卫东出。" in text
    assert not re.search(r"1[34] 分|[67] 分", text)
    page = client_page.get("/family")
    assert "能看出够不够" in page.text


def test_what_was_used_of_hers_is_found_by_her_alone_however_much_was_ordered(
    member: Member, leader: Member, statements: list[str]
) -> None:
    with transaction():
        pot = sit_together([member, leader], cap=50)
    seat = families.seat_of(actor_of(leader))
    assert seat
    statements.clear()
    families.used(seat)
    families.uses_of(actor_of(leader), pot.town_id)
    used, uses = (one for one in statements if "pot_share" in one)
    for asked in (used, uses):
        blanks = (0,) * asked.count("?")
        plan = session().connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", blanks)
        said = " ".join(str(row) for row in plan)
        assert "pot_share USING INDEX ix_pot_share_payer (payer_id=? AND town_id=?" in said
        assert "TEMP B-TREE" not in said, "newest first by the index"


def test_an_order_that_others_paid_leads_to_no_line_of_theirs(
    client_page: Visitor, member: Member, grandson: Member, rice: RewardItem, village: Area
) -> None:
    with transaction():
        give(member, village, 10)
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
        sit_together([grandson, member], cap=50)
        made = pooling.reserve(actor_of(grandson), rice.id)
        helper = make_member(village, display_name="何敏")
        make_mandate(grandson, helper)
    client_page.sign_in(helper.id)
    page = client_page.get(f"/helped/{grandson.id}/shop/orders/{made}")
    assert "王桂芬" not in page.text, "who helps learns nothing of the family"
    assert not page.all("form", action=f"/helped/{grandson.id}/shop/orders/{made}/cancel")
    with transaction():
        handing.hand_over(actor_of(keeper), made)
    client_page.sign_in(grandson.id)
    page = client_page.get(f"/shop/orders/{made}")
    assert "王桂芬 10" in page.text
    assert [one for one in page.links if re.fullmatch(r"/points/\d+", one)] == []


def test_a_list_of_orders_costs_the_same_with_many_and_with_few(
    client_page: Visitor, member: Member, leader: Member, rice: RewardItem, village: Area, statements: list[str]
) -> None:
    with transaction():
        give(member, village, 100)
        make_mandate(member, leader)
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
    said: dict[str, list[int]] = {"/shop": [], "/shop/orders": [], "/desk/rewards": []}
    for count in (2, 4):
        for _number in range(count):
            with transaction():
                ordering.reserve(standing.in_place_of(actor_of(leader), member.id, lock=True), rice.id)
        for page, counted in said.items():
            client_page.sign_in(keeper.id if page.startswith("/desk") else member.id)
            client_page.get(page)
            statements.clear()
            shown = client_page.get(page)
            assert shown.text.count("大米 5 斤") >= count
            counted.append(len(statements))
    assert all(few == many for few, many in said.values()), said
