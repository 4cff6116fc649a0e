"""One's own inbox, newest first."""

import pytest
from flask import Flask

from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.messages import kinds, queries
from community.messages.services import mark_read, notify
from tests.factories.people import make_member


@pytest.fixture
def two(app: Flask, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> tuple[Actor, Actor]:
    assert app
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register("t.x", "%(n)s", "")
    with transaction():
        one, other = make_member(), make_member()
        for number in range(5):
            if number != 3:  # two of one instant must not be lost between pages
                frozen_clock.tick(minutes=1)
            notify(one.id, "t.x", {"n": number}, f"/x/{number}")
        notify(other.id, "t.x", {"n": 99})
    return Actor(member_id=one.id), Actor(member_id=other.id)


@pytest.mark.engine
def test_pages_of_an_inbox_meet_without_gap_or_repetition(two: tuple[Actor, Actor]) -> None:
    seen, before = [], None
    for _page in range(5):
        page = queries.inbox(two[0], before=before, limit=1)
        seen += [line.params["n"] for line in page.lines]
        before = page.older
    assert seen == [4, 3, 2, 1, 0]
    assert before is None


def test_nobody_sees_anothers_messages_by_turning_pages(two: tuple[Actor, Actor]) -> None:
    foreign = queries.inbox(two[0], limit=1).older
    assert queries.inbox(two[1], before=foreign).lines == ()


@pytest.mark.engine
def test_unread_messages_are_counted_until_they_are_read(two: tuple[Actor, Actor]) -> None:
    actor = two[0]
    assert queries.unread_count(actor.member_id) == 5
    with transaction():
        mark_read(actor, newest_id=queries.inbox(actor).lines[1].id)
    assert queries.unread_count(actor.member_id) == 1
    assert [line.unread for line in queries.inbox(actor).lines] == [True, False, False, False, False]
