"""Two states of a rule beside each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import text

from community.points import comparing
from tests.factories.rules import proposal


@pytest.mark.usefixtures("app")
def test_what_changes_is_marked_clause_by_clause() -> None:
    found = comparing.terms(proposal(amount=5), proposal())
    assert [(str(one.word), str(one.before), str(one.after)) for one in found if one.changed] == [
        ("每次记", "5 分", "6 分")
    ]
    assert all(one.before is None and one.changed for one in comparing.terms(None, proposal()))
    assert all(one.after is None and one.changed for one in comparing.terms(proposal(), None))


def test_words_show_what_is_gone_and_what_is_new() -> None:
    pieces = comparing.words("每次记5分，最多10分", "每次记6分，最多12分")
    assert [(one.kind, one.text) for one in pieces] == [
        ("same", "每次记"), ("gone", "5"), ("new", "6"), ("same", "分，最多"), ("gone", "10"),
        ("new", "12"), ("same", "分"),
    ]  # fmt: skip


@given(text(max_size=60), text(max_size=60))
def test_both_texts_can_be_read_out_of_the_pieces(before: str, after: str) -> None:
    pieces = comparing.words(before, after)
    assert "".join(one.text for one in pieces if one.kind != "gone") == after
    assert "".join(one.text for one in pieces if one.kind != "new") == before
