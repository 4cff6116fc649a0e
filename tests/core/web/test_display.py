"""What people read: times in the deployment's zone, numbers, masked names, codes; in both languages."""

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from community.core import clock
from community.core.web import display

EVENING = dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    with clock.frozen(EVENING):
        yield


@pytest.fixture
def english() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context(), force_locale("en"):
        yield


def test_an_instant_is_shown_in_local_time() -> None:
    assert display.instant(EVENING) == "11月23日 21:07"
    assert display.clock_time(EVENING) == "21:07"


def test_the_evening_in_utc_is_already_the_next_day_here() -> None:
    late = dt.datetime(2026, 11, 22, 16, 30, tzinfo=dt.UTC)
    assert display.day(late) == "11月23日"
    assert display.instant(late) == "11月23日 00:30"


def test_another_year_is_named() -> None:
    assert display.day(dt.date(2025, 12, 31)) == "2025年12月31日"
    assert display.instant(dt.datetime(2025, 12, 31, 17, 0, tzinfo=dt.UTC)) == "1月1日 01:00"


@pytest.mark.usefixtures("english")
def test_english_readers_get_english_dates() -> None:
    assert display.instant(EVENING) == "23 Nov 21:07"
    assert display.day(dt.date(2025, 1, 2)) == "2 Jan 2025"


def test_a_time_that_is_not_there_is_blank() -> None:
    assert [display.instant(None), display.day(None), display.clock_time(None)] == ["", "", ""]


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        display.instant(EVENING.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("amount", "shown"), [(0, "0"), (1280, "1,280"), (-1280, "\u22121,280"), (10**7, "10,000,000")]
)
def test_points_are_grouped(amount: int, shown: str) -> None:
    assert display.points(amount) == shown


@pytest.mark.parametrize(("amount", "shown"), [(5, "+5"), (0, "0"), (-30, "\u221230"), (1280, "+1,280")])
def test_signed_points_show_their_direction(amount: int, shown: str) -> None:
    assert display.signed_points(amount) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王芳", "王**"),
        ("王小芳", "王**"),
        ("欧阳娜", "欧阳**"),
        ("欧阳", "欧**"),
        (" Alice Smith ", "A**"),
        ("", "**"),
        (None, "**"),
        ("🙂笑", "🙂**"),
        ("阳 官司", "阳**"),
    ],
)
def test_a_masked_name_keeps_the_surname_only_and_hides_the_length(name: str | None, shown: str) -> None:
    assert display.mask_name(name) == shown


@pytest.mark.parametrize(("code", "shown"), [("7k3m9qxw", "7k3m 9qxw"), ("7k3m9", "7k3m 9"), ("", ""), (None, "")])
def test_a_code_is_read_in_fours(code: str | None, shown: str) -> None:
    assert display.code4(code) == shown


@pytest.mark.parametrize(
    ("fen", "shown"),
    [(0, "¥0"), (5, "¥0.05"), (50, "¥0.50"), (100, "¥1"), (128_050, "¥1,280.50"), (-300, "−¥3"), (-5, "−¥0.05")],
)
def test_money_is_told_in_yuan(fen: int, shown: str) -> None:
    assert display.yuan(fen) == shown
