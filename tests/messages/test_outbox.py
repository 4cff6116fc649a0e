"""How long to wait after a failure, and what operators are told."""

import pytest
from flask import Flask

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import transaction
from community.messages import outbox
from community.messages.services import send_later


def test_pauses_grow_up_to_six_hours() -> None:
    pauses = [outbox.pause_after(attempt).total_seconds() for attempt in range(1, outbox.MAX_ATTEMPTS + 1)]
    assert pauses == [30, 120, 480, 1920, 7680, 21600, 21600, 21600]


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_the_longest_waiting_row_is_claimed_first(frozen_clock: FrozenClock) -> None:
    for key in ("first", "second"):
        with transaction():
            send_later("x", key, {})
        frozen_clock.tick(seconds=1)
    with transaction():
        claims = [outbox.claim_next(), outbox.claim_next(), outbox.claim_next()]
    assert [claim.key for claim in claims if claim] == ["x:first", "x:second"]
    assert claims[2] is None
    assert claims[0]
    assert claims[0].until == clock.now() + outbox.LEASE


@pytest.mark.engine
def test_operators_see_what_waits_and_what_was_given_up(app: Flask) -> None:
    assert app
    with transaction():
        for number in range(3):
            send_later("x", str(number), {})
    with transaction():
        claim = outbox.claim_next()
        assert claim
        outbox.failed(claim, "gone", for_good=True)
    assert outbox.waiting() == {"waiting": 2, "dead": 1}
