"""The decision table, row by row, and what holds for all of it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from community.patrols import policies
from community.patrols.policies import Circumstances, Earlier, Evidence

AT = dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)
CALM = Circumstances(key_state="active", post_in_place=True, serving=True, rider=False, device_members=0)


def seen(minutes: float, *, post: int = 2, metres: float = 100.0, kind: str = "pass") -> Earlier:
    at = AT - dt.timedelta(minutes=minutes)
    return Earlier(post, kind, at, at, at, metres)


@pytest.mark.parametrize(
    ("src", "band", "grade"),
    [
        ("poster", "near", "B"),
        ("poster", "compatible", "B"),
        ("poster", "coarse", "C"),
        ("poster", "none", "C"),
        ("poster", "far", "C"),
        ("typed", "near", "D"),
        ("typed", "none", "D"),
    ],
)
def test_the_grade_follows_the_evidence(src: str, band: str, grade: str) -> None:
    assert policies.grade_of(Evidence(src, band)) == grade


def test_refusing_location_costs_at_most_one_grade() -> None:
    order = "ABCD"
    for src in ("poster", "typed"):
        best = min(order.index(policies.grade_of(Evidence(src, band))) for band in ("near", "compatible"))
        assert order.index(policies.grade_of(Evidence(src, "none"))) - best <= 1


def test_the_same_post_within_five_minutes_is_a_double_scan() -> None:
    assert policies.is_double("pass", 2, AT, [seen(4.9)])
    assert policies.is_double("pass", 2, AT, [seen(-4.9)]), "a scan kept through sign-in may be the earlier one"
    assert not policies.is_double("pass", 2, AT, [seen(5.1)])
    assert not policies.is_double("pass", 3, AT, [seen(1)])
    assert not policies.is_double("in", 2, AT, [seen(1)])


def test_walking_faster_than_four_metres_a_second_is_too_fast_and_riding_is_not() -> None:
    earlier = [seen(1, metres=400)]  # 6.7 m/s
    assert policies.is_too_fast(AT, earlier, rider=False)
    assert not policies.is_too_fast(AT, earlier, rider=True)
    assert policies.is_too_fast(AT, [seen(1, metres=1000)], rider=True)


def test_the_speed_is_judged_by_the_widest_interval_the_evidence_allows() -> None:
    at = AT - dt.timedelta(minutes=1)
    wide = Earlier(2, "pass", at, AT - dt.timedelta(minutes=10), at, 400)
    assert not policies.is_too_fast(AT, [wide], rider=False)


def test_nine_posts_in_ten_minutes_are_a_burst_and_eight_are_not() -> None:
    eight = [seen(minute, post=10 + minute) for minute in range(1, 9)]
    assert policies.is_burst(99, AT, eight)
    assert not policies.is_burst(99, AT, eight[:7])
    assert not policies.is_burst(99, AT, [seen(20 + minute, post=10 + minute) for minute in range(1, 9)])


def test_a_calm_scan_meets_no_condition() -> None:
    assert policies.conditions(AT, 1, Evidence("poster", "near"), CALM, []) == ((), ())


@pytest.mark.parametrize(
    ("around", "evidence", "flags", "notes"),
    [
        (Circumstances("grace", True, True, False, 0), Evidence("poster", "near"), (), ("poster_old",)),
        (Circumstances("active", False, True, False, 0), Evidence("poster", "near"), ("post_paused",), ()),
        (Circumstances("active", True, False, False, 0), Evidence("poster", "near"), (), ("walk_in",)),
        (CALM, Evidence("poster", "far", 600), ("geo_far",), ()),
        (CALM, Evidence("poster", "none"), (), ("geo_none",)),
        (CALM, Evidence("poster", "coarse"), (), ("geo_coarse",)),
        (Circumstances("active", True, True, False, 2), Evidence("poster", "near"), ("shared_device",), ()),
        (Circumstances("active", True, True, False, 1), Evidence("poster", "near"), (), ()),
        (
            Circumstances("grace", False, False, False, 2),
            Evidence("poster", "far", 600),
            ("post_paused", "geo_far", "shared_device"),
            ("poster_old", "walk_in"),
        ),
    ],
)
def test_each_condition_is_named_in_the_order_of_the_table(
    around: Circumstances, evidence: Evidence, flags: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    assert policies.conditions(AT, 1, evidence, around, []) == (flags, notes)


@given(
    st.sampled_from(["near", "compatible", "coarse", "none"]),
    st.sampled_from(["poster", "typed"]),
    st.booleans(),
    st.integers(0, 1),
)
def test_a_missing_or_coarse_position_never_asks_for_a_person(
    band: str, src: str, serving: bool, on_device: int
) -> None:
    around = Circumstances("active", True, serving, False, on_device)
    flags, _notes = policies.conditions(AT, 1, Evidence(src, band), around, [])
    assert flags == ()
