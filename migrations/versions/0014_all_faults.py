"""Every fault of a brought table is kept with its run, however many there are."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_run", sa.Column("faults", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("import_run", "faults")
