"""Facts are handed on inside the same transaction; what a handler raises undoes the act."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from community.core import clock, events
from community.core.db import session, transaction
from community.core.scheduler import Lease


@dataclass(frozen=True)
class Happened:
    """A planted event."""

    name: str


@dataclass(frozen=True)
class Followed:
    """What a handler of the first emits."""

    name: str


@dataclass(frozen=True)
class WentOn:
    """What a handler of the second would emit."""

    name: str


pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(autouse=True)
def _own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_handlers", {})


def write(name: str) -> None:
    session().execute(insert(Lease).values(job=name, holder="", until=clock.now(), slot=""))


def rows() -> int:
    return session().scalar(select(func.count()).select_from(Lease)) or 0


def happen() -> None:
    with transaction():
        write("act")
        events.emit(Happened("x"))


def test_handlers_hear_an_event_in_their_order_and_in_the_same_transaction() -> None:
    heard: list[str] = []

    def first(event: Happened) -> None:
        heard.append(f"first {event.name}")
        write("first")

    def second(event: Happened) -> None:
        heard.append(f"second {event.name} {rows()}")

    events.wire({Happened: (first, second)})
    happen()
    assert heard == ["first x", "second x 2"]
    assert rows() == 2


def test_a_handler_that_fails_undoes_the_act() -> None:
    def fail(_event: Happened) -> None:
        write("handler")
        raise LookupError

    events.wire({Happened: (fail,)})
    with pytest.raises(LookupError):
        happen()
    assert rows() == 0


def test_an_event_nobody_hears_is_fine_and_one_outside_a_transaction_is_not() -> None:
    happen()
    with pytest.raises(RuntimeError, match="Happened emitted outside"):
        events.emit(Happened("x"))


def test_a_handler_may_emit_once_more_and_its_handler_may_not() -> None:
    heard: list[Any] = []
    events.wire(
        {
            Happened: (lambda event: events.emit(Followed(event.name)),),
            Followed: (heard.append,),
        }
    )
    happen()
    assert heard == [Followed("x")]
    events.wire(
        {
            Happened: (lambda event: events.emit(Followed(event.name)),),
            Followed: (lambda event: events.emit(WentOn(event.name)),),
        }
    )
    with transaction(), pytest.raises(events.EventDepth):
        events.emit(Happened("x"))


def test_the_depth_is_forgotten_after_a_failure() -> None:
    def fail(_event: Happened) -> None:
        raise LookupError

    events.wire({Happened: (fail,)})
    for _time in range(5):
        with pytest.raises(LookupError):
            happen()


def test_an_event_of_a_subclass_is_another_event() -> None:
    heard: list[Any] = []

    class More(Happened):
        pass

    events.wire({Happened: (heard.append,)})
    with transaction():
        events.emit(More("x"))
    assert heard == []
    assert list(events.wired()) == [Happened]
