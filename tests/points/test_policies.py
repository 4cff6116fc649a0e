"""Periods, caps, expiry and budgets, without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from community.points import policies
from community.points.policies import Terms

TERMS = Terms(1, 1, "P01", "1", "D", 5, "hour", 10, 24)
AT = dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "months", "expires"),
    [
        ("2026-11-23", 24, "2028-11-23"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2026-10-15", 3, "2027-01-15"),
    ],
)
def test_points_expire_calendar_months_later_clamped_to_the_months_end(day: str, months: int, expires: str) -> None:
    on = dt.date.fromisoformat(day)
    assert policies.expires_on(on, on, months) == dt.date.fromisoformat(expires)


def test_an_award_recorded_late_is_valid_for_thirty_days_at_least() -> None:
    earned = dt.date(2026, 1, 10)
    assert policies.expires_on(earned, dt.date(2026, 2, 20), 1) == dt.date(2026, 3, 22)
    assert policies.expires_on(earned, dt.date(2026, 1, 12), 24) == dt.date(2028, 1, 10)


def test_periods_are_local_hours_and_days() -> None:
    late = dt.datetime(2026, 12, 31, 16, 30, tzinfo=dt.UTC)  # half past midnight in Shanghai
    assert [(period.key, period.cap) for period in policies.periods(TERMS, late)] == [
        ("2027-01-01", 10), ("2027-01-01T00", 5),
    ]  # fmt: skip
    assert policies.periods(replace(TERMS, once_per="", cap_day=None), AT) == ()
    daily = policies.periods(replace(TERMS, once_per="day"), AT)
    assert [(period.key, period.cap) for period in daily] == [("2026-11-23", 5)]


@pytest.mark.parametrize(
    ("terms", "used", "reason"),
    [
        (TERMS, {}, ""),
        (TERMS, {"2026-11-23": 5}, ""),
        (TERMS, {"2026-11-23": 5, "2026-11-23T21": 5}, "hour"),
        (TERMS, {"2026-11-23": 10, "2026-11-23T20": 5}, "cap"),
        (TERMS, {"2026-11-23": 10, "2026-11-23T21": 5}, "hour"),
        (TERMS, {"2026-11-23": 6}, "cap"),
        (replace(TERMS, once_per="day"), {"2026-11-23": 5}, "day"),
        (replace(TERMS, once_per="", cap_day=None), {"2026-11-23": 500}, ""),
    ],
)
def test_an_amount_fits_whole_or_not_at_all(terms: Terms, used: dict[str, int], reason: str) -> None:
    assert policies.blocked(terms, AT, used) == reason


def test_grades_are_compared_as_evidence_not_as_marks() -> None:
    assert policies.good_enough("A", "B")
    assert policies.good_enough("B", "B")
    assert not policies.good_enough("C", "B")


@given(st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 20))
def test_a_budget_is_shared_out_without_loss(amount: int, slots: int, unit: int) -> None:
    shares = policies.split(amount, slots, unit)
    assert sum(shares) == amount
    assert min(shares) >= 0
    assert max(shares[1:], default=0) - min(shares[1:], default=0) <= unit


@given(st.dictionaries(st.integers(0, 15), st.integers(0, 20), min_size=1), st.integers(0, 15), st.integers(1, 100))
def test_drawing_takes_exactly_the_amount_or_nothing(left: dict[int, int], start: int, amount: int) -> None:
    taken = policies.draw(left, start, amount)
    assert sum(taken.values()) == (amount if sum(left.values()) >= amount else 0)
    assert all(0 < part <= left[slot] for slot, part in taken.items())


@given(st.lists(st.integers(1, 20)), st.integers(0, 100))
def test_as_many_awards_are_paid_in_order_as_the_budget_holds(amounts: list[int], available: int) -> None:
    paid = policies.whole(amounts, available)
    assert sum(amounts[:paid]) <= available
    assert paid == len(amounts) or sum(amounts[: paid + 1]) > available


def test_the_natural_key_names_rule_evidence_and_person_but_no_version() -> None:
    assert policies.dedupe_key(7, "checkin:0193", 9) == "award:7:checkin:0193:9"
