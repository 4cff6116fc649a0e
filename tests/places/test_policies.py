"""What a post's name, position and state may be."""

import math

import pytest
from hypothesis import given, strategies as st

from community.core.errors import Conflict, DomainError
from community.places.geo import wgs84_to_gcj02
from community.places.models import POST_STATES, Post
from community.places.policies import (
    MOVES,
    Details,
    Position,
    check_details,
    check_position,
    check_why,
    must_be_allowed,
    must_be_in_use,
)

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  晚潮苑  南门岗 ", "晚潮苑 南门岗"),
        ("🚒 消防通道 👨‍👩‍👧", "🚒 消防通道 👨‍👩‍👧"),
        ("<b>东门</b>", "<b>东门</b>"),
        ("مدخل الشمال", "مدخل الشمال"),
        ("字" * 40, "字" * 40),
    ],
)
def test_a_name_is_any_line_people_can_see(typed: str, kept: str) -> None:
    assert check_details(Details(typed)).name == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name_empty"),
        (" \t\n ", "name_empty"),
        ("字" * 41, "name_long"),
        ("东\u202e门", "name_hidden"),
        ("东\u2067门", "name_hidden"),
        ("东\x00门", "name_hidden"),
        ("东\ud800门", "name_hidden"),
        ("东\u200b门", "name_hidden"),
    ],
)
def test_a_name_nobody_could_read_is_refused(typed: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_details(Details(typed))
    assert (refused.value.code, refused.value.field, refused.value.status) == (code, "name", 422)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (Details("东门", number="1234567890123"), "number"),
        (Details("东门", spot="字" * 81), "spot"),
        (Details("东门", kind="risk"), "kind"),
        (Details("东门", open_to="nobody"), "open_to"),
        (Details("东门", radius_m=19), "radius_m"),
        (Details("东门", radius_m=2001), "radius_m"),
    ],
)
def test_each_wrong_detail_names_its_field(details: Details, field: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_details(details)
    assert refused.value.field == field


def test_numbers_are_read_in_upper_case() -> None:
    assert check_details(Details("东门", number=" a-01 ")).number == "A-01"


def test_a_position_of_a_chinese_map_is_stored_as_wgs84() -> None:
    lat, lon = wgs84_to_gcj02(30.2, 120.3)
    assert check_position(Position(lat, lon, "gcj02")) == (30.2, 120.3)
    assert check_position(Position(30.2, 120.3)) == (30.2, 120.3)


@pytest.mark.parametrize(
    "position",
    [
        Position(math.nan, 120.3),
        Position(30.2, math.inf),
        Position(91, 120.3),
        Position(30.2, 181),
        Position(30.2, 120.3, "bd09"),
    ],
)
def test_what_is_no_position_is_refused(position: Position) -> None:
    with pytest.raises(DomainError) as refused:
        check_position(position)
    assert refused.value.field in {"position", "crs"}


def test_coordinates_in_the_wrong_order_are_called_that() -> None:
    with pytest.raises(DomainError) as refused:
        check_position(Position(120.3, 30.2))
    assert "反了" in str(refused.value.message)


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(["wgs84", "gcj02"]))
def test_any_position_on_the_globe_is_kept_on_the_globe(lat: float, lon: float, crs: str) -> None:
    kept = check_position(Position(lat, lon, crs))
    assert abs(kept[0]) <= 90
    assert abs(kept[1]) <= 180


def test_a_reason_is_needed_where_people_will_read_it() -> None:
    with pytest.raises(DomainError) as refused:
        check_why("  ")
    assert refused.value.field == "reason"
    assert check_why("", needed=False) == ""
    with pytest.raises(DomainError):
        check_why("字" * 201)


@pytest.mark.parametrize("state", POST_STATES)
@pytest.mark.parametrize("to", POST_STATES)
def test_a_post_moves_between_states_only_as_listed(state: str, to: str) -> None:
    post = Post(state=state)
    if to in MOVES[state]:
        must_be_allowed(post, to)
    else:
        with pytest.raises(Conflict):
            must_be_allowed(post, to)


def test_nothing_leads_out_of_retirement() -> None:
    assert set(MOVES) == set(POST_STATES)
    assert not MOVES["retired"]
    with pytest.raises(Conflict):
        must_be_in_use(Post(state="retired"))
    must_be_in_use(Post(state="paused"))
