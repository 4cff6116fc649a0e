import datetime as dt

import pytest
from hypothesis import given, strategies as st

from community.core import clock
from community.core.errors import DomainError
from community.messages.policies import BODY_LONGEST, TITLE_LONGEST, Words, audiences, check, circles

NOW = dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)


def words(**changes: object) -> Words:
    return Words(**({"title": "停水通知", "body": "明天上午", "audience": "everyone", "starts_at": NOW} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " \n "}, "title"),
        ({"title": "长" * (TITLE_LONGEST + 1)}, "title"),
        ({"title": "停水\u202e通知"}, "title"),
        ({"body": ""}, "body"),
        ({"body": "长" * (BODY_LONGEST + 1)}, "body"),
        ({"audience": "town"}, "audience"),
        ({"until": NOW}, "until"),
        ({"until": NOW + dt.timedelta(days=800)}, "until"),
        ({"starts_at": NOW + dt.timedelta(days=800)}, "starts_at"),
        ({"starts_at": NOW - dt.timedelta(days=2), "until": NOW - dt.timedelta(days=1)}, "until"),
    ],
)
def test_words_that_cannot_be_announced_name_their_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        check(words(**changes), NOW)
    assert refused.value.field == field


@given(st.text(max_size=60), st.text(max_size=300))
def test_what_is_accepted_is_clean_and_short(title: str, body: str) -> None:
    try:
        done = check(words(title=title, body=body), clock.now())
    except DomainError:
        return
    assert 0 < len(done.title) <= TITLE_LONGEST
    assert "\n" not in done.title
    assert 0 < len(done.body) <= BODY_LONGEST


def test_a_visitor_is_told_what_is_for_everyone_and_a_member_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circles, "_function", lambda _member_id: frozenset({"volunteers"}))
    assert audiences(None) == ("everyone",)
    assert audiences(7) == ("everyone", "members", "volunteers")
