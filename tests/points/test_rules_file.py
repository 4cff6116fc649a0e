"""Rules in a YAML file: what stays, what changes, and which entry is wrong."""

from __future__ import annotations

import pytest

from community.core.errors import DomainError
from community.places.models import Area
from community.points import rules_file
from tests.factories.rules import proposal


def read(village: Area, text: str) -> list[tuple[str, int, bool, bool]]:
    found = rules_file.read(text, village.town_id or 0)
    return [(one.code, one.amount, one.ends, one.rule_id is not None) for one in found]


def test_a_known_code_keeps_what_is_not_named_and_others_are_new(village: Area) -> None:
    text = f"""
rules:
- {{code: P01, amount: 6}}
- {{trigger: CheckInAccepted, amount: 3, text_zh: {proposal().text_zh}}}
- {{code: P01, ends: true}}
"""
    assert read(village, text) == [("P01", 6, False, True), ("NEW2", 3, False, False), ("P01", 5, True, True)]
    assert rules_file.read(text, village.town_id or 0)[0].cap_day == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "YAML"),
        ("- 1", "rules"),
        ("rules: []", "rules"),
        ("rules: [{colour: red}]", "colour"),
        ("rules: [{code: P01, amount: -5}]", "第 1 条"),
        ("rules: [{code: P01, amount: six}]", "第 1 条"),
        ("rules: [{code: P99, ends: true}]", "P99"),
        ("rules: [{code: P01, text_zh: 告发可疑人员每条记十分}]", "不能写进规则"),
    ],
)
def test_each_wrong_file_is_refused_whole_with_its_reason(village: Area, text: str, said: str) -> None:
    with pytest.raises(DomainError) as refused:
        rules_file.read(text, village.town_id or 0)
    assert said in str(refused.value.message)
