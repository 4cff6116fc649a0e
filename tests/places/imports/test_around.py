"""What the posts around say about a number and a position, and what a spreadsheet made of numbers."""

import pytest

from community.core import clock
from community.places.imports.around import Widths, was

pytestmark = [pytest.mark.usefixtures("frozen_clock")]


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("7-Jan", "1-7"), ("07-Dec", "12-7"), ("Jan-78", "1-78"), ("1月7日", "1-7"), ("２０２６/1/7", "1-7"),
        ("2026-01-07 00:00:00", "1-7"), ("1978-01-01 00:00:00", "1-78"), ("1978年1月", "1-78"),
        ("1978年1月1日", "1-78"),
        ("2026/1/1", "1-1"), ("2001/12/3", "12-3"),
    ],
)  # fmt: skip
def test_a_date_is_what_it_was_before_a_spreadsheet_took_it(shown: str, number: str) -> None:
    assert clock.now().year == 2026
    assert was(shown) == number


@pytest.mark.parametrize(
    "number", ["001-07", "1-78", "P-01", "JAN-01", "MAY-7", "2024-01", "20260107", "", "99/1", "A月1日"]
)
def test_what_is_no_date_is_left_alone(number: str) -> None:
    assert was(number) is None


@pytest.mark.parametrize(
    ("others", "number", "padded"),
    [
        (["001-07", "002-11"], "1-7", "001-07"),
        (["001-07"], "1-78", "001-78"),
        (["001-07"], "001-7", "001-07"),
        (["001-07"], "0001-07", None),
        (["001-07"], "A-7", None),
        (["1-7", "12-34"], "1-8", None),
        (["P-0001"], "P-12", "P-0012"),
        (["P-0001"], "Q-12", None),
        (["1", "20", "300"], "7", "007"),
        (["1", "2", "3"], "7", None),
        (["20240001"], "7", None),
        (["001"], "0001", None),
        ([], "7", None),
    ],
)
def test_zeros_are_missed_only_where_others_of_the_same_shape_have_them(
    others: list[str], number: str, padded: str | None
) -> None:
    widths = Widths()
    for one in [*others, number]:
        widths.add(one)
    assert widths.padded(number) == padded
