"""The registry of the desk's queues, and until when a decision may be undone."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock, todo
from community.core.authz import Actor, Perm
from community.core.clock import FrozenClock
from community.core.errors import Conflict, Forbidden


def queue(kind: str) -> todo.Queue:
    return todo.Queue(kind, Perm.DESK_OPEN, kind, "", "inbox", "home.desk", lambda _a, _b: 0, lambda _a, _b, _c: ())


def test_a_reference_leads_to_its_queue_and_key() -> None:
    before = todo.queues()
    try:
        todo.wire((queue("thing"), queue("other")))
        found, key = todo.queue_of("thing:12:34")
        assert found is not None
        assert (found.kind, key) == ("thing", "12:34")
        assert todo.queue_of("nothing:1") == (None, "1")
        assert todo.queue_of("")[0] is None
        assert [one.kind for one in todo.queues()] == ["thing", "other"]
    finally:
        todo.wire(before)


def test_only_who_decided_may_undo_and_only_for_ten_seconds(frozen_clock: FrozenClock) -> None:
    at, me = clock.now(), Actor(7)
    frozen_clock.tick(seconds=9.9)
    todo.must_be_undoable(me, by_id=7, at=at, instead="x")
    assert todo.undo_ms(me, by_id=7, at=at) == 100
    for by_id in (8, None):
        with pytest.raises(Forbidden, match="undo_other"):
            todo.must_be_undoable(me, by_id=by_id, at=at, instead="x")
        assert todo.undo_ms(me, by_id=by_id, at=at) == 0
    frozen_clock.tick(seconds=0.1)
    with pytest.raises(Conflict, match="undo_late") as caught:
        todo.must_be_undoable(me, by_id=7, at=at, instead="打电话")
    assert caught.value.next_step == "打电话"
    assert todo.undo_ms(me, by_id=7, at=at) == 0
    assert dt.timedelta(seconds=10) == todo.UNDO_WITHIN
