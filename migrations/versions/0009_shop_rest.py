"""Shop and decisions: papers beside pictures, reminders of orders, and a published rule set held by the database."""

import sqlalchemy as sa
from alembic import op

from community.core.db import stages, triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = ("id", "purpose", "name", "digest", "bytes", "uploaded_by", "created_at")
SAID = (
    "title", "draft_digest", "simulated_digest", "simulation", "simulated_at", "resolution_no", "resolution_body",
    "resolution_on", "resolution_upload_id", "resolution_document_id", "published_by", "published_on",
)  # fmt: skip
# An objection that was granted sets the check-in itself right.
MOVE = {"from_status": "rejected", "to_status": "accepted"}
MOVES = sa.table("checkin_move", sa.column("from_status", sa.String), sa.column("to_status", sa.String))


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_document_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("name", name=op.f("uq_document_name")),
    )
    _add_document()
    op.add_column("reward_order", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.bulk_insert(MOVES, [MOVE])
    for function in stages.POSTGRES_FUNCTIONS if dialect == "postgresql" else ():
        op.execute(function)
    for made in (triggers.triggers(dialect, "document", frozen=DOCUMENT), *_guards(dialect).values()):
        for statement in made.values():
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table, made in _guards(dialect).items():
        for name in made:
            op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))
    op.execute(sa.delete(MOVES).where(*(MOVES.c[name] == value for name, value in MOVE.items())))
    op.drop_column("reward_order", "reminded_at")
    op.drop_column("rule_set", "resolution_document_id")
    op.drop_table("document")


def _guards(dialect: str) -> dict[str, dict[str, str]]:
    return {
        "rule_draft": stages.belonging(dialect, "rule_draft", "rule_set", "rule_set_id", "state", "draft"),
        "rule_set": stages.said(dialect, "rule_set", "state", "draft", SAID, ("in_force", "withdrawn")),
    }


def _add_document() -> None:
    """Add the column with its named foreign key in one statement: SQLite takes no constraint afterwards."""
    kind = sa.Uuid().compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE rule_set ADD COLUMN resolution_document_id {kind} "
        "CONSTRAINT fk_rule_set_resolution_document_id REFERENCES document (id)"
    )
