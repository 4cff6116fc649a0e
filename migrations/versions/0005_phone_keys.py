"""Phone keys: every hash of a number says which key of PHONE_HASH_KEY made it, so that the key can change."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("member", sa.Column("phone_kid", sa.String(length=8), nullable=True))
    # Until now there was one key without a name; the setting calls it "1" (core.keys.HashRing).
    op.execute("UPDATE member SET phone_kid = '1' WHERE phone_hash IS NOT NULL")


def downgrade() -> None:
    op.drop_column("member", "phone_kid")
