"""The forms of the shop's books: money as people write it, whatever else is the policies' matter."""

from __future__ import annotations

import pytest
from flask import Flask

from community.points.forms.rewards import NewRewardForm, RewardForm
from community.points.models import RewardItem


def filled(app: Flask, **data: str) -> RewardForm:
    with app.test_request_context(method="POST", data={"name_zh": "大米", "points": "80", "pick_up": "服务台"} | data):
        form = RewardForm(meta={"csrf": False})
        form.offer_suppliers([(7, "利民粮油店")])
        form.validate()
        return form


@pytest.mark.parametrize(("typed", "fen"), [("25", 2500), ("25.8", 2580), ("0.05", 5), (" 3 ", 300), ("", 0)])
def test_a_cost_is_typed_in_yuan_and_kept_in_fen(app: Flask, typed: str, fen: int) -> None:
    form = filled(app, yuan=typed)
    assert not form.errors
    assert form.details().fen == fen


@pytest.mark.parametrize("typed", ["-3", "三元", "1.234", "1e5", "999999"])
def test_what_is_no_amount_of_money_is_refused(app: Flask, typed: str) -> None:
    assert "yuan" in filled(app, yuan=typed).errors


def test_what_is_written_comes_back_as_it_was(app: Flask) -> None:
    item = RewardItem(name_zh="大米", points=80, fen=2580, pick_up="服务台", per_month=2)
    with app.test_request_context():
        shown = RewardForm(formdata=None, meta={"csrf": False}).show(item)
        assert (shown.yuan.data, shown.per_month.data) == ("25.80", 2)


def test_a_new_reward_is_offered_at_the_first_place_unless_another_is_chosen(app: Flask) -> None:
    with app.test_request_context():
        form = NewRewardForm(formdata=None, meta={"csrf": False})
        form.offer_places([(3, "白塘街道"), (4, "晚潮社区")])
        assert form.area_id.data == 3
