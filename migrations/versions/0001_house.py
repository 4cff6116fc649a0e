"""The first tables: places, people, rights, teams, check-ins, ledger, messages, audit; their triggers and fixed rows."""

import sqlalchemy as sa
from alembic import op

from community.core.db import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = ("audit_entry", "membership_event", "checkin_event", "transfer", "entry")
FROZEN = {
    "rule_version": (
        "rule_id",
        "version",
        "trigger",
        "min_grade",
        "amount",
        "once_per",
        "cap_day",
        "expires_months",
        "text_zh",
        "text_en",
        "resolution",
        "published_on",
        "effective_on",
    ),
    "checkin": (
        "id",
        "member_id",
        "post_id",
        "print_id",
        "team_id",
        "town_id",
        "kind",
        "used_at",
        "lo",
        "hi",
        "claimed_at",
        "received_at",
        "band",
        "far_m",
        "grade",
        "first_status",
        "code",
        "notes",
        "src",
        "device",
    ),
    "txn": (
        "id",
        "town_id",
        "kind",
        "dedupe_key",
        "effective_on",
        "recorded_at",
        "rule_version_id",
        "evidence_ref",
        "subject_id",
        "actor_id",
        "approver_id",
        "reverses_txn_id",
        "reason_code",
        "explain",
    ),
    "role_grant": (
        "id",
        "member_id",
        "role",
        "area_id",
        "team_id",
        "place",
        "starts_at",
        "granted_by",
    ),
    "consent": (
        "id",
        "member_id",
        "scope",
        "version",
        "text_digest",
        "given_at",
    ),
    "post_print": (
        "id",
        "post_id",
        "generation",
        "kid",
        "typed_code",
        "printed_by",
        "printed_at",
    ),
    "membership": (
        "id",
        "team_id",
        "member_id",
        "building_id",
        "applied_at",
    ),
    "rule": (
        "id",
        "town_id",
        "code",
    ),
    "lot": (
        "id",
        "account_id",
        "transfer_id",
        "granted",
        "expires_on",
    ),
    "award": (
        "id",
        "town_id",
        "rule_version_id",
        "dedupe_key",
        "subject_id",
        "evidence_ref",
        "amount",
        "earned_at",
        "explain",
        "created_at",
    ),
}
# Table → its moving column, the table of events, that one's key and its columns "from" and "to".
MOVES = {
    "membership": ("state", "membership_event", "membership_id", "from_state", "to_state"),
    "checkin": ("status", "checkin_event", "checkin_id", "from_status", "to_status"),
}
MEMBERSHIP_MOVES = (
    ("new", "waiting_guardian"),
    ("new", "applied"),
    ("waiting_guardian", "applied"),
    ("waiting_guardian", "refused"),
    ("waiting_guardian", "left"),
    ("applied", "approved"),
    ("applied", "refused"),
    ("applied", "left"),
    ("approved", "active"),
    ("approved", "left"),
    ("active", "left"),
)
CHECKIN_MOVES = (("new", "accepted"), ("new", "flagged"), ("flagged", "accepted"), ("flagged", "rejected"))
ROLES = (
    (
        "village_admin",
        "村社管理员",
        "Village admin",
        10,
        "places:area:read places:post:read places:post:manage places:post:print people:member:read people:member:verify teams:team:read teams:membership:read teams:membership:decide patrols:checkin:read patrols:checkin:settle points:award:read home:desk:open",
    ),
    (
        "town_admin",
        "镇街管理员",
        "Town admin",
        20,
        "places:area:read places:post:read places:post:manage places:post:print people:member:read people:member:verify teams:team:read teams:membership:read teams:membership:decide patrols:checkin:read patrols:checkin:settle points:award:read points:budget:read access:grant:read audit:entry:read home:desk:open",
    ),
    (
        "district_office",
        "区平安办",
        "District safety office",
        30,
        "places:area:read places:post:read teams:team:read patrols:checkin:read points:award:read points:budget:read access:grant:read audit:entry:read home:desk:open",
    ),
    (
        "association_admin",
        "联合会管理员",
        "Association admin",
        40,
        "places:area:read places:post:read places:post:manage places:post:print people:member:read people:member:verify teams:team:read teams:membership:read teams:membership:decide patrols:checkin:read patrols:checkin:settle home:desk:open",
    ),
    (
        "grid_worker",
        "网格员",
        "Grid worker",
        50,
        "places:area:read places:post:read people:member:read teams:team:read teams:membership:read patrols:checkin:read home:desk:open",
    ),
    (
        "team_leader",
        "队长",
        "Team leader",
        60,
        "teams:team:read teams:membership:read patrols:checkin:read patrols:checkin:settle home:desk:open",
    ),
    (
        "system_admin",
        "系统管理员",
        "System admin",
        90,
        "places:area:read places:post:read places:post:manage places:post:print people:member:read people:member:verify access:grant:read access:grant:manage teams:team:read teams:membership:read teams:membership:decide patrols:checkin:read patrols:checkin:settle points:award:read points:budget:read audit:entry:read home:desk:open",
    ),
)


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("town_id", ID, nullable=True),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("population", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('district', 'town', 'village', 'grid', 'building')", name=op.f("ck_area_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_area_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("code", name=op.f("uq_area_code")),
        sa.UniqueConstraint("path", name=op.f("uq_area_path")),
    )
    op.create_index(op.f("ix_area_parent_id"), "area", ["parent_id"], unique=False)
    op.create_index(op.f("ix_area_town_id"), "area", ["town_id"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("actor_name", sa.String(length=60), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=40), nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("before_digest", sa.String(length=64), nullable=True),
        sa.Column("after_digest", sa.String(length=64), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index("ix_audit_entry_object", "audit_entry", ["object_type", "object_id", "at"], unique=False)
    op.create_index(op.f("ix_audit_entry_scope_path"), "audit_entry", ["scope_path"], unique=False)
    op.create_table(
        "branch",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch")),
        sa.UniqueConstraint("code", name=op.f("uq_branch_code")),
    )
    op.create_table(
        "checkin_move",
        sa.Column("from_status", sa.String(length=10), nullable=False),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("from_status", "to_status", name=op.f("pk_checkin_move")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor_key", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "lease",
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_lease")),
    )
    op.create_table(
        "membership_move",
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("pk_membership_move")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("dedupe_key", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_dedupe_key")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "role",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.Column("perms", sa.JSON(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_role")),
    )
    op.create_table(
        "budget_slot",
        sa.Column("town_id", ID, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= amount", name=op.f("ck_budget_slot_limit")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_budget_slot_town_id")),
        sa.PrimaryKeyConstraint("town_id", "year", "slot", name=op.f("pk_budget_slot")),
    )
    op.create_table(
        "member",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("phone_cipher", sa.String(length=300), nullable=True),
        sa.Column("phone_hash", sa.String(length=64), nullable=True),
        sa.Column("phone_tail_hash", sa.String(length=64), nullable=True),
        sa.Column("age_band", sa.String(length=5), nullable=False),
        sa.Column("guardian_name", sa.String(length=60), nullable=True),
        sa.Column("guardian_phone_cipher", sa.String(length=300), nullable=True),
        sa.Column("guardian_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("guardian_by", ID, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_reason", sa.String(length=200), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", ID, nullable=True),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("home_area_id", ID, nullable=True),
        sa.Column("home_path", sa.String(length=200), nullable=False),
        sa.Column("town_id", ID, nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "age_band <> '14-17' OR verified_at IS NULL OR guardian_at IS NOT NULL",
            name=op.f("ck_member_minor_guardian"),
        ),
        sa.CheckConstraint("age_band IN ('14-17', '18-59', '60+')", name=op.f("ck_member_age_band")),
        sa.CheckConstraint("status IN ('active', 'suspended', 'merged', 'left')", name=op.f("ck_member_status")),
        sa.CheckConstraint("guardian_by IS NULL OR guardian_by <> id", name=op.f("ck_member_guardian_by_another")),
        sa.CheckConstraint("verified_by IS NULL OR verified_by <> id", name=op.f("ck_member_verified_by_another")),
        sa.ForeignKeyConstraint(["guardian_by"], ["member.id"], name=op.f("fk_member_guardian_by")),
        sa.ForeignKeyConstraint(["home_area_id"], ["area.id"], name=op.f("fk_member_home_area_id")),
        sa.ForeignKeyConstraint(["merged_into"], ["member.id"], name=op.f("fk_member_merged_into")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_member_town_id")),
        sa.ForeignKeyConstraint(["verified_by"], ["member.id"], name=op.f("fk_member_verified_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_home_area_id"), "member", ["home_area_id"], unique=False)
    op.create_index("ix_member_phone_hash", "member", ["phone_hash"], unique=False)
    op.create_index("ix_member_phone_tail_hash", "member", ["phone_tail_hash"], unique=False)
    op.create_index(op.f("ix_member_town_id"), "member", ["town_id"], unique=False)
    op.create_index(
        "uq_member_verified_phone",
        "member",
        ["phone_hash"],
        unique=True,
        sqlite_where=sa.text("verified_at IS NOT NULL AND status <> 'merged'"),
        postgresql_where=sa.text("verified_at IS NOT NULL AND status <> 'merged'"),
    )
    op.create_table(
        "post",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("spot", sa.String(length=80), nullable=False),
        sa.Column("code8", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("open_to", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_why", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('patrol', 'stairwell', 'event', 'shop')", name=op.f("ck_post_kind")),
        sa.CheckConstraint("open_to IN ('volunteers', 'anyone')", name=op.f("ck_post_open_to")),
        sa.CheckConstraint("state IN ('active', 'paused', 'retired')", name=op.f("ck_post_state")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_post_position")),
        sa.CheckConstraint("radius_m BETWEEN 20 AND 2000", name=op.f("ck_post_radius")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_post_area_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_post_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("code8", name=op.f("uq_post_code8")),
        sa.UniqueConstraint("town_id", "number", name="uq_post_number"),
    )
    op.create_index(op.f("ix_post_area_id"), "post", ["area_id"], unique=False)
    op.create_index("ix_post_scope_path", "post", ["scope_path"], unique=False)
    op.create_table(
        "rule",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_rule_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        sa.UniqueConstraint("town_id", "code", name="uq_rule_code"),
    )
    op.create_table(
        "team",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("branch_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("hours", sa.String(length=60), nullable=False),
        sa.Column("colour", sa.String(length=10), nullable=False),
        sa.Column("night", sa.Boolean(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "kind IN ('patrol', 'captains', 'riders', 'school_gate', 'flood_watch', 'mediation', 'publicity')",
            name=op.f("ck_team_kind"),
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_team_state")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_team_branch_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_team_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_index(op.f("ix_team_scope_path"), "team", ["scope_path"], unique=False)
    op.create_index(op.f("ix_team_town_id"), "team", ["town_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_id", ID, nullable=True),
        sa.Column("posted", ID, nullable=False),
        sa.Column("held", ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("(kind = 'resident') = (subject_id IS NOT NULL)", name=op.f("ck_account_subject")),
        sa.CheckConstraint("asset IN ('points', 'minutes')", name=op.f("ck_account_asset")),
        sa.CheckConstraint("kind <> 'resident' OR (held >= 0 AND posted >= held)", name=op.f("ck_account_balance")),
        sa.CheckConstraint(
            "kind IN ('resident', 'issuance', 'budget', 'redeemed', 'expired', 'reversed', 'adjustment')",
            name=op.f("ck_account_kind"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["member.id"], name=op.f("fk_account_subject_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_account_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("town_id", "asset", "id", name="uq_account_ledger"),
    )
    op.create_index(
        "uq_account_resident",
        "account",
        ["town_id", "asset", "subject_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'resident'"),
        postgresql_where=sa.text("kind = 'resident'"),
    )
    op.create_index(
        "uq_account_system",
        "account",
        ["town_id", "asset", "kind"],
        unique=True,
        sqlite_where=sa.text("kind <> 'resident'"),
        postgresql_where=sa.text("kind <> 'resident'"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_id", ID, nullable=True),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("post_id", ID, nullable=True),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("src", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attempt_member_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_attempt_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_at"), "attempt", ["at"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name=op.f("ck_consent_order")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_consent_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_member", "consent", ["member_id", "scope", "version"], unique=False)
    op.create_table(
        "member_area",
        sa.Column("member_id", ID, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_member_area_area_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_area_member_id")),
        sa.PrimaryKeyConstraint("member_id", "area_id", name=op.f("pk_member_area")),
    )
    op.create_index(op.f("ix_member_area_scope_path"), "member_area", ["scope_path"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("building_id", ID, nullable=True),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint("role IN ('member', 'leader', 'deputy')", name=op.f("ck_membership_role")),
        sa.CheckConstraint(
            "state IN ('waiting_guardian', 'applied', 'approved', 'active', 'refused', 'left')",
            name=op.f("ck_membership_state"),
        ),
        sa.ForeignKeyConstraint(["building_id"], ["area.id"], name=op.f("fk_membership_building_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_membership_member_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_membership_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("id", "member_id", name="uq_membership_doer"),
    )
    op.create_index("ix_membership_member", "membership", ["member_id", "state"], unique=False)
    op.create_index("ix_membership_queue", "membership", ["state", "scope_path"], unique=False)
    op.create_index(
        "uq_membership_captain",
        "membership",
        ["building_id"],
        unique=True,
        sqlite_where=sa.text("building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
        postgresql_where=sa.text("building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
    )
    op.create_index(
        "uq_membership_open",
        "membership",
        ["team_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
        postgresql_where=sa.text("state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
    )
    op.create_table(
        "message",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_message_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_inbox", "message", ["member_id", "created_at"], unique=False)
    op.create_table(
        "post_print",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("kid", sa.String(length=1), nullable=False),
        sa.Column("typed_code", sa.String(length=8), nullable=False),
        sa.Column("printed_by", ID, nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_why", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_post_print_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_print")),
        sa.UniqueConstraint("post_id", "generation", name="uq_post_print_generation"),
        sa.UniqueConstraint("typed_code", name=op.f("uq_post_print_typed_code")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("area_id", ID, nullable=True),
        sa.Column("scope_path", sa.String(length=200), nullable=True),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", ID, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint("(area_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_role_grant_one_place")),
        sa.CheckConstraint(
            "granted_by IS NULL OR granted_by <> member_id", name=op.f("ck_role_grant_given_by_another")
        ),
        sa.CheckConstraint("until IS NULL OR until > starts_at", name=op.f("ck_role_grant_order")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_role_grant_area_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["member.id"], name=op.f("fk_role_grant_granted_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_role_grant_member_id")),
        sa.ForeignKeyConstraint(["role"], ["role.code"], name=op.f("fk_role_grant_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(op.f("ix_role_grant_member_id"), "role_grant", ["member_id"], unique=False)
    op.create_index(op.f("ix_role_grant_team_id"), "role_grant", ["team_id"], unique=False)
    op.create_table(
        "rule_usage",
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("period_key", sa.String(length=16), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= cap", name=op.f("ck_rule_usage_cap")),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_usage_rule_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["member.id"], name=op.f("fk_rule_usage_subject_id")),
        sa.PrimaryKeyConstraint("rule_id", "subject_id", "period_key", name=op.f("pk_rule_usage")),
    )
    op.create_table(
        "rule_version",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("min_grade", sa.String(length=1), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("once_per", sa.String(length=4), nullable=False),
        sa.Column("cap_day", sa.Integer(), nullable=True),
        sa.Column("expires_months", sa.Integer(), nullable=False),
        sa.Column("text_zh", sa.String(length=400), nullable=False),
        sa.Column("text_en", sa.String(length=600), nullable=False),
        sa.Column("resolution", sa.String(length=120), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("min_grade IN ('A', 'B', 'C', 'D')", name=op.f("ck_rule_version_min_grade")),
        sa.CheckConstraint("once_per IN ('', 'hour', 'day')", name=op.f("ck_rule_version_once_per")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_rule_version_amount_positive")),
        sa.CheckConstraint("cap_day IS NULL OR cap_day >= amount", name=op.f("ck_rule_version_cap_day")),
        sa.CheckConstraint("effective_on >= published_on", name=op.f("ck_rule_version_published_first")),
        sa.CheckConstraint("expires_months BETWEEN 1 AND 120", name=op.f("ck_rule_version_expires_months")),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name=op.f("fk_rule_version_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("rule_id", "version", name="uq_rule_version"),
    )
    op.create_index("ix_rule_version_trigger", "rule_version", ["trigger", "effective_on"], unique=False)
    op.create_table(
        "team_area",
        sa.Column("team_id", ID, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_team_area_area_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_area_team_id")),
        sa.PrimaryKeyConstraint("team_id", "area_id", name=op.f("pk_team_area")),
    )
    op.create_index(op.f("ix_team_area_scope_path"), "team_area", ["scope_path"], unique=False)
    op.create_table(
        "checkin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("print_id", ID, nullable=True),
        sa.Column("team_id", ID, nullable=True),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lo", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hi", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("band", sa.String(length=10), nullable=False),
        sa.Column("far_m", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("first_status", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("notes", sa.String(length=120), nullable=False),
        sa.Column("src", sa.String(length=8), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.CheckConstraint("band IN ('near', 'compatible', 'coarse', 'far', 'none')", name=op.f("ck_checkin_band")),
        sa.CheckConstraint("first_status IN ('accepted', 'flagged')", name=op.f("ck_checkin_first_status")),
        sa.CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name=op.f("ck_checkin_grade")),
        sa.CheckConstraint("kind IN ('in', 'pass', 'out')", name=op.f("ck_checkin_kind")),
        sa.CheckConstraint("src IN ('poster', 'typed')", name=op.f("ck_checkin_src")),
        sa.CheckConstraint("status IN ('accepted', 'flagged', 'rejected')", name=op.f("ck_checkin_status")),
        sa.CheckConstraint("far_m IS NULL OR far_m % 100 = 0", name=op.f("ck_checkin_far_rounded")),
        sa.CheckConstraint("lo <= used_at AND used_at <= hi", name=op.f("ck_checkin_interval")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_checkin_member_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_checkin_post_id")),
        sa.ForeignKeyConstraint(["print_id"], ["post_print.id"], name=op.f("fk_checkin_print_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_checkin_team_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_checkin_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin")),
        sa.UniqueConstraint("id", "member_id", name="uq_checkin_doer"),
    )
    op.create_index("ix_checkin_day", "checkin", ["scope_path", "used_at"], unique=False)
    op.create_index("ix_checkin_device", "checkin", ["device", "used_at"], unique=False)
    op.create_index("ix_checkin_member", "checkin", ["member_id", "used_at"], unique=False)
    op.create_index("ix_checkin_post", "checkin", ["post_id", "used_at"], unique=False)
    op.create_index("ix_checkin_queue", "checkin", ["status", "scope_path"], unique=False)
    op.create_table(
        "membership_event",
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
            name=op.f("ck_membership_event_guardian_by_another"),
        ),
        sa.CheckConstraint("to_state <> 'refused' OR reason <> ''", name=op.f("ck_membership_event_refusal_reason")),
        sa.CheckConstraint(
            "to_state NOT IN ('approved', 'refused') OR (by_id IS NOT NULL AND by_id <> member_id)",
            name=op.f("ck_membership_event_decided_by_another"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_membership_event_by_id")),
        sa.ForeignKeyConstraint(
            ["from_state", "to_state"],
            ["membership_move.from_state", "membership_move.to_state"],
            name="fk_membership_event_move",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "member_id"], ["membership.id", "membership.member_id"], name="fk_membership_event_doer"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_event")),
    )
    op.create_index("ix_membership_event_membership", "membership_event", ["membership_id", "at"], unique=False)
    op.create_table(
        "txn",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("dedupe_key", sa.String(length=140), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version_id", ID, nullable=True),
        sa.Column("evidence_ref", sa.String(length=60), nullable=False),
        sa.Column("subject_id", ID, nullable=True),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("approver_id", ID, nullable=True),
        sa.Column("reverses_txn_id", ID, nullable=True),
        sa.Column("reason_code", sa.String(length=30), nullable=False),
        sa.Column("explain", sa.JSON(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.CheckConstraint(
            "kind IN ('award', 'redeem', 'expire', 'reverse', 'adjust', 'donate')", name=op.f("ck_txn_kind")
        ),
        sa.CheckConstraint("approver_id IS NULL OR approver_id <> subject_id", name=op.f("ck_txn_approved_by_another")),
        sa.CheckConstraint("kind <> 'award' OR subject_id IS NOT NULL", name=op.f("ck_txn_award_subject")),
        sa.ForeignKeyConstraint(["approver_id"], ["member.id"], name=op.f("fk_txn_approver_id")),
        sa.ForeignKeyConstraint(["reverses_txn_id"], ["txn.id"], name=op.f("fk_txn_reverses_txn_id")),
        sa.ForeignKeyConstraint(["rule_version_id"], ["rule_version.id"], name=op.f("fk_txn_rule_version_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["member.id"], name=op.f("fk_txn_subject_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_txn_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_txn")),
        sa.UniqueConstraint("town_id", "dedupe_key", name="uq_txn_dedupe"),
        sa.UniqueConstraint("town_id", "id", name="uq_txn_town"),
    )
    op.create_index("ix_txn_evidence", "txn", ["evidence_ref"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("rule_version_id", ID, nullable=False),
        sa.Column("dedupe_key", sa.String(length=140), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("evidence_ref", sa.String(length=60), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("explain", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason_code", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("txn_id", ID, nullable=True),
        sa.CheckConstraint("(state = 'posted') = (txn_id IS NOT NULL)", name=op.f("ck_award_posted")),
        sa.CheckConstraint(
            "reason_code IN ('budget', 'flagged', 'unverified', 'review')", name=op.f("ck_award_reason")
        ),
        sa.CheckConstraint("state IN ('held', 'posted', 'refused')", name=op.f("ck_award_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_award_amount")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> subject_id", name=op.f("ck_award_decided_by_another")),
        sa.ForeignKeyConstraint(["decided_by"], ["member.id"], name=op.f("fk_award_decided_by")),
        sa.ForeignKeyConstraint(["rule_version_id"], ["rule_version.id"], name=op.f("fk_award_rule_version_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["member.id"], name=op.f("fk_award_subject_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_award_town_id")),
        sa.ForeignKeyConstraint(["txn_id"], ["txn.id"], name=op.f("fk_award_txn_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("town_id", "dedupe_key", name="uq_award_dedupe"),
    )
    op.create_index("ix_award_evidence", "award", ["evidence_ref"], unique=False)
    op.create_index("ix_award_queue", "award", ["town_id", "state", "reason_code"], unique=False)
    op.create_index("ix_award_subject", "award", ["subject_id", "state"], unique=False)
    op.create_table(
        "checkin_event",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("checkin_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=False),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "from_status = 'new' OR by_id IS NULL OR by_id <> member_id",
            name=op.f("ck_checkin_event_settled_by_another"),
        ),
        sa.CheckConstraint("from_status = 'new' OR reason <> ''", name=op.f("ck_checkin_event_settled_reason")),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_checkin_event_by_id")),
        sa.ForeignKeyConstraint(
            ["checkin_id", "member_id"], ["checkin.id", "checkin.member_id"], name="fk_checkin_event_doer"
        ),
        sa.ForeignKeyConstraint(
            ["from_status", "to_status"],
            ["checkin_move.from_status", "checkin_move.to_status"],
            name="fk_checkin_event_move",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_event")),
        sa.UniqueConstraint("checkin_id", "from_status", name="uq_checkin_event_move"),
    )
    op.create_table(
        "transfer",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("txn_id", ID, nullable=False),
        sa.Column("debit_account_id", ID, nullable=False),
        sa.Column("credit_account_id", ID, nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfer_two_sides")),
        sa.ForeignKeyConstraint(
            ["town_id", "asset", "credit_account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_transfer_credit",
        ),
        sa.ForeignKeyConstraint(
            ["town_id", "asset", "debit_account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_transfer_debit",
        ),
        sa.ForeignKeyConstraint(["town_id", "txn_id"], ["txn.town_id", "txn.id"], name="fk_transfer_txn"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index("ix_transfer_credit", "transfer", ["credit_account_id"], unique=False)
    op.create_index("ix_transfer_debit", "transfer", ["debit_account_id"], unique=False)
    op.create_index("ix_transfer_txn", "transfer", ["txn_id"], unique=False)
    op.create_table(
        "unsealed",
        sa.Column("txn_id", ID, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_unsealed_town_id")),
        sa.ForeignKeyConstraint(["txn_id"], ["txn.id"], name=op.f("fk_unsealed_txn_id")),
        sa.PrimaryKeyConstraint("txn_id", name=op.f("pk_unsealed")),
    )
    op.create_index(op.f("ix_unsealed_town_id"), "unsealed", ["town_id"], unique=False)
    op.create_table(
        "entry",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", ID, nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("balance_after", ID, nullable=False),
        sa.CheckConstraint("balance_after >= 0", name=op.f("ck_entry_balance_after")),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_entry_delta")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_entry_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_entry_transfer_id")),
        sa.PrimaryKeyConstraint("account_id", "seq", name=op.f("pk_entry")),
        sa.UniqueConstraint("transfer_id", "account_id", name="uq_entry_transfer"),
    )
    op.create_table(
        "lot",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("transfer_id", ID, nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.CheckConstraint("0 <= held AND held <= remaining AND remaining <= granted", name=op.f("ck_lot_amounts")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_lot_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_lot_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_lot_transfer_id")),
    )
    op.create_index(
        "ix_lot_spend",
        "lot",
        ["account_id", "expires_on", "id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    _fixed_rows()
    _triggers()


def _fixed_rows() -> None:
    text = sa.String
    moves = sa.table("membership_move", sa.column("from_state", text), sa.column("to_state", text))
    op.bulk_insert(moves, [{"from_state": old, "to_state": new} for old, new in MEMBERSHIP_MOVES])
    moves = sa.table("checkin_move", sa.column("from_status", text), sa.column("to_status", text))
    op.bulk_insert(moves, [{"from_status": old, "to_status": new} for old, new in CHECKIN_MOVES])
    roles = sa.table(
        "role",
        sa.column("code", text),
        sa.column("name", text),
        sa.column("name_en", text),
        sa.column("sort", sa.Integer),
        sa.column("perms", sa.JSON),
    )
    op.bulk_insert(
        roles,
        [
            {"code": code, "name": name, "name_en": english, "sort": sort, "perms": perms.split()}
            for code, name, english, sort, perms in ROLES
        ],
    )


def _triggers() -> None:
    dialect = op.get_bind().dialect.name
    made = [triggers.triggers(dialect, table, whole=True) for table in APPEND_ONLY]
    made += [triggers.triggers(dialect, table, frozen=columns) for table, columns in FROZEN.items()]
    made += [triggers.triggers(dialect, table, moves=moves) for table, moves in MOVES.items()]
    functions = triggers.POSTGRES_FUNCTIONS if dialect == "postgresql" else ()
    for statement in (*functions, *(one for statements in made for one in statements.values())):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(
        "ix_lot_spend",
        table_name="lot",
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.drop_table("lot")
    op.drop_table("entry")
    op.drop_index(op.f("ix_unsealed_town_id"), table_name="unsealed")
    op.drop_table("unsealed")
    op.drop_index("ix_transfer_txn", table_name="transfer")
    op.drop_index("ix_transfer_debit", table_name="transfer")
    op.drop_index("ix_transfer_credit", table_name="transfer")
    op.drop_table("transfer")
    op.drop_table("checkin_event")
    op.drop_index("ix_award_subject", table_name="award")
    op.drop_index("ix_award_queue", table_name="award")
    op.drop_index("ix_award_evidence", table_name="award")
    op.drop_table("award")
    op.drop_index("ix_txn_evidence", table_name="txn")
    op.drop_table("txn")
    op.drop_index("ix_membership_event_membership", table_name="membership_event")
    op.drop_table("membership_event")
    op.drop_index("ix_checkin_queue", table_name="checkin")
    op.drop_index("ix_checkin_post", table_name="checkin")
    op.drop_index("ix_checkin_member", table_name="checkin")
    op.drop_index("ix_checkin_device", table_name="checkin")
    op.drop_index("ix_checkin_day", table_name="checkin")
    op.drop_table("checkin")
    op.drop_index(op.f("ix_team_area_scope_path"), table_name="team_area")
    op.drop_table("team_area")
    op.drop_index("ix_rule_version_trigger", table_name="rule_version")
    op.drop_table("rule_version")
    op.drop_table("rule_usage")
    op.drop_index(op.f("ix_role_grant_team_id"), table_name="role_grant")
    op.drop_index(op.f("ix_role_grant_member_id"), table_name="role_grant")
    op.drop_table("role_grant")
    op.drop_table("post_print")
    op.drop_index("ix_message_inbox", table_name="message")
    op.drop_table("message")
    op.drop_index(
        "uq_membership_open",
        table_name="membership",
        sqlite_where=sa.text("state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
        postgresql_where=sa.text("state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
    )
    op.drop_index(
        "uq_membership_captain",
        table_name="membership",
        sqlite_where=sa.text("building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
        postgresql_where=sa.text("building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
    )
    op.drop_index("ix_membership_queue", table_name="membership")
    op.drop_index("ix_membership_member", table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_member_area_scope_path"), table_name="member_area")
    op.drop_table("member_area")
    op.drop_index("ix_consent_member", table_name="consent")
    op.drop_table("consent")
    op.drop_index(op.f("ix_attempt_at"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index(
        "uq_account_system",
        table_name="account",
        sqlite_where=sa.text("kind <> 'resident'"),
        postgresql_where=sa.text("kind <> 'resident'"),
    )
    op.drop_index(
        "uq_account_resident",
        table_name="account",
        sqlite_where=sa.text("kind = 'resident'"),
        postgresql_where=sa.text("kind = 'resident'"),
    )
    op.drop_table("account")
    op.drop_index(op.f("ix_team_town_id"), table_name="team")
    op.drop_index(op.f("ix_team_scope_path"), table_name="team")
    op.drop_table("team")
    op.drop_table("rule")
    op.drop_index("ix_post_scope_path", table_name="post")
    op.drop_index(op.f("ix_post_area_id"), table_name="post")
    op.drop_table("post")
    op.drop_index(
        "uq_member_verified_phone",
        table_name="member",
        sqlite_where=sa.text("verified_at IS NOT NULL AND status <> 'merged'"),
        postgresql_where=sa.text("verified_at IS NOT NULL AND status <> 'merged'"),
    )
    op.drop_index(op.f("ix_member_town_id"), table_name="member")
    op.drop_index("ix_member_phone_tail_hash", table_name="member")
    op.drop_index("ix_member_phone_hash", table_name="member")
    op.drop_index(op.f("ix_member_home_area_id"), table_name="member")
    op.drop_table("member")
    op.drop_table("budget_slot")
    op.drop_table("role")
    op.drop_index(
        "ix_outbox_due",
        table_name="outbox",
        sqlite_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_table("membership_move")
    op.drop_table("lease")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("checkin_move")
    op.drop_table("branch")
    op.drop_index(op.f("ix_audit_entry_scope_path"), table_name="audit_entry")
    op.drop_index("ix_audit_entry_object", table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor_id"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(op.f("ix_area_town_id"), table_name="area")
    op.drop_index(op.f("ix_area_parent_id"), table_name="area")
    op.drop_table("area")
    if op.get_bind().dialect.name == "postgresql":
        for statement in triggers.POSTGRES_DROP_FUNCTIONS:
            op.execute(statement)
