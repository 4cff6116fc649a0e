"""Reach: a member's accounts are found by her alone, however many accounts there are."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_account_subject", "account", ["subject_id"])


def downgrade() -> None:
    op.drop_index("ix_account_subject", table_name="account")
