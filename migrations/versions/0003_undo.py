"""Undo: events are counted, a state moves only along the latest of them, awards may wait for the time of undoing."""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

from community.core.db import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Table → its moving column, the table of events, that one's key and its columns "from" and "to".
MOVES = {
    "membership": ("state", "membership_event", "membership_id", "from_state", "to_state"),
    "checkin": ("status", "checkin_event", "checkin_id", "from_status", "to_status"),
}
MORE_MOVES = {
    "checkin_move": ("from_status", "to_status", (("accepted", "flagged"), ("rejected", "flagged"))),
    "membership_move": ("from_state", "to_state", (("refused", "waiting_guardian"),)),
}
UNDONE = (
    "to_state NOT IN ('applied', 'waiting_guardian') OR from_state = 'new' "
    "OR (by_id IS NOT NULL AND by_id <> member_id)"
)
REOPENED = "to_status <> 'flagged' OR from_status = 'new' OR by_id IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "desk_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.CheckConstraint("act IN ('approve', 'refuse', 'undo')", name=op.f("ck_desk_run_act")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_desk_run_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_run")),
    )
    op.create_index(op.f("ix_desk_run_at"), "desk_run", ["at"], unique=False)
    op.add_column("award", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    due = sa.text("not_before IS NOT NULL")
    op.create_index("ix_award_due", "award", ["not_before"], unique=False, sqlite_where=due, postgresql_where=due)
    for table, (before, after, moves) in MORE_MOVES.items():
        rows = sa.table(table, sa.column(before, sa.String), sa.column(after, sa.String))
        op.bulk_insert(rows, [{before: old, after: new} for old, new in moves])
    _change_events(_counted, number="seq")


def downgrade() -> None:
    # Where something was undone the older tables have no room for it: the keys below refuse, and nothing is lost.
    _change_events(_uncounted)
    for table, (before, after, moves) in MORE_MOVES.items():
        rows = sa.table(table, sa.column(before, sa.String), sa.column(after, sa.String))
        for old, new in moves:
            op.execute(sa.delete(rows).where(rows.c[before] == old, rows.c[after] == new))
    op.drop_index("ix_award_due", table_name="award")
    op.drop_column("award", "not_before")
    op.drop_index(op.f("ix_desk_run_at"), table_name="desk_run")
    op.drop_table("desk_run")


def _change_events(change: Callable[[str], None], number: str | None = None) -> None:
    """Take the triggers away, `change` both tables of events, and put the triggers of that revision back."""
    dialect = op.get_bind().dialect.name
    for function in triggers.POSTGRES_FUNCTIONS if dialect == "postgresql" else ():
        op.execute(function)
    for table in MOVES:
        _drop_trigger(f"trg_{table}_moves", table, dialect)
    change(dialect)
    for table, moves in MOVES.items():
        for statement in triggers.triggers(dialect, table, moves=(*moves, *([number] if number else []))).values():
            op.execute(statement)


def _drop_trigger(name: str, table: str, dialect: str) -> None:
    op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))


def _counted(dialect: str) -> None:
    if dialect == "sqlite":
        _rebuild(_checkin_event(counted=True), "row_number() OVER (PARTITION BY checkin_id ORDER BY at, id) - 1")
        _rebuild(_membership_event(counted=True), "row_number() OVER (PARTITION BY membership_id ORDER BY at, id) - 1")
        return
    for events, key, check, rule in _events():
        op.add_column(events, sa.Column("seq", sa.Integer(), nullable=True))
        _drop_trigger(f"trg_{events}_no_update", events, dialect)
        op.execute(
            f"UPDATE {events} SET seq = counted.number FROM (SELECT id, row_number() OVER "  # noqa: S608 - our own names
            f"(PARTITION BY {key} ORDER BY at, id) - 1 AS number FROM {events}) counted WHERE counted.id = {events}.id"
        )
        op.alter_column(events, "seq", nullable=False)
        op.create_unique_constraint(f"uq_{events}_seq", events, [key, "seq"])
        op.create_check_constraint(op.f(f"ck_{events}_{check}"), events, rule)
        _append_only(events, only="no_update")
    op.drop_constraint("uq_checkin_event_move", "checkin_event", type_="unique")


def _uncounted(dialect: str) -> None:
    if dialect == "sqlite":
        _rebuild(_checkin_event(counted=False))
        _rebuild(_membership_event(counted=False))
        return
    op.create_unique_constraint("uq_checkin_event_move", "checkin_event", ["checkin_id", "from_status"])
    for events, _key, check, _rule in _events():
        op.drop_constraint(op.f(f"ck_{events}_{check}"), events, type_="check")
        op.drop_constraint(f"uq_{events}_seq", events, type_="unique")
        op.drop_column(events, "seq")


