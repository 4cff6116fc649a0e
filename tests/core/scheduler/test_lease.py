"""One holder at a time, until its time is over."""

import os

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.core.scheduler.lease import finish, holder_name, is_due, put_off, renew, take_slot

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


def test_a_lease_is_taken_over_after_its_time_and_not_before(frozen_clock: FrozenClock) -> None:
    with transaction():
        assert take_slot("t", "1", 60, "a")
        assert not take_slot("t", "1", 60, "b")
        assert not take_slot("t", "2", 60, "b"), "one run at a time, whatever its slot"
        frozen_clock.tick(seconds=59)
        assert not take_slot("t", "1", 60, "b")
        frozen_clock.tick(seconds=1)
        assert take_slot("t", "1", 60, "b")


@pytest.mark.usefixtures("frozen_clock")
def test_a_finished_slot_is_over_for_everybody_and_a_later_one_is_not() -> None:
    with transaction():
        assert take_slot("t", "2", 60, "a")
        assert finish("t", "2", "a")
        assert not take_slot("t", "2", 60, "b")
        assert not take_slot("t", "1", 60, "b")
        assert take_slot("t", "3", 60, "b")


def test_who_lost_the_lease_can_neither_renew_nor_finish_it(frozen_clock: FrozenClock) -> None:
    with transaction():
        assert take_slot("t", "1", 60, "a")
        assert renew("t", 60, "a")
        frozen_clock.tick(seconds=60)
        assert not renew("t", 60, "a"), "its time is over: somebody may be about to take it"
        assert take_slot("t", "1", 60, "b")
        assert not finish("t", "1", "a")
        assert not put_off("t", "late", 5, "a")
        assert finish("t", "1", "b")


def test_a_renewed_lease_lasts_longer(frozen_clock: FrozenClock) -> None:
    with transaction():
        assert take_slot("t", "1", 60, "a")
        frozen_clock.tick(seconds=50)
        assert renew("t", 60, "a")
        frozen_clock.tick(seconds=50)
        assert not take_slot("t", "1", 60, "b")


def test_a_failed_slot_is_due_again_after_its_pause(frozen_clock: FrozenClock) -> None:
    assert is_due("t", "1")
    with transaction():
        assert take_slot("t", "1", 60, "a")
        assert not is_due("t", "1")
        assert put_off("t", "broken", 30, "a")
        assert not is_due("t", "1")
        frozen_clock.tick(seconds=30)
        assert is_due("t", "1")


def test_a_holder_keeps_its_name_and_says_which_process_it_is() -> None:
    assert holder_name() == holder_name()
    assert f":{os.getpid()}:" in holder_name()
