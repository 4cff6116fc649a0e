"""Long books in parts that can be looked over one by one, by several processes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from community.core.db import session

# How many rows, the number behind which they begin, and the last of them (None: to the end, however long it grew).
Part = tuple[int, int, int | None]


def of(numbers: Select[Any], size: int) -> list[Part]:
    """Cut the rows that `numbers` selects (by one positive number each) into parts of `size`, in their order.

    By the numbers that there are: should somebody have written a row with a number far away, it costs no more.
    """
    number = numbers.selected_columns[0]
    found: list[Part] = []
    after = 0
    while last := session().scalar(numbers.where(number > after).order_by(number).offset(size - 1).limit(1)):
        found.append((size, after, last))
        after = last
    rest = session().scalar(select(func.count()).select_from(numbers.where(number > after).subquery()))
    return [*found, (rest or 0, after, None)]
