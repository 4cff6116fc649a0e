"""Every path of an area that any table stores follows the area when it moves: a walk over all tables."""

from contextlib import suppress

import pytest
from sqlalchemy import JSON, Boolean, Column, Date, LargeBinary, String, Table, Uuid, insert, select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import Base, UtcDateTime, session, transaction
from community.core.ids import new_id, new_uuid
from community.places import areas
from community.places.models import Area
from tests.factories.places import make_area, make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

# The log says where something lay when it was done; whoever could read that then, still can. It is never rewritten, and
# neither are the moves by which its readers follow (audit.moves).
KEEPS_OLD_PATHS = {"audit_entry.scope_path", "path_move.old_path", "path_move.new_path"}


class Enough(Exception):
    """Ends a transaction whose rows are not to stay."""


def stored_paths() -> list[tuple[Table, str]]:
    """Every column of the program that holds an area's path, but the areas' own."""
    return [
        (table, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_path") and isinstance(column.type, String)
    ]


# These ask what a row refers to, or how it begins.
ASKING = ("trg_award_other_towns_rule", "trg_rule_set_never_begun_later")


def plant(table: Table, column: str, path: str) -> None:
    """Add a row with `path` in `column` and some value wherever one is needed; it refers to nothing."""
    values: dict[str, object] = {one.name: some_value(one) for one in table.columns if not one.nullable}
    session().execute(insert(table).values(values | {column: path}))


def some_value(column: Column[object]) -> object:
    simple = {JSON: {}, LargeBinary: b"", Boolean: False, Date: clock.today(), UtcDateTime: clock.now()}
    for kind, value in simple.items():
        if isinstance(column.type, kind):
            return value
    if isinstance(column.type, String):
        return str(new_id())[-min(column.type.length or 8, 8) :]
    return new_uuid() if isinstance(column.type, Uuid) else new_id()


def plant_everywhere(*places: str) -> None:
    # What is asked here is the paths alone: rows need no lawful words and refer to nothing.
    session().connection().exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    session().connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for trigger in ASKING:
        session().connection().exec_driver_sql(f"DROP TRIGGER {trigger}")
    for table, column in stored_paths():
        for path in places:
            plant(table, column, path)


def test_every_stored_path_follows_an_area_that_moved() -> None:
    with transaction():
        village = make_village()
        town = session().get_one(Area, village.parent_id)
        there, grid = make_village(town, "安澜社区"), make_area("grid", "第一网格", village)
    inside, beside, left = f"{grid.path}7/", f"{village.path}7/", {}
    with suppress(Enough), transaction():
        plant_everywhere(inside, beside)
        seen = areas.mark(grid)
        areas.move_area(system_actor("test"), grid.id, parent_id=there.id, reason="", seen=seen)
        for table, column in stored_paths():
            found = set(session().scalars(select(table.c[column])))
            if inside in found or not {f"{there.path}{grid.code}/7/", beside} <= found:
                left[f"{table.name}.{column}"] = found
        raise Enough
    assert set(left) == KEEPS_OLD_PATHS, left


def test_the_walk_finds_the_tables_that_store_paths() -> None:
    found = {f"{table.name}.{column}" for table, column in stored_paths()}
    assert {"member.home_path", "checkin.scope_path", "role_grant.scope_path", "unit.scope_path"} <= found
    assert len(found) >= 14
