"""What a rule may say and what no rule may ever ask for, each with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.core.errors import DomainError
from community.points.proposals import MOST, check, check_words, clauses
from tests.factories.rules import proposal

pytestmark = pytest.mark.usefixtures("app")


def refused(**changed: object) -> DomainError:
    with pytest.raises(DomainError) as found:
        check(proposal(**changed))
    return found.value


@pytest.mark.parametrize("amount", [0, -1, -5, MOST["points"] + 1])
def test_no_rule_takes_points_or_gives_wages(amount: int) -> None:
    assert refused(amount=amount, cap_day=None).field == "amount"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trigger", "ReportOfNeighbour"),
        ("min_grade", "E"),
        ("team_kind", "police"),
        ("asset", "yuan"),
        ("once_per", "year"),
        ("cap_day", 5),
        ("cap_month", -1),
        ("expires_months", 0),
        ("text_zh", "打卡记分"),
    ],
)
def test_each_wrong_field_is_told_by_name(field: str, value: object) -> None:
    assert refused(**{field: value}).field == field


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("告发可疑人员，每条记五十分，核实后再加一百。", "denied_informing"),
        ("举报邻居出租房屋，每次记五分，每天最多十分。", "denied_informing"),
        ("本地户籍居民打卡记六分，外来人员打卡记三分。", "denied_status"),
        ("全年不上访的家庭，年底一次记一百分。", "denied_opinion"),
        ("把公告转发到朋友圈，每次记五分，每天最多十分。", "denied_pressure"),
        ("巡逻缺一次，扣分五分，从余额里倒扣。", "denied_punish"),
        ("满一百分的家庭，孩子入学时优先安排学位。", "denied_rights"),
    ],
)
def test_what_no_rule_may_ask_for_is_refused_with_its_reason(words: str, code: str) -> None:
    error = refused(text_zh=words)
    assert (error.code, error.field) == (code, "text_zh")
    assert "不能写进规则" in str(error.message)
    assert len(str(error.message)) > 25, "the reason stands beside it"


def test_english_words_are_looked_at_too() -> None:
    assert refused(text_en="Earn 5 for informing on suspicious people.").field == "text_en"


def test_hazards_and_lamps_may_be_reported() -> None:
    check_words("发现楼道堆物，举报隐患并拍照，每次记五分。", "text_zh")
    assert check(proposal(text_zh="路灯不亮，举报路灯位置，每次记五分，每天最多十分。"))


def test_words_are_tidied_and_terms_come_out_as_they_went_in() -> None:
    messy = proposal(text_zh="  每个小时第一次有效打卡记6分，\n每天最多12分。 ")
    assert check(messy) == replace(messy, text_zh="每个小时第一次有效打卡记6分， 每天最多12分。")


def test_clauses_say_every_term() -> None:
    said = {str(word): str(value) for word, value in clauses(proposal(team_kind="riders", review=True, cap_month=60))}
    assert said["每次记"] == "6 分"
    assert (said["每天最多"], said["每月最多"]) == ("12 分", "60 分")
    assert said["哪些队伍"] == "平安骑手"
    assert "复核" in said["怎样记入"]
    minutes = {str(word): str(value) for word, value in clauses(proposal(asset="minutes", amount=60, cap_day=480))}
    assert (minutes["每次记"], minutes["有效期"]) == ("60 分钟", "一直有效")


@pytest.mark.parametrize(
    "words", ["告 发可疑人员每条另记2分", "告·发可疑人员每条另记2分", "告\u200b发可疑人员每条另记2分"]
)
def test_a_gap_between_the_letters_hides_no_word(words: str) -> None:
    with pytest.raises(DomainError, match="denied_"):
        check_words(words, "text_zh")


@pytest.mark.parametrize("words", ["说出谁家来了外地人，记2分", "邻居打牌的向社区说一声，记2分"])
def test_informing_on_neighbours_is_refused_in_plain_words_too(words: str) -> None:
    with pytest.raises(DomainError, match="denied_informing"):
        check_words(words, "text_zh")
