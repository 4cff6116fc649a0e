"""Long books in parts: every row is in one of them, and a number far away makes no more of them."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Subquery, literal, select, union_all

from community.points.queries import parts

pytestmark = pytest.mark.engine


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1], [(1, 0, None)]),
        ([5, 9], [(2, 0, 9), (0, 9, None)]),
        ([9, 7, 5, 2**40, 1], [(2, 0, 5), (2, 5, 9), (1, 9, None)]),
    ],
)
def test_every_row_is_in_one_part(numbers: list[int], expected: list[parts.Part]) -> None:
    rows = _rows(numbers)
    assert parts.of(select(rows.c.number), 2) == expected


@pytest.mark.usefixtures("app")
def test_without_rows_there_is_one_part_for_those_to_come() -> None:
    rows = _rows([1])
    assert parts.of(select(rows.c.number).where(rows.c.number > 1), 2) == [(0, 0, None)]


def _rows(numbers: list[int]) -> Subquery:
    return union_all(*(select(literal(number, BigInteger).label("number")) for number in numbers)).subquery()
