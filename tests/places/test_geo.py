"""Distances, GCJ-02 and the bands of a reported position."""

import math

import pytest
from hypothesis import assume, given, strategies as st

from community.places.geo import (
    COARSE_M,
    FAR_SLACK_M,
    band,
    decimals,
    distance,
    gcj02_to_wgs84,
    read_pair,
    to_wgs84,
    wgs84_to_gcj02,
)

POST = (30.2, 120.3)
R = 150

china = st.tuples(st.floats(18.2, 53.5), st.floats(73.6, 134.7))
globe = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def north_of(metres: float) -> tuple[float, float]:
    return POST[0] + math.degrees(metres / 6_371_008.8), POST[1]


def seen(metres: float, accuracy: float, radius: int = R) -> tuple[str, int | None]:
    """What a position so far north of the post counts as."""
    return band(*POST, radius, *north_of(metres), accuracy)


# --- distance ---


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((0, 0), (0, 1), 111_195),
        ((30.0, 120.0), (30.0, 120.01), 963),
        ((90, 0), (-90, 0), 20_015_115),
        ((0, 179.999), (0, -179.999), 222),
        ((30.2, 120.3), (30.2, 120.3), 0),
    ],
)
def test_known_distances(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    assert distance(*one, *other) == pytest.approx(metres, rel=1e-3, abs=0.5)


@given(one=globe, other=globe, third=globe)
def test_distance_is_a_distance(
    one: tuple[float, float], other: tuple[float, float], third: tuple[float, float]
) -> None:
    between = distance(*one, *other)
    assert 0 <= between <= math.pi * 6_371_009
    assert between == pytest.approx(distance(*other, *one), abs=1e-3)
    assert distance(*one, *third) <= between + distance(*other, *third) + 1


# --- coordinate systems ---


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_published_vectors_of_gcj02(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(*wgs) == pytest.approx(gcj, abs=1e-7)
    assert gcj02_to_wgs84(*gcj) == pytest.approx(wgs, abs=1e-7)


@pytest.mark.parametrize(
    ("place", "metres"), [((30.1650, 120.2650), 509), ((29.9500, 121.7160), 493)], ids=["Xiaoshan", "Zhenhai"]
)
def test_mixing_the_systems_would_break_a_fence(place: tuple[float, float], metres: float) -> None:
    moved = distance(*place, *wgs84_to_gcj02(*place))
    assert moved == pytest.approx(metres, abs=4)
    assert band(*place, R, *wgs84_to_gcj02(*place), 20) == ("far", 500)
    assert band(*place, R, *wgs84_to_gcj02(*place), 20, crs="gcj02") == ("near", None)


@given(place=china)
def test_gcj02_inverts_to_less_than_a_millimetre(place: tuple[float, float]) -> None:
    there = wgs84_to_gcj02(*place)
    assume(there != place)
    back = gcj02_to_wgs84(*there)
    assert distance(*place, *back) < 0.001


@given(place=globe)
def test_outside_china_both_systems_are_the_same(place: tuple[float, float]) -> None:
    assume(not (70 <= place[1] <= 140 and 0 <= place[0] <= 57))
    assert wgs84_to_gcj02(*place) == place
    assert gcj02_to_wgs84(*place) == pytest.approx(place)


def test_an_unknown_system_is_an_error_of_the_program() -> None:
    with pytest.raises(ValueError, match="bd09"):
        to_wgs84(*POST, "bd09")


# --- pasted pairs ---


@pytest.mark.parametrize(
    "text",
    [
        "30.2,120.3",
        " 30.2 , 120.3 ",
        "30.2，120.3",
        "30.2 120.3",
        "３０．２，１２０．３",
        "30.2、120.3",
        "30.200;120.30000",
        "120.3,30.2",
        "120.3\t30.2",
    ],
)
def test_a_pasted_pair_is_read_whichever_comes_first(text: str) -> None:
    assert read_pair(text) == (30.2, 120.3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30.2",
        "30.2,",
        "30.2,120.3,5",
        "nan,nan",
        "inf,1",
        "1e9,2",
        "北纬30.2,东经120.3",
        "30.2.1,120",
        "9999,1",
        "3" * 5000,
    ],
)
def test_what_is_no_pair_is_not_guessed(text: str) -> None:
    assert read_pair(text) is None
    assert decimals(text) == 0


def test_how_exact_a_pair_is_counts_its_worse_number() -> None:
    assert decimals("30.20315,120.3") == 1
    assert decimals("30.2031，120.30412") == 4


@given(place=china)
def test_any_place_in_china_reads_back_in_both_orders(place: tuple[float, float]) -> None:
    lat, lon = round(place[0], 6), round(place[1], 6)
    assert read_pair(f"{lat:.6f},{lon:.6f}") == (lat, lon) == read_pair(f"{lon:.6f},{lat:.6f}")


# --- bands ---


@pytest.mark.parametrize(
    ("away", "accuracy", "found", "far_m"),
    [
        (0, 10, "near", None),
        (149, 0, "near", None),
        (149, 500, "near", None),
        (151, 10, "compatible", None),
        (400, 251, "compatible", None),
        (400, 249, "coarse", None),
        (255, 10, "coarse", None),
        (262, 10, "far", 300),
        (1249, 100, "far", 1200),
        (1251, 100, "far", 1300),
        (0, 501, "coarse", None),
        (30_000, 3_000, "coarse", None),
    ],
)
def test_the_bands(away: float, accuracy: float, found: str, far_m: int | None) -> None:
    assert seen(away, accuracy) == (found, far_m)


@pytest.mark.parametrize(
    ("lat", "lon", "accuracy", "crs"),
    [
        (math.nan, 120.3, 10, "wgs84"),
        (30.2, math.inf, 10, "wgs84"),
        (91, 120.3, 10, "wgs84"),
        (30.2, -181, 10, "wgs84"),
        (30.2, 120.3, math.nan, "wgs84"),
        (30.2, 120.3, math.inf, "wgs84"),
        (30.2, 120.3, -1, "wgs84"),
        (30.2, 120.3, 10, "bd09"),
        (30.2, 120.3, 10, ""),
    ],
)
def test_what_is_no_position_counts_as_none(lat: float, lon: float, accuracy: float, crs: str) -> None:
    assert band(*POST, R, lat, lon, accuracy, crs=crs) == ("none", None)


@given(away=st.floats(0, 50_000), accuracy=st.floats(0, 5_000), radius=st.integers(20, 2000))
def test_a_position_is_far_only_when_it_contradicts(away: float, accuracy: float, radius: int) -> None:
    found, far_m = seen(away, accuracy, radius)
    beyond = away - accuracy - radius
    if found == "far":
        assert beyond > FAR_SLACK_M - 0.01
        assert accuracy <= COARSE_M
        assert far_m is not None
        assert far_m % 100 == 0
        assert abs(far_m - away) <= 51
    else:
        assert far_m is None
        assert beyond <= FAR_SLACK_M + 0.01 or accuracy > COARSE_M


@given(away=st.floats(0, 5_000), accuracy=st.floats(0, 500), closer=st.floats(0, 1))
def test_coming_closer_never_makes_it_worse(away: float, accuracy: float, closer: float) -> None:
    order = ["near", "compatible", "coarse", "far"]
    assert order.index(seen(away * closer, accuracy)[0]) <= order.index(seen(away, accuracy)[0])
