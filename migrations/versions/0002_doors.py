"""Doors and desks: units, imports, pictures, cards, sign-in codes, privacy requests, announcements, ends of grants."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from community.core.db import triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FROZEN = {
    "upload": ("id", "purpose", "name", "digest", "width", "height", "bytes", "uploaded_by", "created_at"),
    "member_card": ("id", "member_id", "number", "kid", "issued_by", "issued_at"),
    "sign_in_code": ("id", "member_id", "how", "made_by", "created_at", "expires_at"),
    "privacy_request": ("id", "member_id", "kind", "asked_at", "due_at"),
}
# Frozen since this revision too.
CHECKIN_BEFORE = (
    "id", "member_id", "post_id", "print_id", "team_id", "town_id", "kind", "used_at", "lo", "hi",
    "claimed_at", "received_at", "band", "far_m", "grade", "first_status", "code", "notes", "src", "device",
)  # fmt: skip
CHECKIN_NOW = (*CHECKIN_BEFORE, "proxy_id")
CONSENT = ("id", "member_id", "scope", "version", "text_digest", "given_at")
# What may be deleted when this no longer holds.
KEPT_WHILE = {"consent": "OLD.withdrawn_at IS NULL", "sign_in_code": "OLD.code_hash <> ''"}
# Nobody checks herself in by a card.
OWN_PROXY = ("own_proxy", "NEW.proxy_id = NEW.member_id")
# Role → rights that it gets.
DESK = (
    "places:post:install people:member:merge people:phone:reveal people:code:make people:card:issue "
    "messages:announcement:manage"
)
ADDED = {
    "village_admin": f"places:area:manage access:grant:read access:grant:manage patrols:card:use {DESK}",
    "town_admin": f"places:area:manage access:grant:manage audit:entry:export patrols:card:use {DESK}",
    "district_office": "audit:entry:export messages:announcement:manage",
    "association_admin": f"patrols:card:use {DESK}",
    "grid_worker": "places:post:install people:code:make people:card:issue patrols:card:use",
    "team_leader": "places:post:install patrols:card:use",
    "system_admin": f"places:area:manage audit:entry:export patrols:card:use {DESK}",
}
# Read with every Actor; almost nobody has one.
MERGED = {
    "sqlite_where": sa.text("merged_into IS NOT NULL"),
    "postgresql_where": sa.text("merged_into IS NOT NULL"),
}
ROLE = sa.table("role", sa.column("code", sa.String), sa.column("perms", sa.JSON))
# Undone within ten seconds of the decision.
MOVE = sa.table("membership_move", sa.column("from_state", sa.String), sa.column("to_state", sa.String))
MOVES_BACK = (("approved", "applied"), ("active", "applied"), ("refused", "applied"))


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_upload_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("name", name=op.f("uq_upload_name")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=True),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('areas', 'buildings', 'units', 'posts')", name=op.f("ck_import_run_kind")),
        sa.CheckConstraint(
            "state IN ('checked', 'queued', 'running', 'done', 'failed', 'dropped')", name=op.f("ck_import_run_state")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_import_run_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_scope_path"), "import_run", ["scope_path"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("building_id", ID, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("area_m2", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("address_code", sa.String(length=40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("area_m2 IS NULL OR area_m2 > 0", name=op.f("ck_unit_area_m2")),
        sa.ForeignKeyConstraint(["building_id"], ["area.id"], name=op.f("fk_unit_building_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_unit_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("address_code", name=op.f("uq_unit_address_code")),
        sa.UniqueConstraint("building_id", "label", name="uq_unit_label"),
    )
    op.create_index(op.f("ix_unit_scope_path"), "unit", ["scope_path"], unique=False)
    op.create_table(
        "announcement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("town_id", ID, nullable=True),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("important", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", ID, nullable=True),
        sa.Column("withdrawn_why", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "audience IN ('everyone', 'members', 'volunteers', 'leaders')", name=op.f("ck_announcement_audience")
        ),
        sa.CheckConstraint("until IS NULL OR until > starts_at", name=op.f("ck_announcement_order")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_announcement_area_id")),
        sa.ForeignKeyConstraint(["created_by"], ["member.id"], name=op.f("fk_announcement_created_by")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_announcement_town_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["member.id"], name=op.f("fk_announcement_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index("ix_announcement_shown", "announcement", ["scope_path", "starts_at"], unique=False)
    op.create_table(
        "member_card",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("kid", sa.String(length=1), nullable=False),
        sa.Column("issued_by", ID, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(length=200), nullable=True),
        sa.CheckConstraint("issued_by <> member_id", name=op.f("ck_member_card_issued_by_another")),
        sa.ForeignKeyConstraint(["issued_by"], ["member.id"], name=op.f("fk_member_card_issued_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_card_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_card")),
        sa.UniqueConstraint("number", name=op.f("uq_member_card_number")),
    )
    op.create_index(op.f("ix_member_card_member_id"), "member_card", ["member_id"], unique=False)
    op.create_table(
        "privacy_request",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('export', 'erase')", name=op.f("ck_privacy_request_kind")),
        sa.CheckConstraint("state IN ('asked', 'done', 'withdrawn')", name=op.f("ck_privacy_request_state")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_privacy_request_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_request")),
    )
    op.create_index(op.f("ix_privacy_request_member_id"), "privacy_request", ["member_id"], unique=False)
    op.create_table(
        "sign_in_code",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("made_by", ID, nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("how IN ('printed', 'read_out', 'sms')", name=op.f("ck_sign_in_code_how")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_sign_in_code_order")),
        sa.CheckConstraint("made_by IS NULL OR made_by <> member_id", name=op.f("ck_sign_in_code_made_by_another")),
        sa.ForeignKeyConstraint(["made_by"], ["member.id"], name=op.f("fk_sign_in_code_made_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_sign_in_code_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_code")),
    )
    op.create_index(op.f("ix_sign_in_code_member_id"), "sign_in_code", ["member_id"], unique=False)
    op.create_table(
        "door_wait",
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_door_wait")),
    )
    op.create_index("ix_door_wait_last_at", "door_wait", ["last_at"], unique=False)
    op.create_table(
        "announcement_read",
        sa.Column("announcement_id", ID, nullable=False),
        sa.Column("member_id", ID, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name=op.f("fk_announcement_read_announcement_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_announcement_read_member_id")),
        sa.PrimaryKeyConstraint("announcement_id", "member_id", name=op.f("pk_announcement_read")),
    )
    op.create_table(
        "fake_sign_report",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.String(length=200), nullable=False),
        sa.Column("post_id", ID, nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", ID, nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR (outcome IN ('removed', 'ours', 'nothing'))", name=op.f("ck_fake_sign_report_outcome")
        ),
        sa.CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name=op.f("ck_fake_sign_report_settled")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_fake_sign_report_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fake_sign_report")),
    )
    op.create_index(op.f("ix_fake_sign_report_reported_at"), "fake_sign_report", ["reported_at"], unique=False)
    op.add_column("area", sa.Column("phone", sa.String(length=30), nullable=True))
    op.add_column("area", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    _add_reference("checkin", "proxy_id", ID, "member")
    op.add_column("member", sa.Column("language", sa.String(length=5), nullable=True))
    op.add_column("member", sa.Column("text_size", sa.String(length=6), nullable=True))
    op.add_column("member", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_member_merged_into", "member", ["merged_into"], unique=False, **MERGED)
    op.add_column("post_print", sa.Column("installed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("post_print", sa.Column("installed_by", ID, nullable=True))
    _add_reference("post_print", "installed_photo", sa.Uuid(), "upload")
    _add_reference("role_grant", "ended_by", ID, "member")
    op.add_column("role_grant", sa.Column("end_reason", sa.String(length=200), nullable=True))
    _freeze("checkin", CHECKIN_NOW, may_empty=("device",))
    _freeze("consent", CONSENT, kept_while=KEPT_WHILE["consent"])
    _triggers()
    for statement in triggers.triggers(op.get_bind().dialect.name, "checkin", never=OWN_PROXY).values():
        op.execute(statement)
    op.bulk_insert(MOVE, [{"from_state": old, "to_state": new} for old, new in MOVES_BACK])
    _change_rights(lambda held, more: [*held, *(right for right in more if right not in held)])


def _change_rights(change: Callable[[list[str], list[str]], list[str]]) -> None:
    bind = op.get_bind()
    for code, rights in ADDED.items():
        held = bind.execute(sa.select(ROLE.c.perms).where(ROLE.c.code == code)).scalar_one_or_none()
        if held is not None:
            new = change(held, rights.split())
            bind.execute(sa.update(ROLE).where(ROLE.c.code == code).values(perms=new))


def _add_reference(table: str, column: str, kind: sa.types.TypeEngine[object], target: str) -> None:
    """Add a column with its named foreign key in one statement: SQLite takes no constraint afterwards."""
    written = kind.compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {written} CONSTRAINT fk_{table}_{column} REFERENCES {target} (id)"
    )


def _triggers() -> None:
    dialect = op.get_bind().dialect.name
    for table, columns in FROZEN.items():
        for statement in triggers.triggers(
            dialect, table, frozen=columns, kept_while=KEPT_WHILE.get(table, "")
        ).values():
            op.execute(statement)


def _freeze(table: str, columns: tuple[str, ...], *, may_empty: tuple[str, ...] = (), kept_while: str = "") -> None:
    """Write the triggers of a table of the first revision anew."""
    dialect = op.get_bind().dialect.name
    made = triggers.triggers(dialect, table, frozen=columns, may_empty=may_empty, kept_while=kept_while)
    for name, statement in made.items():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if dialect == "postgresql" else ""))
        op.execute(statement)


def downgrade() -> None:
    on_checkin = " ON checkin" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER trg_checkin_never_own_proxy{on_checkin}")
    _change_rights(lambda held, more: [right for right in held if right not in more])
    for old, new in MOVES_BACK:
        op.execute(sa.delete(MOVE).where(MOVE.c.from_state == old, MOVE.c.to_state == new))
    _freeze("checkin", CHECKIN_BEFORE)
    _freeze("consent", CONSENT)
    op.drop_column("role_grant", "end_reason")
    op.drop_column("role_grant", "ended_by")
    op.drop_column("post_print", "installed_photo")
    op.drop_column("post_print", "installed_by")
    op.drop_column("post_print", "installed_at")
    op.drop_index("ix_member_merged_into", table_name="member", **MERGED)
    op.drop_column("member", "erased_at")
    op.drop_column("member", "text_size")
    op.drop_column("member", "language")
    op.drop_column("checkin", "proxy_id")
    op.drop_column("area", "closed_at")
    op.drop_column("area", "phone")
    op.drop_index(op.f("ix_fake_sign_report_reported_at"), table_name="fake_sign_report")
    op.drop_table("fake_sign_report")
    op.drop_table("announcement_read")
    op.drop_index("ix_door_wait_last_at", table_name="door_wait")
    op.drop_table("door_wait")
    op.drop_index(op.f("ix_sign_in_code_member_id"), table_name="sign_in_code")
    op.drop_table("sign_in_code")
    op.drop_index(op.f("ix_privacy_request_member_id"), table_name="privacy_request")
    op.drop_table("privacy_request")
    op.drop_index(op.f("ix_member_card_member_id"), table_name="member_card")
    op.drop_table("member_card")
    op.drop_index("ix_announcement_shown", table_name="announcement")
    op.drop_table("announcement")
    op.drop_index(op.f("ix_unit_scope_path"), table_name="unit")
    op.drop_table("unit")
    op.drop_index(op.f("ix_import_run_scope_path"), table_name="import_run")
    op.drop_table("import_run")
    op.drop_table("upload")
