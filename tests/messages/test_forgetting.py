"""What the inbox and the outbox forget, and when."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from community.core import clock
from community.core.db import session, transaction
from community.messages import jobs, outbox
from community.messages.models import Message, Outbox
from community.messages.services import notify, send_later
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]

DAY = 24 * 60


def messages() -> int:
    return session().scalar(select(func.count()).select_from(Message)) or 0


def payload() -> dict[str, object]:
    session().expire_all()
    return session().scalars(select(Outbox.payload)).one()


@pytest.fixture
def told() -> None:
    with transaction():
        notify(make_member(make_village()).id, "teams.active", {"team": "夜巡队"})


def test_a_message_goes_a_year_after_it_was_read(told, frozen_clock) -> None:
    frozen_clock.tick(minutes=400 * DAY)
    jobs.forget_read()
    assert messages() == 1
    with transaction():
        session().execute(update(Message).values(read_at=clock.now()))
    frozen_clock.tick(minutes=365 * DAY)
    jobs.forget_read()
    assert messages() == 1
    frozen_clock.tick(minutes=1)
    jobs.forget_read()
    assert messages() == 0


def test_a_message_that_nobody_read_goes_after_two_years(told, frozen_clock) -> None:
    frozen_clock.tick(minutes=730 * DAY)
    jobs.forget_read()
    assert messages() == 1
    frozen_clock.tick(minutes=1)
    jobs.forget_read()
    assert messages() == 0


def test_what_is_told_to_somebody_erased_goes_the_next_night() -> None:
    with transaction():
        village = make_village()
        gone, stays = make_member(village, erased_at=clock.now(), status="left"), make_member(village)
        for member in (gone, stays):
            notify(member.id, "teams.active", {"team": "夜巡队"})
    jobs.forget_read()
    assert session().scalars(select(Message.member_id)).all() == [stays.id]


def test_what_was_sent_is_emptied_after_a_week_and_never_sent_again(frozen_clock) -> None:
    with transaction():
        send_later("sms", "k", {"to": "+8619900000001"})
    frozen_clock.tick(minutes=8 * DAY)
    jobs.forget_sent()
    assert payload() == {"to": "+8619900000001"}, "what still waits is not emptied"
    with transaction():
        session().execute(update(Outbox).values(sent_at=clock.now()))
    frozen_clock.tick(minutes=7 * DAY)
    jobs.forget_sent()
    assert payload() == {"to": "+8619900000001"}
    frozen_clock.tick(minutes=1)
    jobs.forget_sent()
    assert payload() == {}
    with transaction():
        send_later("sms", "k", {"to": "+8619900000001"})
        assert outbox.claim_next() is None
    assert payload() == {}


def test_what_was_given_up_is_emptied_after_a_month(frozen_clock) -> None:
    with transaction():
        send_later("sms", "k", {"to": "+8619900000001"})
        session().execute(update(Outbox).values(dead_at=clock.now(), last_error="gone"))
    frozen_clock.tick(minutes=30 * DAY)
    jobs.forget_sent()
    assert payload() != {}
    frozen_clock.tick(minutes=1)
    jobs.forget_sent()
    assert payload() == {}
