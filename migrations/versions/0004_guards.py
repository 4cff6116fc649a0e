"""Guards: events are counted without a gap, a merge is proved and final; the log knows where areas lay before."""

import sqlalchemy as sa
from alembic import op

from community.core.db import pointing, triggers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Table of events → its key and its column "from".
EVENTS = {"checkin_event": ("checkin_id", "from_status"), "membership_event": ("membership_id", "from_state")}
ENTRY = sa.table(
    "audit_entry",
    sa.column("id", ID),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("act", sa.String),
    sa.column("details", sa.JSON),
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for function in triggers.POSTGRES_FUNCTIONS if dialect == "postgresql" else ():
        op.execute(function)
    moves = op.create_table(
        "path_move",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old_path", sa.String(length=200), nullable=False),
        sa.Column("new_path", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_path_move")),
    )
    op.create_index(op.f("ix_path_move_at"), "path_move", ["at"], unique=False)
    _bring_moves(moves)
    for made in (triggers.triggers(dialect, "path_move", whole=True), *_guards(dialect)):
        for statement in made.values():
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table, made in zip((*EVENTS, "member"), _guards(dialect), strict=True):
        for name in made:
            op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))
    op.drop_index(op.f("ix_path_move_at"), table_name="path_move")
    op.drop_table("path_move")


def _guards(dialect: str) -> list[dict[str, str]]:
    counted = [triggers.counting(dialect, table, key, "seq", *old, "new") for table, (key, *old) in EVENTS.items()]
    return [*counted, pointing.triggers(dialect, "member", "merged_into", "verified_at")]


def _bring_moves(moves: sa.Table) -> None:
    """Take over what the log says of areas that moved before; there are few of them."""
    if op.get_context().as_sql:
        return
    wanted = sa.select(ENTRY.c.id, ENTRY.c.at, ENTRY.c.details).where(
        ENTRY.c.act.in_(("places.area_move", "places.area_edit"))
    )
    found = [
        {"id": row.id, "at": row.at, "old_path": row.details["from"], "new_path": row.details["to"]}
        for row in op.get_bind().execute(wanted)
        if {"from", "to"} <= row.details.keys()
    ]
    if found:
        op.bulk_insert(moves, found)