def _events() -> Iterator[tuple[str, str, str, str]]:
    yield "checkin_event", "checkin_id", "reopened_by_somebody", REOPENED
    yield "membership_event", "membership_id", "undone_by_another", UNDONE


def _append_only(table: str, *, only: str = "") -> None:
    dialect = op.get_bind().dialect.name
    for name, statement in triggers.triggers(dialect, table, whole=True).items():
        if name.endswith(only):
            op.execute(statement)


def _rebuild(new: sa.Table, number: str = "") -> None:
    """Build a table of events anew and copy its rows, with their `number` if it is asked for.

    SQLite adds no constraint to a table. No key leads to these tables, so nothing is lost when the old one goes; its
    triggers go with it and are made again.
    """
    name, columns = new.name, [column.name for column in new.columns if column.name != "seq"]
    kept = ", ".join(columns)
    op.execute(f"ALTER TABLE {name} RENAME TO {name}_before")
    for index in ("ix_membership_event_membership",) if name == "membership_event" else ():
        op.execute(f"DROP INDEX {index}")
    op.execute(sa.schema.CreateTable(new))
    for index in new.indexes:
        op.execute(sa.schema.CreateIndex(index))
    into = f"{kept}, seq" if number else kept
    op.execute(
        f"INSERT INTO {name} ({into}) SELECT {kept}{', ' + number if number else ''} "  # noqa: S608 - our own names
        f"FROM {name}_before ORDER BY id"
    )
    op.execute(f"DROP TABLE {name}_before")
    _append_only(name)


def _checkin_event(*, counted: bool) -> sa.Table:
    more: list[sa.schema.SchemaItem] = [
        sa.UniqueConstraint("checkin_id", "from_status", name="uq_checkin_event_move"),
    ]
    if counted:
        more = [
            sa.Column("seq", sa.Integer(), nullable=False),
            sa.CheckConstraint(REOPENED, name="ck_checkin_event_reopened_by_somebody"),
            sa.UniqueConstraint("checkin_id", "seq", name="uq_checkin_event_seq"),
        ]
    return sa.Table(
        "checkin_event",
        _others(),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("checkin_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=False),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_status = 'new' OR by_id IS NULL OR by_id <> member_id", name="ck_checkin_event_settled_by_another"
        ),
        sa.CheckConstraint("from_status = 'new' OR reason <> ''", name="ck_checkin_event_settled_reason"),
        _key("fk_checkin_event_by_id", "by_id", "member.id"),
        _key("fk_checkin_event_doer", "checkin_id member_id", "checkin.id checkin.member_id"),
        _key("fk_checkin_event_move", "from_status to_status", "checkin_move.from_status checkin_move.to_status"),
        sa.PrimaryKeyConstraint("id", name="pk_checkin_event"),
        *more,
    )


def _membership_event(*, counted: bool) -> sa.Table:
    more: list[sa.schema.SchemaItem] = []
    if counted:
        more = [
            sa.Column("seq", sa.Integer(), nullable=False),
            sa.CheckConstraint(UNDONE, name="ck_membership_event_undone_by_another"),
            sa.UniqueConstraint("membership_id", "seq", name="uq_membership_event_seq"),
        ]
    return sa.Table(
        "membership_event",
        _others(),
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_state <> 'waiting_guardian' OR to_state <> 'applied' OR (by_id IS NOT NULL AND by_id <> member_id)",
            name="ck_membership_event_guardian_by_another",
        ),
        sa.CheckConstraint("to_state <> 'refused' OR reason <> ''", name="ck_membership_event_refusal_reason"),
        sa.CheckConstraint(
            "to_state NOT IN ('approved', 'refused') OR (by_id IS NOT NULL AND by_id <> member_id)",
            name="ck_membership_event_decided_by_another",
        ),
        sa.Index("ix_membership_event_membership", "membership_id", "at"),
        _key("fk_membership_event_by_id", "by_id", "member.id"),
        _key(
            "fk_membership_event_move",
            "from_state to_state",
            "membership_move.from_state membership_move.to_state",
        ),
        _key("fk_membership_event_doer", "membership_id member_id", "membership.id membership.member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership_event"),
        *more,
    )


def _key(name: str, columns: str, targets: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns.split(), targets.split(), name=name)


def _others() -> sa.MetaData:
    """The columns of other tables that keys lead to, for writing the keys down."""
    metadata = sa.MetaData()
    for table, columns in {
        "member": ("id",),
        "checkin": ("id", "member_id"),
        "membership": ("id", "member_id"),
        "checkin_move": ("from_status", "to_status"),
        "membership_move": ("from_state", "to_state"),
    }.items():
        sa.Table(table, metadata, *(sa.Column(name, ID) for name in columns))
    return metadata
