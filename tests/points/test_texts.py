"""Every reason has words, and every step of the arithmetic is told."""

from __future__ import annotations

import datetime as dt
import inspect
import re

import pytest

from community.points import policies, texts
from community.points.models import HOLD_REASONS
from community.points.policies import Terms
from community.points.services import awarding, reversing

pytestmark = pytest.mark.usefixtures("app")


def explain(terms: Terms) -> dict[str, object]:
    at = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
    made = policies.explanation(terms, earned_at=at, grade="B", place="南门岗", where="1/")
    return made | {"used": {"2026-11-23": 10}, "balance": 110}


def test_every_reason_to_wait_has_words_and_says_what_comes_next() -> None:
    assert set(texts.WAITS) == set(HOLD_REASONS)
    assert all(str(why) and str(following) for why, following in texts.WAITS.values())


@pytest.mark.parametrize("reason", ["hour", "day", "month", "cap", "grade", "no_rule"])
def test_every_reason_for_nothing_has_words_of_its_own(reason: str) -> None:
    said = {
        str(texts.nothing(one, amount=5, cap=10, min_grade="B", grade="C"))
        for one in ("hour", "day", "month", "cap", "grade", "no_rule")
    }
    assert len(said) == 6
    assert str(texts.nothing(reason, amount=5, cap=10, min_grade="B", grade="C")) in said


def test_the_arithmetic_is_told_step_by_step() -> None:
    steps = [
        f"{word} {value}" for word, value in texts.arithmetic(explain(Terms(1, 1, "P", "1", "D", 5, "hour", 10, 24)))
    ]
    assert steps == ["每次 5 分", "小时 23 点到 24 点的第一次", "当天累计 10 分，上限 10 分", "余额 105 + 5 = 110"]
    daily = texts.arithmetic(explain(Terms(1, 1, "P", "1", "D", 5, "day", None, 24)))
    assert [str(word) for word, _value in daily] == ["每次", "当天", "余额"]


def test_every_way_a_case_can_end_has_words() -> None:
    """What award and reversal refuse, by their own sources, becomes a case's outcome as it is."""
    asked = (awarding.award_manual, awarding.manual_terms, reversing.reverse, reversing._granted)
    codes = {code for one in asked for code in re.findall(r'Conflict\(\s*"(\w+)"', inspect.getsource(one))}
    assert {"awarded", "other_town", "not_reversible"} <= codes
    full = {"hour", "day", "cap", "month", "budget", "unverified"}
    given = {"not_found", "refused", "written_off", "erased", "merged"}
    assert codes | full | given <= set(texts.OUTCOMES)
    assert max(len(code) for code in texts.OUTCOMES) <= 20, "the column holds no more"
