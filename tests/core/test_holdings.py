"""What is held on a person is told whole: every column that refers to a member is in a holding, or excused by name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter

from community.core import holdings
from community.core.db import Base, transaction
from community.core.holdings import Kept, copy, count, spelled, written
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

# Hold a member's id without a foreign key.
PLAIN = {
    "audit_entry.actor_id", "audit_entry.object_id", "checkin_event.member_id", "idempotency_key.actor_key",
    "import_run.made_by", "membership_event.member_id", "post_print.installed_by", "post_print.printed_by",
    "txn.actor_id", "upload.uploaded_by",
}  # fmt: skip
SIGNATURE = "who signed an act of office: her own acts are in the log's holding, the row is about something else"
# table.column → why no copy holds it. A column that ends in `_by` is a signature too.
EXCUSED = {
    "txn.actor_id": SIGNATURE,
    "txn.subject_id": "whose act it is: what it moved is told by account, also where two people paid for one order",
    "txn.approver_id": SIGNATURE,
    "membership_event.by_id": SIGNATURE,
    "checkin_event.by_id": SIGNATURE,
    "award_vote.by_id": SIGNATURE,
    "alias_refusal.by_id": SIGNATURE,
    "case_vote.by_id": SIGNATURE,
    "stock_move.by_id": SIGNATURE,
    "budget_move.by_id": SIGNATURE,
    "anomaly_look.by_id": SIGNATURE,
    "reward_order.by_id": SIGNATURE,
}


def refers(table: Table) -> Iterator[str]:
    """The columns of `table` that hold a member's id."""
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        if name in PLAIN or any(key.target_fullname == "member.id" for key in column.foreign_keys):
            yield name


def asked(kept: Kept) -> set[str]:
    """The columns by which a holding finds a member's rows: those that its statement compares with the ids."""
    found: set[str] = set()

    def note(comparison: object) -> None:
        sides = [getattr(comparison, "left", None), getattr(comparison, "right", None)]
        if any(isinstance(side, BindParameter) for side in sides):
            found.update(f"{side.table.name}.{side.name}" for side in sides if isinstance(side, Column))

    visitors.traverse(kept.rows([7]), {}, {"binary": note})
    return found


def unaccounted(metadata: MetaData, told: set[str]) -> list[str]:
    """Columns that refer to a member, are no signature, and that nothing tells her of."""
    return sorted(
        name
        for table in metadata.tables.values()
        for name in refers(table)
        if name not in told and name not in EXCUSED and not name.endswith("_by")
    )


def every() -> list[Kept]:
    return [kept for room in holdings.rooms() for kept in room.kept]


def test_no_column_that_refers_to_a_member_is_forgotten() -> None:
    told = {name for kept in every() for name in asked(kept)}
    assert {
        "member.id",
        "member.merged_into",
        "checkin.member_id",
        "account.subject_id",
        "audit_entry.object_id",
    } <= told
    assert not unaccounted(Base.metadata, told)


def test_a_new_column_that_nobody_tells_of_is_found() -> None:
    metadata = MetaData()
    Table("member", metadata, Column("id", Integer, primary_key=True))
    Table("diary", metadata, Column("member_id", ForeignKey("member.id")), Column("read_by", ForeignKey("member.id")))
    assert unaccounted(metadata, {"member.id"}) == ["diary.member_id"]


def test_excuses_are_not_kept_longer_than_their_columns() -> None:
    columns = {f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns}
    assert columns >= PLAIN
    assert columns >= set(EXCUSED)


@pytest.mark.engine
def test_every_holding_can_be_counted_and_copied_and_names_each_of_its_columns() -> None:
    with transaction():
        member = make_member(make_village())
    keys = [kept.key for kept in every()]
    assert len(keys) == len(set(keys)) > 15
    for kept in every():
        assert list(kept.words) == [column.name for column in kept.rows([7]).selected_columns], kept.key
        assert count(kept, [member.id]) == len(list(copy(kept, [member.id])))
        assert all(str(said) for said in (kept.why, kept.how_long, kept.seen_by))


def test_values_are_spelled_so_that_json_keeps_them() -> None:
    at = dt.datetime(2026, 11, 23, 13, 7, tzinfo=dt.UTC)
    assert spelled(at) == "2026-11-23T21:07:00+08:00"
    assert spelled(dt.date(2026, 11, 23)) == "2026-11-23"
    assert spelled(Decimal("81.50")) == "81.50"
    assert spelled(uuid.UUID(int=7)).endswith("0007")
    assert (spelled(5), spelled(True), spelled(1 << 60), spelled(b"\x01")) == (5, True, str(1 << 60), "01")


def test_what_is_written_for_people_says_codes_in_words() -> None:
    person = next(kept for kept in every() if kept.key == "person")
    assert written(person, "status", "active") == "正常"
    assert written(person, "created_at", "2026-11-23T21:07:00+08:00") == "2026-11-23 21:07"
    assert (written(person, "has_password", False), written(person, "home", None)) == ("否", "—")
