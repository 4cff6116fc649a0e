"""The whole ledger: lots used and held, seals and checks, rule sets, decisions, rewards, budgets and closed months."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from community.core import clock
from community.core.db import final, triggers
from community.core.ids import new_id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = (
    "lot_use", "hold", "hold_lot", "hold_resolution", "seal", "ledger_check", "expiry_notice", "award_vote",
    "case_vote", "budget_move", "stock_move", "anomaly_look",
)  # fmt: skip
FROZEN = {
    "rule_set": ("id", "town_id", "area_id", "created_by", "created_at"),
    "rule_objection": ("id", "rule_set_id", "member_id", "at"),
    "points_case": (
        "id", "town_id", "kind", "subject_id", "proposed_by", "rule_version_id", "txn_id", "amount", "earned_on",
        "reason", "upload_id", "needs", "created_at",
    ),
    "appeal": ("id", "town_id", "subject_ref", "member_id", "first_by", "words", "created_at", "due_on"),
    "period_close": ("town_id", "month_on"),
    "statement_leaf": ("town_id", "month_on", "position", "account_id", "salt", "leaf_hash"),
    "supplier": ("id", "town_id", "created_at"),
    "reward_item": ("id", "town_id", "kind", "created_by", "created_at"),
    "reward_order": (
        "id", "town_id", "item_id", "member_id", "by_id", "quantity", "points", "code", "created_at", "expires_at",
    ),
}  # fmt: skip
# What may be taken out of a frozen row when somebody is erased; until when a row may not be deleted.
MAY_EMPTY = {"txn": ("salt",), "statement_leaf": ("salt",)}
KEPT_WHILE = {"period_close": "OLD.state = 'published'", "statement_leaf": "1 = 0"}
TXN_BEFORE = (
    "id", "town_id", "kind", "dedupe_key", "effective_on", "recorded_at", "rule_version_id", "evidence_ref",
    "subject_id", "actor_id", "approver_id", "reverses_txn_id", "reason_code", "explain",
)  # fmt: skip
TXN_NOW = (*TXN_BEFORE, "salt")
RULE_BEFORE = ("id", "town_id", "code")
RULE_NOW = (*RULE_BEFORE, "area_id")
VERSION_BEFORE = (
    "rule_id", "version", "trigger", "min_grade", "amount", "once_per", "cap_day", "expires_months",
    "text_zh", "text_en", "resolution", "published_on", "effective_on",
)  # fmt: skip
VERSION_NOW = (*VERSION_BEFORE, "asset", "team_kind", "cap_month", "review", "rule_set_id")
WRONG_TERMS = (
    "wrong_terms",
    "NEW.asset NOT IN ('points', 'minutes') OR (NEW.cap_month IS NOT NULL AND NEW.cap_month < NEW.amount)",
)
# Role → rights that it gets.
ADDED = {
    "village_admin": (
        "points:award:decide points:award:propose points:appeal:decide points:rule:draft points:reward:hand "
        "points:month:read"
    ),
    "town_admin": (
        "points:award:decide points:award:propose points:appeal:decide points:rule:draft points:rule:publish "
        "points:reward:manage points:reward:hand points:month:read points:month:close points:anomaly:read"
    ),
    "district_office": (
        "points:appeal:decide points:rule:publish points:budget:manage points:month:read points:month:close "
        "points:anomaly:read"
    ),
    "association_admin": "points:award:read points:award:decide points:award:propose points:month:read",
    "system_admin": "points:budget:manage points:month:read points:anomaly:read",
}
# Code → name, English name, order, rights.
NEW_ROLES = {
    "shop_keeper": ("兑换点工作人员", "Reward desk keeper", 55, "places:area:read points:reward:hand home:desk:open"),
}
ROLE = sa.table(
    "role",
    sa.column("code", sa.String),
    sa.column("name", sa.String),
    sa.column("name_en", sa.String),
    sa.column("sort", sa.Integer),
    sa.column("perms", sa.JSON),
)
ACCOUNT = sa.table(
    "account",
    sa.column("id", sa.BigInteger),
    sa.column("town_id", sa.BigInteger),
    sa.column("asset", sa.String),
    sa.column("kind", sa.String),
    sa.column("posted", sa.BigInteger),
    sa.column("held", sa.BigInteger),
    sa.column("seq", sa.Integer),
)


def upgrade() -> None:
    op.create_index("uq_award_doer", "award", ["id", "subject_id"], unique=True)
    op.create_table(
        "budget_move",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("fen_per_point", sa.Integer(), nullable=False),
        sa.Column("resolution", sa.String(length=120), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("resolution <> ''", name=op.f("ck_budget_move_resolution")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_budget_move_amount")),
        sa.CheckConstraint("fen_per_point >= 0", name=op.f("ck_budget_move_fen")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_budget_move_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_move")),
    )
    op.create_index("ix_budget_move_town", "budget_move", ["town_id", "year"], unique=False)
    op.create_table(
        "anomaly_look",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("flag", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_anomaly_look_size")),
        sa.CheckConstraint("words <> ''", name=op.f("ck_anomaly_look_words")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_anomaly_look_town_id")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_anomaly_look_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly_look")),
    )
    op.create_index("ix_anomaly_look_flag", "anomaly_look", ["town_id", "flag"], unique=False)
    op.create_table(
        "ledger_check",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_ledger_check_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_check")),
    )
    op.create_index("ix_ledger_check_latest", "ledger_check", ["town_id", "at"], unique=False)
    op.create_table(
        "supplier",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("contact", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_supplier_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("town_id", "name", name="uq_supplier_name"),
    )
    op.create_table(
        "town_terms",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("four_eyes_from", sa.Integer(), nullable=False),
        sa.Column("appeal_days", sa.Integer(), nullable=False),
        sa.Column("pick_up_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("appeal_days BETWEEN 1 AND 30", name=op.f("ck_town_terms_appeal_days")),
        sa.CheckConstraint("four_eyes_from > 0", name=op.f("ck_town_terms_four_eyes_from")),
        sa.CheckConstraint("pick_up_days BETWEEN 1 AND 60", name=op.f("ck_town_terms_pick_up_days")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_town_terms_town_id")),
        sa.PrimaryKeyConstraint("town_id", name=op.f("pk_town_terms")),
    )
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("subject_ref", sa.String(length=60), nullable=False),
        sa.Column("first_by", ID, nullable=True),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("outcome_ref", sa.String(length=60), nullable=False),
        sa.CheckConstraint("state IN ('open', 'upheld', 'changed', 'withdrawn')", name=op.f("ck_appeal_state")),
        sa.CheckConstraint(
            "state NOT IN ('upheld', 'changed') OR (decided_by IS NOT NULL AND answer <> '')",
            name=op.f("ck_appeal_answered"),
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> member_id", name=op.f("ck_appeal_decided_by_another")),
        sa.CheckConstraint(
            "decided_by IS NULL OR first_by IS NULL OR decided_by <> first_by", name=op.f("ck_appeal_decided_afresh")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["member.id"], name=op.f("fk_appeal_decided_by")),
        sa.ForeignKeyConstraint(["first_by"], ["member.id"], name=op.f("fk_appeal_first_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_appeal_member_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_appeal_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("member_id", "subject_ref", name="uq_appeal_once"),
    )
    op.create_index("ix_appeal_queue", "appeal", ["town_id", "state", "due_on"], unique=False)
    op.create_index(op.f("ix_appeal_scope_path"), "appeal", ["scope_path"], unique=False)
    op.create_index(op.f("ix_appeal_subject_ref"), "appeal", ["subject_ref"], unique=False)
    op.create_table(
        "period_close",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", ID, nullable=True),
        sa.Column("window_until", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", ID, nullable=True),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name=op.f("ck_period_close_published")
        ),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_period_close_state")),
        sa.CheckConstraint(
            "published_by IS NULL OR drafted_by IS NULL OR published_by <> drafted_by",
            name=op.f("ck_period_close_four_eyes"),
        ),
        sa.ForeignKeyConstraint(["drafted_by"], ["member.id"], name=op.f("fk_period_close_drafted_by")),
        sa.ForeignKeyConstraint(["published_by"], ["member.id"], name=op.f("fk_period_close_published_by")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_period_close_town_id")),
        sa.PrimaryKeyConstraint("town_id", "month_on", name=op.f("pk_period_close")),
    )
    op.create_table(
        "reward_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("supplier_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name_zh", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("about_zh", sa.String(length=300), nullable=False),
        sa.Column("about_en", sa.String(length=400), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("fen", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("per_month", sa.Integer(), nullable=True),
        sa.Column("pick_up", sa.String(length=120), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind <> 'cause' OR (on_hand = 0 AND reserved = 0)", name=op.f("ck_reward_item_cause_without_stock")
        ),
        sa.CheckConstraint("kind IN ('goods', 'service', 'cause')", name=op.f("ck_reward_item_kind")),
        sa.CheckConstraint("state IN ('draft', 'open', 'closed')", name=op.f("ck_reward_item_state")),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_reward_item_stock")),
        sa.CheckConstraint("per_month IS NULL OR per_month > 0", name=op.f("ck_reward_item_per_month")),
        sa.CheckConstraint("points > 0 AND fen >= 0", name=op.f("ck_reward_item_price")),
        sa.ForeignKeyConstraint(["created_by"], ["member.id"], name=op.f("fk_reward_item_created_by")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_reward_item_supplier_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_reward_item_town_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_reward_item_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_item")),
    )
    op.create_index(op.f("ix_reward_item_scope_path"), "reward_item", ["scope_path"], unique=False)
    op.create_index("ix_reward_item_town", "reward_item", ["town_id", "state"], unique=False)
    op.create_table(
        "rule_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draft_digest", sa.String(length=64), nullable=False),
        sa.Column("simulated_digest", sa.String(length=64), nullable=False),
        sa.Column("simulation", sa.JSON(), nullable=True),
        sa.Column("simulated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_no", sa.String(length=40), nullable=False),
        sa.Column("resolution_body", sa.String(length=60), nullable=False),
        sa.Column("resolution_on", sa.Date(), nullable=True),
        sa.Column("resolution_upload_id", sa.Uuid(), nullable=True),
        sa.Column("published_by", ID, nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'in_force', 'withdrawn')", name=op.f("ck_rule_set_state")),
        sa.CheckConstraint(
            "state NOT IN ('published', 'in_force') OR (published_by IS NOT NULL AND published_on IS NOT NULL AND effective_on IS NOT NULL AND resolution_no <> '' AND simulated_digest = draft_digest)",
            name=op.f("ck_rule_set_published_whole"),
        ),
        sa.CheckConstraint(
            "published_by IS NULL OR published_by <> created_by", name=op.f("ck_rule_set_published_by_another")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_rule_set_area_id")),
        sa.ForeignKeyConstraint(["created_by"], ["member.id"], name=op.f("fk_rule_set_created_by")),
        sa.ForeignKeyConstraint(["published_by"], ["member.id"], name=op.f("fk_rule_set_published_by")),
        sa.ForeignKeyConstraint(["resolution_upload_id"], ["upload.id"], name=op.f("fk_rule_set_resolution_upload_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_rule_set_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set")),
    )
    op.create_index(op.f("ix_rule_set_scope_path"), "rule_set", ["scope_path"], unique=False)
    op.create_index("ix_rule_set_town", "rule_set", ["town_id", "state"], unique=False)
    op.create_table(
        "expiry_notice",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_expiry_notice_account_id")),
        sa.PrimaryKeyConstraint("account_id", "expires_on", "days_before", name=op.f("pk_expiry_notice")),
    )
    op.create_table(
        "rule_draft",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("rule_set_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", ID, nullable=True),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("min_grade", sa.String(length=1), nullable=False),
        sa.Column("team_kind", sa.String(length=20), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("once_per", sa.String(length=4), nullable=False),
        sa.Column("cap_day", sa.Integer(), nullable=True),
        sa.Column("cap_month", sa.Integer(), nullable=True),
        sa.Column("expires_months", sa.Integer(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("text_zh", sa.String(length=400), nullable=False),
        sa.Column("text_en", sa.String(length=600), nullable=False),
        sa.CheckConstraint("asset IN ('points', 'minutes')", name=op.f("ck_rule_draft_asset")),
        sa.CheckConstraint("min_grade IN ('A', 'B', 'C', 'D')", name=op.f("ck_rule_draft_min_grade")),
        sa.CheckConstraint("once_per IN ('', 'hour', 'day')", name=op.f("ck_rule_draft_once_per")),
        sa.CheckConstraint("NOT ends OR rule_id IS NOT NULL", name=op.f("ck_rule_draft_ends_a_rule")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_rule_draft_amount_positive")),
        sa.CheckConstraint("cap_day IS NULL OR cap_day >= amount", name=op.f("ck_rule_draft_cap_day")),
        sa.CheckConstraint("cap_month IS NULL OR cap_month >= amount", name=op.f("ck_rule_draft_cap_month")),
        sa.CheckConstraint("expires_months BETWEEN 1 AND 120", name=op.f("ck_rule_draft_expires_months")),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_draft_rule_id")),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_set.id"], name=op.f("fk_rule_draft_rule_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
        sa.UniqueConstraint("rule_set_id", "code", name="uq_rule_draft_code"),
    )
    op.create_table(
        "rule_objection",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("rule_set_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", ID, nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_rule_objection_answered")),
        sa.CheckConstraint(
            "answered_by IS NULL OR answered_by <> member_id", name=op.f("ck_rule_objection_answered_by_another")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["member.id"], name=op.f("fk_rule_objection_answered_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rule_objection_member_id")),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_set.id"], name=op.f("fk_rule_objection_rule_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_objection")),
    )
    op.create_index(op.f("ix_rule_objection_member_id"), "rule_objection", ["member_id"], unique=False)
    op.create_index("ix_rule_objection_set", "rule_objection", ["rule_set_id"], unique=False)
    op.create_table(
        "statement_leaf",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_statement_leaf_account_id")),
        sa.ForeignKeyConstraint(
            ["town_id", "month_on"], ["period_close.town_id", "period_close.month_on"], name="fk_statement_leaf_month"
        ),
        sa.PrimaryKeyConstraint("town_id", "month_on", "position", name=op.f("pk_statement_leaf")),
        sa.UniqueConstraint("town_id", "month_on", "account_id", name="uq_statement_leaf_account"),
    )
    op.create_table(
        "points_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("rule_version_id", ID, nullable=True),
        sa.Column("txn_id", ID, nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_txn_id", ID, nullable=True),
        sa.Column("written_off", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.CheckConstraint("(kind = 'award') = (rule_version_id IS NOT NULL)", name=op.f("ck_points_case_rule")),
        sa.CheckConstraint("(kind = 'reversal') = (txn_id IS NOT NULL)", name=op.f("ck_points_case_reverses")),
        sa.CheckConstraint("(state = 'open') = (done_at IS NULL)", name=op.f("ck_points_case_done")),
        sa.CheckConstraint("kind IN ('award', 'reversal')", name=op.f("ck_points_case_kind")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_points_case_reason")),
        sa.CheckConstraint("state IN ('open', 'posted', 'refused')", name=op.f("ck_points_case_state")),
        sa.CheckConstraint(
            "amount > 0 AND written_off >= 0 AND written_off <= amount", name=op.f("ck_points_case_amounts")
        ),
        sa.CheckConstraint("needs IN (1, 2)", name=op.f("ck_points_case_needs")),
        sa.CheckConstraint("proposed_by <> subject_id", name=op.f("ck_points_case_proposed_by_another")),
        sa.ForeignKeyConstraint(["done_txn_id"], ["txn.id"], name=op.f("fk_points_case_done_txn_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["member.id"], name=op.f("fk_points_case_proposed_by")),
        sa.ForeignKeyConstraint(["rule_version_id"], ["rule_version.id"], name=op.f("fk_points_case_rule_version_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["member.id"], name=op.f("fk_points_case_subject_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_points_case_town_id")),
        sa.ForeignKeyConstraint(["txn_id"], ["txn.id"], name=op.f("fk_points_case_txn_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_points_case_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_case")),
        sa.UniqueConstraint("id", "proposed_by", "subject_id", name="uq_points_case_doers"),
    )
    op.create_index("ix_points_case_queue", "points_case", ["town_id", "state"], unique=False)
    op.create_index(op.f("ix_points_case_scope_path"), "points_case", ["scope_path"], unique=False)
    op.create_index("ix_points_case_subject", "points_case", ["subject_id"], unique=False)
    op.create_index(
        "uq_points_case_open_reversal",
        "points_case",
        ["txn_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open' AND txn_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'open' AND txn_id IS NOT NULL"),
    )
    op.create_table(
        "reward_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", ID, nullable=True),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("txn_id", ID, nullable=True),
        sa.CheckConstraint("(state = 'reserved') = (done_at IS NULL)", name=op.f("ck_reward_order_done")),
        sa.CheckConstraint(
            "(state IN ('collected', 'donated')) = (txn_id IS NOT NULL)", name=op.f("ck_reward_order_posted")
        ),
        sa.CheckConstraint(
            "state <> 'collected' OR (done_by IS NOT NULL AND done_by <> member_id)",
            name=op.f("ck_reward_order_handed_by_another"),
        ),
        sa.CheckConstraint("state <> 'refused' OR words <> ''", name=op.f("ck_reward_order_refusal_reason")),
        sa.CheckConstraint(
            "state IN ('reserved', 'collected', 'cancelled', 'expired', 'refused', 'donated')",
            name=op.f("ck_reward_order_state"),
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99 AND points > 0", name=op.f("ck_reward_order_amounts")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_reward_order_by_id")),
        sa.ForeignKeyConstraint(["done_by"], ["member.id"], name=op.f("fk_reward_order_done_by")),
        sa.ForeignKeyConstraint(["item_id"], ["reward_item.id"], name=op.f("fk_reward_order_item_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_reward_order_member_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_reward_order_town_id")),
        sa.ForeignKeyConstraint(["txn_id"], ["txn.id"], name=op.f("fk_reward_order_txn_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_order")),
        sa.UniqueConstraint("txn_id", name=op.f("uq_reward_order_txn_id")),
    )
    op.create_index(
        "ix_reward_order_due",
        "reward_order",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_index("ix_reward_order_item", "reward_order", ["item_id", "state"], unique=False)
    op.create_index("ix_reward_order_member", "reward_order", ["member_id", "created_at"], unique=False)
    op.create_index(op.f("ix_reward_order_scope_path"), "reward_order", ["scope_path"], unique=False)
    op.create_index(
        "uq_reward_order_code",
        "reward_order",
        ["town_id", "code"],
        unique=True,
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_table(
        "seal",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("txn_id", ID, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["town_id", "txn_id"], ["txn.town_id", "txn.id"], name="fk_seal_txn"),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_seal_town_id")),
        sa.PrimaryKeyConstraint("town_id", "seq", name=op.f("pk_seal")),
        sa.UniqueConstraint("txn_id", name=op.f("uq_seal_txn_id")),
    )
    op.create_table(
        "award_vote",
        sa.Column("award_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=False),
        sa.Column("takes_back", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("accepts OR words <> ''", name=op.f("ck_award_vote_refusal_reason")),
        sa.CheckConstraint("by_id <> subject_id", name=op.f("ck_award_vote_by_another")),
        sa.ForeignKeyConstraint(
            ["award_id", "subject_id"], ["award.id", "award.subject_id"], name="fk_award_vote_doer"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_award_vote_by_id")),
        sa.PrimaryKeyConstraint("award_id", "seq", name=op.f("pk_award_vote")),
    )
    op.create_table(
        "case_vote",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("proposed_by", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=False),
        sa.Column("takes_back", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("accepts OR words <> ''", name=op.f("ck_case_vote_refusal_reason")),
        sa.CheckConstraint("by_id <> subject_id AND by_id <> proposed_by", name=op.f("ck_case_vote_by_another")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_case_vote_by_id")),
        sa.ForeignKeyConstraint(
            ["case_id", "proposed_by", "subject_id"],
            ["points_case.id", "points_case.proposed_by", "points_case.subject_id"],
            name="fk_case_vote_doers",
        ),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_case_vote")),
    )
    op.create_table(
        "hold",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=140), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hold_account_id")),
        sa.ForeignKeyConstraint(["order_id"], ["reward_order.id"], name=op.f("fk_hold_order_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_hold_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("town_id", "dedupe_key", name="uq_hold_dedupe"),
    )
    op.create_index("ix_hold_account", "hold", ["account_id"], unique=False)
    op.create_index("ix_hold_order", "hold", ["order_id"], unique=False)
    op.create_table(
        "stock_move",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("on_hand_after", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(reason = 'collected') = (order_id IS NOT NULL)", name=op.f("ck_stock_move_collected")),
        sa.CheckConstraint("reason IN ('delivery', 'count', 'collected')", name=op.f("ck_stock_move_reason")),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_stock_move_delta")),
        sa.CheckConstraint("on_hand_after >= 0", name=op.f("ck_stock_move_on_hand_after")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_stock_move_by_id")),
        sa.ForeignKeyConstraint(["item_id"], ["reward_item.id"], name=op.f("fk_stock_move_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["reward_order.id"], name=op.f("fk_stock_move_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
        sa.UniqueConstraint("item_id", "seq", name="uq_stock_move_seq"),
        sa.UniqueConstraint("order_id", name=op.f("uq_stock_move_order_id")),
    )
    op.create_table(
        "hold_lot",
        sa.Column("hold_id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hold_lot_amount")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_lot_hold_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_hold_lot_lot_id")),
        sa.PrimaryKeyConstraint("hold_id", "lot_id", name=op.f("pk_hold_lot")),
    )
    op.create_index("ix_hold_lot_lot", "hold_lot", ["lot_id"], unique=False)
    op.create_table(
        "hold_resolution",
        sa.Column("hold_id", ID, nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("transfer_id", ID, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(outcome = 'posted') = (transfer_id IS NOT NULL)", name=op.f("ck_hold_resolution_posted")),
        sa.CheckConstraint("outcome IN ('posted', 'voided', 'expired')", name=op.f("ck_hold_resolution_outcome")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_resolution_hold_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_hold_resolution_transfer_id")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_hold_resolution")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_hold_resolution_transfer_id")),
    )
    op.create_table(
        "lot_use",
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("transfer_id", ID, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lot_use_amount")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_use_lot_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_lot_use_transfer_id")),
        sa.PrimaryKeyConstraint("lot_id", "transfer_id", name=op.f("pk_lot_use")),
    )
    op.create_index("ix_lot_use_transfer", "lot_use", ["transfer_id"], unique=False)
    _add_reference("rule", "area_id", ID, "area")
    op.add_column("rule_version", sa.Column("asset", sa.String(length=8), server_default="points", nullable=False))
    op.add_column("rule_version", sa.Column("team_kind", sa.String(length=20), server_default="", nullable=False))
    op.add_column("rule_version", sa.Column("cap_month", sa.Integer(), nullable=True))
    op.add_column("rule_version", sa.Column("review", sa.Boolean(), server_default=sa.false(), nullable=False))
    _add_reference("rule_version", "rule_set_id", sa.Uuid(), "rule_set")
    _open_minutes()
    _tell_budgets()
    for code, (name, name_en, sort, rights) in NEW_ROLES.items():
        op.bulk_insert(ROLE, [{"code": code, "name": name, "name_en": name_en, "sort": sort, "perms": rights.split()}])
    _change_rights(lambda held, more: [*held, *(right for right in more if right not in held)])
    _guard()


def _guard() -> None:
    dialect = op.get_bind().dialect.name
    for function in final.POSTGRES_FUNCTIONS if dialect == "postgresql" else ():
        op.execute(function)
    _freeze("txn", TXN_NOW, MAY_EMPTY["txn"])
    _freeze("rule", RULE_NOW)
    _freeze("rule_version", VERSION_NOW)
    for statement in triggers.triggers(dialect, "rule_version", never=WRONG_TERMS).values():
        op.execute(statement)
    for table in APPEND_ONLY:
        for statement in triggers.triggers(dialect, table, whole=True).values():
            op.execute(statement)
    for table, columns in FROZEN.items():
        kept = {"may_empty": MAY_EMPTY.get(table, ()), "kept_while": KEPT_WHILE.get(table, "")}
        for statement in triggers.triggers(dialect, table, frozen=columns, **kept).values():
            op.execute(statement)
    month = ("town_id", "month_on")
    for statement in (
        *final.whole(dialect, "period_close", "state", "published").values(),
        *final.belonging(dialect, "statement_leaf", "period_close", "state", "published", month).values(),
    ):
        op.execute(statement)


def _open_minutes() -> None:
    """Open the books of service minutes in towns that have books of points."""
    bind = op.get_bind()
    system = sa.select(ACCOUNT.c.town_id, ACCOUNT.c.kind).where(ACCOUNT.c.kind != "resident")
    rows = [
        {"id": new_id(), "town_id": row.town_id, "asset": "minutes", "kind": row.kind, "posted": 0, "held": 0, "seq": 0}
        for row in bind.execute(system)
    ]
    if rows:
        op.bulk_insert(ACCOUNT, rows)


def _tell_budgets() -> None:
    """Write down each older budget as one move without a price: nobody named one."""
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT town_id, year, SUM(amount) AS amount FROM budget_slot GROUP BY town_id, year"))
    # The names of the columns as they are here: a later program may know others.
    add = sa.text(
        "INSERT INTO budget_move (id, town_id, year, amount, fen_per_point, resolution, by_id, at) "
        "VALUES (:id, :town, :year, :amount, 0, :words, 0, :at)"
    )
    for row in rows.all():
        if row.amount:
            bind.execute(
                add.bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=True))),
                {
                    "id": new_id(),
                    "town": row.town_id,
                    "year": row.year,
                    "amount": row.amount,
                    "words": "升级前登记",
                    "at": clock.now(),
                },
            )


def _add_reference(table: str, column: str, kind: sa.types.TypeEngine[object], target: str) -> None:
    """Add a column with its named foreign key in one statement: SQLite takes no constraint afterwards."""
    written = kind.compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {written} CONSTRAINT fk_{table}_{column} REFERENCES {target} (id)"
    )


def _freeze(table: str, columns: tuple[str, ...], may_empty: tuple[str, ...] = ()) -> None:
    """Write the triggers of an older table anew."""
    dialect = op.get_bind().dialect.name
    for name, statement in triggers.triggers(dialect, table, frozen=columns, may_empty=may_empty).items():
        _drop_trigger(name, table)
        op.execute(statement)


def _drop_trigger(name: str, table: str) -> None:
    op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))


def _change_rights(change: Callable[[list[str], list[str]], list[str]]) -> None:
    bind = op.get_bind()
    for code, rights in ADDED.items():
        held = bind.execute(sa.select(ROLE.c.perms).where(ROLE.c.code == code)).scalar_one_or_none()
        if held is not None:
            bind.execute(sa.update(ROLE).where(ROLE.c.code == code).values(perms=change(held, rights.split())))


def downgrade() -> None:
    _drop_trigger("trg_rule_version_never_wrong_terms", "rule_version")
    # Nobody earned minutes before: these are the accounts of the system.
    op.execute(sa.delete(ACCOUNT).where(ACCOUNT.c.asset == "minutes"))
    _freeze("rule_version", VERSION_BEFORE)
    _freeze("rule", RULE_BEFORE)
    _freeze("txn", TXN_BEFORE)
    _change_rights(lambda held, more: [right for right in held if right not in more])
    op.execute(sa.delete(ROLE).where(ROLE.c.code.in_(list(NEW_ROLES))))
    op.drop_column("rule_version", "rule_set_id")
    op.drop_column("rule_version", "review")
    op.drop_column("rule_version", "cap_month")
    op.drop_column("rule_version", "team_kind")
    op.drop_column("rule_version", "asset")
    op.drop_column("rule", "area_id")
    op.drop_index("ix_lot_use_transfer", table_name="lot_use")
    op.drop_table("lot_use")
    op.drop_table("hold_resolution")
    op.drop_index("ix_hold_lot_lot", table_name="hold_lot")
    op.drop_table("hold_lot")
    op.drop_table("stock_move")
    op.drop_index("ix_hold_order", table_name="hold")
    op.drop_index("ix_hold_account", table_name="hold")
    op.drop_table("hold")
    op.drop_table("case_vote")
    op.drop_table("award_vote")
    op.drop_table("seal")
    op.drop_index(
        "uq_reward_order_code",
        table_name="reward_order",
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.drop_index(op.f("ix_reward_order_scope_path"), table_name="reward_order")
    op.drop_index("ix_reward_order_member", table_name="reward_order")
    op.drop_index("ix_reward_order_item", table_name="reward_order")
    op.drop_index(
        "ix_reward_order_due",
        table_name="reward_order",
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.drop_table("reward_order")
    op.drop_index(
        "uq_points_case_open_reversal",
        table_name="points_case",
        sqlite_where=sa.text("state = 'open' AND txn_id IS NOT NULL"),
        postgresql_where=sa.text("state = 'open' AND txn_id IS NOT NULL"),
    )
    op.drop_index("ix_points_case_subject", table_name="points_case")
    op.drop_index(op.f("ix_points_case_scope_path"), table_name="points_case")
    op.drop_index("ix_points_case_queue", table_name="points_case")
    op.drop_table("points_case")
    op.drop_table("statement_leaf")
    op.drop_index("ix_rule_objection_set", table_name="rule_objection")
    op.drop_index(op.f("ix_rule_objection_member_id"), table_name="rule_objection")
    op.drop_table("rule_objection")
    op.drop_table("rule_draft")
    op.drop_table("expiry_notice")
    op.drop_index("ix_rule_set_town", table_name="rule_set")
    op.drop_index(op.f("ix_rule_set_scope_path"), table_name="rule_set")
    op.drop_table("rule_set")
    op.drop_index("ix_reward_item_town", table_name="reward_item")
    op.drop_index(op.f("ix_reward_item_scope_path"), table_name="reward_item")
    op.drop_table("reward_item")
    op.drop_table("period_close")
    op.drop_index(op.f("ix_appeal_subject_ref"), table_name="appeal")
    op.drop_index(op.f("ix_appeal_scope_path"), table_name="appeal")
    op.drop_index("ix_appeal_queue", table_name="appeal")
    op.drop_table("appeal")
    op.drop_table("town_terms")
    op.drop_table("supplier")
    op.drop_index("ix_ledger_check_latest", table_name="ledger_check")
    op.drop_table("ledger_check")
    op.drop_index("ix_anomaly_look_flag", table_name="anomaly_look")
    op.drop_table("anomaly_look")
    op.drop_index("ix_budget_move_town", table_name="budget_move")
    op.drop_table("budget_move")
    op.drop_index("uq_award_doer", table_name="award")
