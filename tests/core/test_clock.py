"""One clock, aware and in UTC; days belong to the deployment's time zone."""

import datetime as dt
from collections.abc import Iterator

import pytest

from community.core import clock


@pytest.fixture(autouse=True)
def _shanghai() -> Iterator[None]:
    clock.use_zone("Asia/Shanghai")
    yield
    clock.use_zone("Asia/Shanghai")


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is dt.UTC


def test_the_civil_day_changes_at_local_midnight() -> None:
    with clock.frozen("2026-11-23T15:59:59Z") as stopped:
        assert clock.today() == dt.date(2026, 11, 23)
        stopped.tick(seconds=1)
        assert clock.today() == dt.date(2026, 11, 24)
        clock.use_zone("Europe/Berlin")
        assert clock.today() == dt.date(2026, 11, 23)


def test_a_local_wall_clock_time_is_an_instant() -> None:
    assert clock.at_local(dt.date(2026, 11, 24), dt.time(0)) == dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)
    assert clock.local(dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)).time() == dt.time(0)


def test_a_naive_time_has_no_local_time() -> None:
    with pytest.raises(ValueError, match="naive"):
        clock.local(dt.datetime(2026, 11, 23, 16))  # noqa: DTZ001 - that is the point


def test_a_frozen_clock_moves_only_when_told_and_gives_the_clock_back() -> None:
    before = clock.now()
    with clock.frozen("2020-01-01T00:00:00+08:00") as stopped:
        assert clock.now() == clock.now() == dt.datetime(2019, 12, 31, 16, tzinfo=dt.UTC)
        stopped.move_to(dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
        assert clock.now().year == 2021
        with clock.frozen("2022-01-01T00:00:00Z"):
            assert clock.now().year == 2022
        assert clock.now().year == 2021
    assert clock.now() >= before
