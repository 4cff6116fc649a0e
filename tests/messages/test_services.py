"""Telling people is part of the act: it happens with it or not at all."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import clock
from community.core.authz import Actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.messages import kinds
from community.messages.models import Message, Outbox
from community.messages.queries import inbox, unread_count
from community.messages.services import mark_read, notify, send_later, take_back, untold
from tests.factories.people import make_member


@pytest.fixture(autouse=True)
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register("t.x", "%(team)s", "")


@pytest.fixture
def member_id(app: Flask) -> int:
    assert app
    with transaction():
        return make_member().id


def tell(member_id: int, team: str = "夜巡队") -> int:
    with transaction():
        return notify(member_id, "t.x", {"team": team}, "/teams")


@pytest.mark.engine
def test_a_message_keeps_its_parameters_and_not_its_words(member_id: int) -> None:
    on, at = dt.date(2026, 11, 24), dt.datetime(2026, 11, 23, 21, 7, tzinfo=clock.zone())
    with transaction():
        message_id = notify(member_id, "t.x", {"team": "夜巡队", "n": 5, "on": on, "at": at}, "/teams")
    message = session().get_one(Message, message_id)
    assert message.params == {
        "team": "夜巡队",
        "n": 5,
        "on": {"on": "2026-11-24"},
        "at": {"at": "2026-11-23T13:07:00+00:00"},
    }
    assert message.read_at is None


def test_a_message_of_an_act_that_fails_is_never_seen(member_id: int) -> None:
    def act() -> None:
        with transaction():
            notify(member_id, "t.x", {"team": "夜巡队"})
            raise LookupError

    with pytest.raises(LookupError):
        act()
    assert session().scalars(select(Message)).all() == []


@pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_a_message_leads_to_this_site_only(member_id: int, link: str) -> None:
    with pytest.raises(ValueError, match="path of this site"), transaction():
        notify(member_id, "t.x", {"team": "x"}, link)


def test_a_lazy_text_is_kept_as_text(member_id: int) -> None:
    with transaction():
        message_id = notify(member_id, "t.x", {"team": None, "flag": True})
    assert session().get_one(Message, message_id).params == {"team": "None", "flag": True}


@pytest.mark.engine
def test_reading_marks_what_was_seen_and_nothing_that_came_later(member_id: int, frozen_clock: FrozenClock) -> None:
    first = tell(member_id)
    frozen_clock.tick(minutes=1)
    seen = tell(member_id)
    frozen_clock.tick(minutes=1)
    later = tell(member_id)
    with transaction():
        assert mark_read(Actor(member_id=member_id), newest_id=seen) == 2
    read = {message.id: message.read_at for message in session().scalars(select(Message))}
    assert read[first]
    assert read[seen]
    assert read[later] is None


def test_nobody_marks_another_members_messages(member_id: int) -> None:
    seen = tell(member_id)
    with pytest.raises(NotFound), transaction():
        mark_read(Actor(member_id=member_id + 1), newest_id=seen)
    assert session().get_one(Message, seen).read_at is None


@pytest.mark.engine
@pytest.mark.usefixtures("app", "frozen_clock")
def test_the_same_key_waits_once_on_each_channel() -> None:
    later = clock.now() + dt.timedelta(seconds=10)
    with transaction():
        send_later("sms", "checkin:1", {"text": "a"}, not_before=later)
        send_later("sms", "checkin:1", {"text": "b"})
        send_later("mail", "checkin:1", {"text": "c"})
    rows = {row.channel: row for row in session().scalars(select(Outbox))}
    assert rows["sms"].payload == {"text": "a"}
    assert rows["sms"].next_try_at == later
    assert rows["mail"].next_try_at == clock.now()


@pytest.mark.engine
def test_who_has_had_the_very_same_message_since_then_is_known(member_id: int, frozen_clock: FrozenClock) -> None:
    with transaction():
        other = make_member().id
    began = clock.now()
    tell(member_id)
    both, same = [member_id, other], {"team": "夜巡队"}
    assert untold(both, "t.x", same, since=began) == [other]
    assert untold(both, "t.x", {"team": "晨巡队"}, since=began) == both
    assert untold(both, "t.y", same, since=began) == both
    frozen_clock.tick(seconds=1)
    assert untold(both, "t.x", same, since=clock.now()) == both
    assert untold([], "t.x", same, since=began) == []


def test_what_comes_later_is_not_seen_before_and_may_be_taken_back(member_id: int, frozen_clock: FrozenClock) -> None:
    later = clock.now() + dt.timedelta(seconds=10)
    with transaction():
        notify(member_id, "t.x", {"team": "晨巡队"}, "/memberships/1", not_before=later)
        notify(member_id, "t.x", {"team": "夜巡队"}, "/memberships/2", not_before=later)
        notify(member_id, "t.x", {"team": "昨天"}, "/memberships/1")
    actor = Actor(member_id)
    assert [line.params["team"] for line in inbox(actor).lines] == ["昨天"]
    assert unread_count(member_id) == 1
    with transaction():
        assert take_back(member_id, "/memberships/1") == 1
    frozen_clock.tick(seconds=10)
    assert [line.params["team"] for line in inbox(actor).lines] == ["夜巡队", "昨天"]
    with transaction():
        assert take_back(member_id, "/memberships/2") == 0
