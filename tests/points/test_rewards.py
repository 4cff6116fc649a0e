"""What a reward may be, and what points may never gate."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from community.core.errors import DomainError
from community.core.i18n import plain
from community.points import rewards
from community.points.rewards import Details

RICE = Details(name_zh="大米 5 斤", points=80, fen=2_500, pick_up="社区服务台，周一到周五")


@pytest.mark.parametrize(
    "name",
    ["优先入学名额", "低保申请资格", "业主大会投票权", "小区门禁卡", "免罚券", "现金 50 元", "办证优先办理", "香烟一条",
     "低 保 资格", "低\u200b保资格", "入。学名额", "Priority service ticket", "School place"],
)  # fmt: skip
def test_a_reward_that_gates_a_right_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(DomainError) as refused:
        rewards.check(dataclasses.replace(RICE, name_zh=name), "goods")
    assert refused.value.code.startswith("denied_")
    assert refused.value.field == "name_zh"
    assert "不能" in plain(refused.value.message)


@pytest.mark.parametrize("field", ["about_zh", "about_en", "name_en", "pick_up"])
def test_no_field_is_a_way_around(field: str) -> None:
    with pytest.raises(DomainError) as refused:
        rewards.check(dataclasses.replace(RICE, **{field: "凭积分办低保"}), "goods")
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["大米 5 斤", "理发一次", "老年食堂餐券", "电动车充电 10 次", "书店 8 折卡", "雨伞"])
def test_everyday_things_may_be_rewards(name: str) -> None:
    assert rewards.check(dataclasses.replace(RICE, name_zh=f"  {name} "), "goods").name_zh == name


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"points": 0}, "points"),
        ({"points": -5}, "points"),
        ({"fen": -1}, "fen"),
        ({"per_month": 0}, "per_month"),
        ({"name_zh": "  "}, "name_zh"),
        ({"name_zh": "米" * 41}, "name_zh"),
        ({"pick_up": ""}, "pick_up"),
        ({"until_on": dt.date(2020, 1, 1)}, "until_on"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        rewards.check(dataclasses.replace(RICE, **wrong), "goods")
    assert refused.value.field == field


def test_a_cause_needs_no_place_to_be_picked_up() -> None:
    assert rewards.check(dataclasses.replace(RICE, pick_up=""), "cause")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("１２３４５６", "123456"),
        ("12345", ""),
        ("12345a", ""),
        ("", ""),
    ],
)
def test_a_typed_code_is_read_as_people_type(typed: str, code: str) -> None:
    assert rewards.clean_code(typed) == code
