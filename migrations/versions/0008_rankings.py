"""Rankings: who chose to be ranked and under which alias; notices of points that expire."""

import sqlalchemy as sa
from alembic import op

from community.core.db import triggers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "month_group",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("group_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('team', 'grid')", name=op.f("ck_month_group_kind")),
        sa.CheckConstraint("people >= 5", name=op.f("ck_month_group_people")),
        sa.CheckConstraint("points > 0", name=op.f("ck_month_group_points")),
        sa.ForeignKeyConstraint(
            ["town_id", "month_on"], ["period_close.town_id", "period_close.month_on"], name="fk_month_group_month"
        ),
        sa.PrimaryKeyConstraint("town_id", "month_on", "kind", "group_id", name=op.f("pk_month_group")),
    )
    op.create_table(
        "board_name",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("alias", sa.String(length=20), nullable=True),
        sa.Column("alias_key", sa.String(length=40), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("asset = 'points'", name=op.f("ck_board_name_asset")),
        sa.CheckConstraint("alias <> ''", name=op.f("ck_board_name_alias")),
        sa.CheckConstraint("(alias IS NULL) = (alias_key IS NULL)", name=op.f("ck_board_name_alias_key")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_board_name_member_id")),
        sa.ForeignKeyConstraint(
            ["town_id", "asset", "account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_board_name_account",
        ),
        sa.PrimaryKeyConstraint("town_id", "member_id", name=op.f("pk_board_name")),
        sa.UniqueConstraint("town_id", "alias_key", name="uq_board_name_alias"),
    )
    for made in _guards().values():
        for statement in made.values():
            op.execute(statement)


def downgrade() -> None:
    for table, made in _guards().items():
        for name in made:
            op.execute(f"DROP TRIGGER {name}" + ("" if _dialect() == "sqlite" else f" ON {table}"))
    op.drop_table("board_name")
    op.drop_table("month_group")


def _dialect() -> str:
    return op.get_bind().dialect.name


def _guards() -> dict[str, dict[str, str]]:
    chosen = ("town_id", "member_id", "asset", "account_id", "chosen_at")
    odd = ("odd_step", "NEW.days_before NOT IN (60, 30, 7)")
    return {
        "month_group": triggers.triggers(_dialect(), "month_group", whole=True),
        "board_name": triggers.triggers(_dialect(), "board_name", frozen=chosen, kept_while="1 = 0"),
        "expiry_notice": triggers.triggers(_dialect(), "expiry_notice", never=odd),
    }
