"""Every code the decision table can give has words, and they accuse nobody."""

from __future__ import annotations

from community.core.i18n import plain
from community.patrols import policies, texts
from community.patrols.models import BANDS, GRADES, STATUSES

ACCUSING = ("作弊", "造假", "违规", "处罚", "扣分", "警告", "可疑")


def test_every_code_band_grade_and_status_has_words() -> None:
    assert set(policies.FLAGS + policies.NOTES) <= set(texts.CODES)
    assert set(BANDS) == set(texts.BANDS)
    assert set(GRADES) == set(texts.GRADES)
    assert set(STATUSES) == set(texts.STATUSES)
    assert set(policies.REFUSALS) == set(texts.REFUSALS)


def test_no_words_accuse() -> None:
    refusals = [text for pair in texts.REFUSALS.values() for text in pair]
    for text in (*texts.CODES.values(), *refusals, *texts.BETTER.values()):
        assert not any(word in plain(text) for word in ACCUSING), plain(text)


def test_the_rule_of_silence_is_put_into_words_and_other_reasons_stay() -> None:
    assert "七天" in plain(texts.reason_text("silence") or "")
    assert texts.reason_text("当面核对") == "当面核对"
    assert texts.reason_text(None) is None
