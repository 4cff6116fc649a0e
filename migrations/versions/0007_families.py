"""Families: pots shared with consent, mandates of elders and acts done under them."""

import sqlalchemy as sa
from alembic import op

from community.core.db import final, triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("mandate_act", "pot_share")
FROZEN = {
    "mandate_request": (
        "id", "helper_id", "code", "may_redeem", "may_appeal", "until_on", "created_at", "expires_at",
    ),
    "mandate": (
        "mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal", "how", "minor",
        "witnessed_by", "upload_id", "given_at",
    ),
    "family_pot": ("id", "town_id", "founder_id", "created_at"),
    "pot_invite": ("id", "town_id", "pot_id", "code", "made_by", "created_at", "expires_at"),
    "pot_seat": ("seat_id", "town_id", "pot_id", "member_id", "joined_roll", "joined_at"),
}  # fmt: skip
# Until when a row may not be deleted.
KEPT_WHILE = {"mandate_request": "OLD.closed_at IS NULL", "pot_invite": "OLD.closed_at IS NULL"}
# Rows that never change again once they are over, and what belongs to them: keys that both tables have.
FINAL = {"mandate": ("state", "ended"), "pot_seat": ("state", "left")}
BELONGING = {
    "mandate_act": ("mandate", "state", "ended", ("mandate_id", "principal_id")),
    "pot_share": ("pot_seat", "state", "left", ("seat_id", "pot_id")),
}


