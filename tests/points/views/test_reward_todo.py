"""The reward desk's part of the queue: what people will come for, and what the shelf lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points.services import ordering
from community.points.views.reward_todo import ORDERS, STOCK
from tests.factories.access import actor_of
from tests.factories.deciding import make_admin
from tests.factories.ledger import give, make_item
from tests.factories.places import make_village


@pytest.fixture
def keeper(app: Flask, village: Area) -> Iterator[Member]:
    with transaction():
        keeper = make_admin(village, "沈阿姨", "shop_keeper")
    with app.test_request_context("/"):
        yield keeper


def test_what_ends_tomorrow_waits_by_itself_and_the_rest_in_one_line(
    keeper: Member, member: Member, leader: Member, village: Area, frozen_clock: FrozenClock
) -> None:
    with transaction():
        rice, soap = make_item(village, leader, pick_up="服务台"), make_item(village, leader, name_zh="肥皂")
        give(member, village, 100)
    with transaction():
        ordering.reserve(actor_of(member), rice.id, quantity=2)
    (rest,) = ORDERS.tasks(actor_of(keeper), "", 10)
    assert (str(rest.title), rest.href) == ("1 份等人来领", "/desk/rewards#waiting")
    frozen_clock.tick(days=13)
    for _again in range(2):
        with transaction():
            ordering.reserve(actor_of(member), soap.id)
    first, rest = ORDERS.tasks(actor_of(keeper), "", 10)
    assert (first.title, first.place, str(rest.title)) == ("大米 5 斤 × 2", "服务台", "2 份等人来领")
    assert "王**" in str(first.about)
    assert [str(badge.word) for badge in first.badges] == ["快到期"]
    assert ORDERS.count(actor_of(keeper), "") == 3
    assert not first.acts, "it is handed over against its code"
    frozen_clock.tick(days=2)
    assert ORDERS.tasks(actor_of(keeper), "", 10)[0].late


def test_what_the_shelf_lacks_is_told_to_who_manages_it_and_to_nobody_elsewhere(
    keeper: Member, leader: Member, village: Area
) -> None:
    with transaction():
        admin, elsewhere = make_admin(village), make_village(name="安澜社区")
        stranger = make_admin(elsewhere, "外镇管理员")
        make_item(village, leader, name_zh="还有的")
        make_item(village, leader, name_zh="换完的", on_hand=0)
        make_item(village, leader, name_zh="都订走的", on_hand=2, reserved=2)
        make_item(village, leader, name_zh="过了日子的", until_on=clock.today() - dt.timedelta(days=1))
        make_item(village, leader, name_zh="下架的", on_hand=0, state="closed")
        make_item(village, leader, name_zh="公益", kind="cause", on_hand=0)
    told = {task.title: str(task.about) for task in STOCK.tasks(actor_of(admin), "", 10)}
    assert set(told) == {"换完的", "都订走的", "过了日子的"}
    assert "2 份等人来领" in told["都订走的"]
    assert "截止" in told["过了日子的"]
    assert STOCK.count(actor_of(admin), village.path) == 3
    assert STOCK.tasks(actor_of(stranger), "", 10) == []
    assert STOCK.tasks(actor_of(keeper), "", 10) == []
