"""What a phone sends: hostile positions count as none, coordinates are dropped, kept scans are ours and fresh."""

from __future__ import annotations

import pytest
from flask import Flask, Response, g, request
from hypothesis import given, strategies as st

from community.core.clock import FrozenClock
from community.patrols.models import Attempt, CheckIn, CheckInEvent
from community.patrols.policies import Evidence
from community.patrols.views import scan
from community.places.codes import ScannedPost

POST = ScannedPost(
    post_id=1, print_id=1, area_id=1, town_id=1, scope_path="a/", name="南门岗", number="T-001", lat=30.2, lon=120.3,
    radius_m=150, open_to="volunteers", state="active", moved=False, src="poster", key_state="active",
)  # fmt: skip
HERE = {"lat": "30.2", "lon": "120.3", "acc": "20", "age_ms": "0"}


def test_no_coordinate_and_no_token_is_stored_anywhere() -> None:
    stored = {column.name for table in (CheckIn, CheckInEvent, Attempt) for column in table.__table__.columns}
    assert not stored & {"lat", "lon", "latitude", "longitude", "acc", "accuracy", "position", "pos", "token"}


def test_a_position_at_the_post_is_near() -> None:
    assert scan.evidence(HERE, POST) == Evidence("poster", "near")


def test_a_position_of_a_chinese_map_is_converted_first() -> None:
    shifted = HERE | {"lat": "30.197584", "lon": "120.304634", "crs": "gcj02"}
    assert scan.evidence(shifted, POST).band == "near"
    assert scan.evidence(shifted | {"crs": "wgs84"}, POST).band == "far"


@pytest.mark.parametrize(
    "changed",
    [
        {"lat": ""},
        {"lat": "nan"},
        {"lon": "inf"},
        {"lat": "91"},
        {"acc": "-1"},
        {"acc": "nan"},
        {"age_ms": "nan"},
        {"age_ms": "999999999"},
        {"lat": "30.2; DROP TABLE post"},
        {"lat": "٣٠.٢" * 1000},
    ],
)
def test_a_hostile_or_stale_position_counts_as_none(changed: dict[str, str]) -> None:
    assert scan.evidence(HERE | changed, POST).band == "none"


@given(st.dictionaries(st.sampled_from(["lat", "lon", "acc", "age_ms", "crs"]), st.text(max_size=30)))
def test_no_position_form_ever_raises(form: dict[str, str]) -> None:
    assert scan.evidence(form, POST).band in {"near", "compatible", "coarse", "far", "none"}


def test_a_far_fix_needs_a_second_one_five_seconds_later(app: Flask, frozen_clock: FrozenClock) -> None:
    far = Evidence("poster", "far", 900)
    assert scan.needs_second_fix({}, far, "tok")
    note = scan.far_note("tok")
    frozen_clock.tick(seconds=3)
    assert scan.needs_second_fix({"first_far": note}, far, "tok")
    frozen_clock.tick(seconds=3)
    assert not scan.needs_second_fix({"first_far": note}, far, "tok")
    assert scan.needs_second_fix({"first_far": note}, far, "another sign")
    assert scan.needs_second_fix({"first_far": note + "x"}, far, "tok")
    assert not scan.needs_second_fix({}, Evidence("poster", "near"), "tok")


def test_a_captured_scan_comes_back_for_its_own_code_and_phone_within_ten_minutes(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    at = frozen_clock.now()
    with app.test_request_context():
        sealed = scan.capture("tok", Evidence("poster", "near")).sealed
        frozen_clock.tick(minutes=9)
        known = scan.unseal(sealed, "tok")
        assert known
        assert (known.captured_at, known.evidence) == (at, Evidence("poster", "near"))
        assert scan.unseal(sealed, "another") is None
        frozen_clock.tick(minutes=2)
        assert scan.unseal(sealed, "tok") is None


def test_a_captured_scan_is_worth_nothing_on_another_phone(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.test_request_context():
        sealed = scan.capture("tok", Evidence("poster", "near")).sealed
    g.pop("device_id")
    with app.test_request_context():
        assert scan.unseal(sealed, "tok") is None


def test_a_first_far_fix_is_captured_as_none(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.test_request_context():
        assert scan.capture("tok", Evidence("poster", "far", 900)).evidence == Evidence("poster", "none")


@pytest.mark.parametrize("text", ["", "x", "e30.x.y", "a" * 4000, None])
def test_a_forged_captured_scan_is_ignored(app: Flask, text: str | None) -> None:
    with app.test_request_context():
        assert scan.unseal(text, "tok") is None


def test_the_cookie_lasts_as_long_as_the_scan_counts(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.test_request_context():
        known, response = scan.capture("tok", Evidence("poster", "near")), Response()
        frozen_clock.tick(minutes=8)
        scan.carry(response, known)
    assert "Max-Age=120" in response.headers["Set-Cookie"]
    g.pop("device_id")
    with app.test_request_context(headers={"Cookie": f"{scan.COOKIE}={known.sealed}"}):
        assert scan.waiting(request, "tok") is None  # another phone's cookie
