"""Gentle locks: growing waits that hold for every process, and that nobody can put on another's own phone."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from community.core.db import session, transaction
from community.people import waits
from community.people.models import DoorWait
from community.people.waits import MustWait
from tests.harness.processes import together

HASH, DEVICE = "a" * 64, "b" * 32
STRANGE, OWN, PHONE = waits.number_at(HASH, None), waits.number_at(HASH, DEVICE), waits.phone_itself(DEVICE)


def wrong(*subjects):
    with transaction():
        waits.count(*subjects)


@pytest.mark.engine
def test_each_wrong_try_after_the_free_ones_waits_longer(app, frozen_clock):
    for _ in range(waits.PHONE_FREE):
        wrong(STRANGE)
    for minutes in (*waits.MINUTES, waits.MINUTES[-1]):
        with pytest.raises(MustWait) as refused:
            wrong(STRANGE)
        assert refused.value.until == frozen_clock.now() + dt.timedelta(minutes=minutes)
        frozen_clock.tick(minutes=minutes)
        wrong(STRANGE)


def test_a_try_while_waiting_counts_nothing(app, frozen_clock):
    for _ in range(waits.PHONE_FREE):
        wrong(STRANGE)
    for _ in range(20):
        with pytest.raises(MustWait):
            wrong(STRANGE)
    assert session().get(DoorWait, STRANGE.name).failures == waits.PHONE_FREE


def test_who_types_her_number_elsewhere_does_not_lock_her_own_phone(app, frozen_clock):
    for _ in range(waits.PHONE_FREE):
        wrong(STRANGE)
    wrong(OWN, PHONE)
    with pytest.raises(MustWait):
        wrong(STRANGE, PHONE)


def test_a_right_try_of_who_is_not_verified_pays_for_itself_alone(app, frozen_clock):
    for _ in range(3):
        wrong(STRANGE, PHONE)
    with transaction():
        waits.right(STRANGE, PHONE, forget=None)
    assert [session().get(DoorWait, one.name).failures for one in (STRANGE, PHONE)] == [2, 2]


def test_a_right_try_forgets_the_number_and_not_the_phones_other_wrong_ones(app, frozen_clock):
    for _ in range(3):
        wrong(STRANGE, PHONE)
    with transaction():
        waits.right(STRANGE, PHONE, forget=STRANGE)
    assert session().get(DoorWait, STRANGE.name) is None
    assert session().get(DoorWait, PHONE.name).failures == 2


def test_half_a_day_later_all_is_forgotten(app, frozen_clock):
    for _ in range(waits.PHONE_FREE - 1):
        wrong(STRANGE)
    frozen_clock.tick(hours=13)
    wrong(STRANGE)
    assert session().get(DoorWait, STRANGE.name).failures == 1
    frozen_clock.tick(hours=13)
    with transaction():
        assert waits.forget_old() == 1
    assert session().scalar(select(func.count()).select_from(DoorWait)) == 0


def test_lifting_frees_every_phone_of_the_number_and_no_other_number(app, frozen_clock):
    other = waits.number_at("c" * 64, None)
    for subject in (STRANGE, OWN, other):
        for _ in range(waits.PHONE_FREE):
            wrong(subject)
    with transaction():
        waits.lift(HASH)
    wrong(STRANGE, OWN)
    with pytest.raises(MustWait):
        wrong(other)


def try_often(_number, subject, free, times):
    passed = 0
    for _ in range(times):
        try:
            with transaction():
                waits.count(waits.Subject(subject, free))
            passed += 1
        except MustWait:
            pass
    return passed


@pytest.mark.engine
def test_processes_that_try_together_get_the_free_tries_of_one(race_database):
    found = together(
        race_database, "tests.people.test_waits:try_often", processes=3, subject=STRANGE.name, free=5, times=6
    )
    assert sum(found) == 5
