"""Units written in bulk: what meets nothing goes straight in, the same stays, everything else is handed back."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from community.core.db import session, transaction
from community.places.imports import bulk
from community.places.models import Area, Unit
from tests.factories.places import make_area, make_unit, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("frozen_clock")]

FIRST = 1 << 61


@pytest.fixture
def building(app: Flask) -> Area:
    with transaction():
        return make_area("building", "晚潮苑1幢", make_village(), code="0100")


def row(building: Area, number: int, label: str, metres: str = "", code: str = "") -> bulk.Row:
    return FIRST + number, building.id, building.town_id or 0, building.path, label, metres, code


def write(rows: list[bulk.Row]) -> tuple[int, int, list[int]]:
    with transaction():
        written = bulk.write(rows, FIRST)
    return written.new, written.same, [row_id - FIRST for row_id in written.met]


def labels() -> list[str]:
    return sorted(session().scalars(select(Unit.label)))


def test_nothing_in_nothing_out(building: Area) -> None:
    assert write([]) == (0, 0, [])


def test_rows_that_meet_nothing_are_all_new_and_empty_cells_are_nothing(building: Area) -> None:
    assert write([row(building, 0, "101", "89.50", "A1"), row(building, 1, "102")]) == (2, 0, [])
    found = session().execute(select(Unit.id, Unit.area_m2, Unit.address_code).order_by(Unit.id)).all()
    assert [(one.id - FIRST, str(one.area_m2), one.address_code) for one in found] == [
        (0, "89.50", "A1"),
        (1, "None", None),
    ]


def test_one_row_in_the_way_costs_no_other_row(building: Area) -> None:
    with transaction():
        make_unit(building, "101", address_code="A1")
        make_unit(building, "102", address_code="A2")
    rows = [row(building, 0, "101", code="A1"), row(building, 1, "102", "60"), row(building, 2, "103"),
            row(building, 3, "104", code="A2"), row(building, 4, "105"), row(building, 5, "105")]  # fmt: skip
    assert write(rows) == (1, 1, [1, 3, 4, 5])
    assert labels() == ["101", "102", "103"]


def test_an_id_that_somebody_else_drew_loses_no_row(building: Area) -> None:
    with transaction():
        session().add(Unit(id=FIRST, building_id=building.id, town_id=building.town_id, scope_path=building.path,
                           label="901"))  # fmt: skip
    assert write([row(building, 0, "101"), row(building, 1, "102")]) == (1, 0, [0])
    assert labels() == ["102", "901"]