def upgrade() -> None:
    op.create_index("uq_reward_order_owner", "reward_order", ["id", "town_id", "member_id"], unique=True)
    op.create_table(
        "mandate_request",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("helper_id", ID, nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("may_redeem", sa.Boolean(), nullable=False),
        sa.Column("may_appeal", sa.Boolean(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_mandate_request_order")),
        sa.ForeignKeyConstraint(["helper_id"], ["member.id"], name=op.f("fk_mandate_request_helper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_request")),
        sa.UniqueConstraint("code", name=op.f("uq_mandate_request_code")),
    )
    op.create_index(op.f("ix_mandate_request_helper_id"), "mandate_request", ["helper_id"], unique=False)
    op.create_table(
        "mandate",
        sa.Column("mandate_id", ID, autoincrement=False, nullable=False),
        sa.Column("principal_id", ID, nullable=False),
        sa.Column("helper_id", ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("may_redeem", sa.Boolean(), nullable=False),
        sa.Column("may_appeal", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("minor", sa.Boolean(), nullable=False),
        sa.Column("witnessed_by", ID, nullable=True),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", ID, nullable=True),
        sa.Column("end_words", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(how = 'own') = (witnessed_by IS NULL)", name=op.f("ck_mandate_witnessed")),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_mandate_ended")),
        sa.CheckConstraint("how = 'own' OR upload_id IS NOT NULL", name=op.f("ck_mandate_paper")),
        sa.CheckConstraint("how IN ('own', 'paper', 'guardian')", name=op.f("ck_mandate_how")),
        sa.CheckConstraint("minor = (how = 'guardian')", name=op.f("ck_mandate_guardian_alone")),
        sa.CheckConstraint("state IN ('in_force', 'ended')", name=op.f("ck_mandate_state")),
        sa.CheckConstraint("from_on <= until_on", name=op.f("ck_mandate_order")),
        sa.CheckConstraint("principal_id <> helper_id", name=op.f("ck_mandate_another")),
        sa.CheckConstraint(
            "witnessed_by <> principal_id AND witnessed_by <> helper_id", name=op.f("ck_mandate_witness_another")
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["member.id"], name=op.f("fk_mandate_ended_by")),
        sa.ForeignKeyConstraint(["helper_id"], ["member.id"], name=op.f("fk_mandate_helper_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["member.id"], name=op.f("fk_mandate_principal_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_mandate_upload_id")),
        sa.ForeignKeyConstraint(["witnessed_by"], ["member.id"], name=op.f("fk_mandate_witnessed_by")),
        sa.PrimaryKeyConstraint("mandate_id", name=op.f("pk_mandate")),
        sa.UniqueConstraint(
            "mandate_id",
            "principal_id",
            "helper_id",
            "from_on",
            "until_on",
            "may_redeem",
            "may_appeal",
            name="uq_mandate_terms",
        ),
    )
    op.create_index("ix_mandate_helper", "mandate", ["helper_id"], unique=False)
    op.create_index("ix_mandate_upload", "mandate", ["upload_id"], unique=False)
    op.create_index(
        "uq_mandate_pair",
        "mandate",
        ["principal_id", "helper_id"],
        unique=True,
        sqlite_where=sa.text("state = 'in_force'"),
        postgresql_where=sa.text("state = 'in_force'"),
    )
    op.create_table(
        "mandate_act",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("mandate_id", ID, nullable=False),
        sa.Column("principal_id", ID, nullable=False),
        sa.Column("helper_id", ID, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("may_redeem", sa.Boolean(), nullable=False),
        sa.Column("may_appeal", sa.Boolean(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("about_ref", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "act IN ('redeem', 'donate', 'cancel', 'appeal', 'withdraw')", name=op.f("ck_mandate_act_act")
        ),
        sa.CheckConstraint(
            "may_appeal OR act NOT IN ('appeal', 'withdraw')", name=op.f("ck_mandate_act_appeal_covered")
        ),
        sa.CheckConstraint(
            "may_redeem OR act NOT IN ('redeem', 'donate', 'cancel')", name=op.f("ck_mandate_act_redeem_covered")
        ),
        sa.CheckConstraint("from_on <= done_on AND done_on <= until_on", name=op.f("ck_mandate_act_in_time")),
        sa.ForeignKeyConstraint(
            ["mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal"],
            [
                "mandate.mandate_id",
                "mandate.principal_id",
                "mandate.helper_id",
                "mandate.from_on",
                "mandate.until_on",
                "mandate.may_redeem",
                "mandate.may_appeal",
            ],
            name="fk_mandate_act_terms",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_act")),
        sa.UniqueConstraint("about_ref", "act", name="uq_mandate_act_once"),
    )
    op.create_index("ix_mandate_act_mandate", "mandate_act", ["mandate_id"], unique=False)
    op.create_table(
        "family_pot",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("founder_id", ID, nullable=False),
        sa.Column("roll", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("roll > 0", name=op.f("ck_family_pot_roll")),
        sa.ForeignKeyConstraint(["founder_id"], ["member.id"], name=op.f("fk_family_pot_founder_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_family_pot_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_pot")),
        sa.UniqueConstraint("town_id", "id", name="uq_family_pot_town"),
    )
    op.create_index(op.f("ix_family_pot_founder_id"), "family_pot", ["founder_id"], unique=False)
    op.create_table(
        "pot_invite",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("pot_id", ID, nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_pot_invite_order")),
        sa.ForeignKeyConstraint(["made_by"], ["member.id"], name=op.f("fk_pot_invite_made_by")),
        sa.ForeignKeyConstraint(
            ["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_invite_pot"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pot_invite")),
        sa.UniqueConstraint("code", name=op.f("uq_pot_invite_code")),
    )
    op.create_index("ix_pot_invite_pot", "pot_invite", ["pot_id"], unique=False)
    op.create_table(
        "pot_seat",
        sa.Column("seat_id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("pot_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("joined_roll", sa.Integer(), nullable=False),
        sa.Column("agreed_roll", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'left') = (left_at IS NOT NULL)", name=op.f("ck_pot_seat_left")),
        sa.CheckConstraint("state IN ('in', 'left')", name=op.f("ck_pot_seat_state")),
        sa.CheckConstraint("cap >= 0", name=op.f("ck_pot_seat_cap")),
        sa.CheckConstraint("joined_roll > 0 AND agreed_roll >= joined_roll", name=op.f("ck_pot_seat_agreed")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_pot_seat_member_id")),
        sa.ForeignKeyConstraint(["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_seat_pot"),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_pot_seat")),
        sa.UniqueConstraint("pot_id", "joined_roll", name="uq_pot_seat_roll"),
        sa.UniqueConstraint("pot_id", "seat_id", "member_id", "joined_roll", name="uq_pot_seat_member"),
    )
    op.create_index("ix_pot_seat_member", "pot_seat", ["member_id"], unique=False)
    op.create_index(
        "uq_pot_seat_once",
        "pot_seat",
        ["town_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("state = 'in'"),
        postgresql_where=sa.text("state = 'in'"),
    )
    op.create_table(
        "pot_share",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seat_id", ID, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("pot_id", ID, nullable=False),
        sa.Column("payer_id", ID, nullable=False),
        sa.Column("payer_roll", sa.Integer(), nullable=False),
        sa.Column("orderer_seat_id", ID, nullable=False),
        sa.Column("orderer_id", ID, nullable=False),
        sa.Column("joined_roll", sa.Integer(), nullable=False),
        sa.Column("agreed_roll", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("used_before", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("agreed_roll >= joined_roll", name=op.f("ck_pot_share_agreed")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_pot_share_amount")),
        sa.CheckConstraint("payer_id <> orderer_id", name=op.f("ck_pot_share_another")),
        sa.CheckConstraint("used_before >= 0 AND used_before + amount <= cap", name=op.f("ck_pot_share_within_cap")),
        sa.ForeignKeyConstraint(
            ["order_id", "town_id", "orderer_id"],
            ["reward_order.id", "reward_order.town_id", "reward_order.member_id"],
            name="fk_pot_share_order",
        ),
        sa.ForeignKeyConstraint(
            ["pot_id", "orderer_seat_id", "orderer_id", "joined_roll"],
            ["pot_seat.pot_id", "pot_seat.seat_id", "pot_seat.member_id", "pot_seat.joined_roll"],
            name="fk_pot_share_orderer",
        ),
        sa.ForeignKeyConstraint(
            ["pot_id", "seat_id", "payer_id", "payer_roll"],
            ["pot_seat.pot_id", "pot_seat.seat_id", "pot_seat.member_id", "pot_seat.joined_roll"],
            name="fk_pot_share_payer",
        ),
        sa.ForeignKeyConstraint(
            ["town_id", "pot_id"], ["family_pot.town_id", "family_pot.id"], name="fk_pot_share_pot"
        ),
        sa.PrimaryKeyConstraint("order_id", "seat_id", name=op.f("pk_pot_share")),
    )
    op.create_index("ix_pot_share_seat", "pot_share", ["seat_id", "at"], unique=False)
    _guard()


def _guard() -> None:
    dialect = op.get_bind().dialect.name
    made = [triggers.triggers(dialect, table, whole=True) for table in APPEND_ONLY]
    for table, columns in FROZEN.items():
        made.append(triggers.triggers(dialect, table, frozen=columns, kept_while=KEPT_WHILE.get(table, "")))
    made += [final.whole(dialect, table, *state) for table, state in FINAL.items()]
    made += [final.belonging(dialect, table, *parent) for table, parent in BELONGING.items()]
    for statements in made:
        for statement in statements.values():
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_pot_share_seat", table_name="pot_share")
    op.drop_table("pot_share")
    op.drop_index(
        "uq_pot_seat_once",
        table_name="pot_seat",
        sqlite_where=sa.text("state = 'in'"),
        postgresql_where=sa.text("state = 'in'"),
    )
    op.drop_index("ix_pot_seat_member", table_name="pot_seat")
    op.drop_table("pot_seat")
    op.drop_index("ix_pot_invite_pot", table_name="pot_invite")
    op.drop_table("pot_invite")
    op.drop_index(op.f("ix_family_pot_founder_id"), table_name="family_pot")
    op.drop_table("family_pot")
    op.drop_index("ix_mandate_act_mandate", table_name="mandate_act")
    op.drop_table("mandate_act")
    op.drop_index(
        "uq_mandate_pair",
        table_name="mandate",
        sqlite_where=sa.text("state = 'in_force'"),
        postgresql_where=sa.text("state = 'in_force'"),
    )
    op.drop_index("ix_mandate_upload", table_name="mandate")
    op.drop_index("ix_mandate_helper", table_name="mandate")
    op.drop_table("mandate")
    op.drop_index(op.f("ix_mandate_request_helper_id"), table_name="mandate_request")
    op.drop_table("mandate_request")
    op.drop_index("uq_reward_order_owner", table_name="reward_order")
