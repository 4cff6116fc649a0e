"""The rest of the ledger's guards: what its triggers do not refuse by now is found."""

import hashlib

import sqlalchemy as sa
from alembic import op

from community.core import clock
from community.core.db import matching, replacing, stages, triggers
from community.core.ids import new_id

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OWN_RULE = (
    "SELECT 1 FROM rule_version v JOIN rule r ON r.id = v.rule_id "
    "WHERE v.id = NEW.rule_version_id AND r.town_id = NEW.town_id"
)
SETTINGS = ("four_eyes_from", "appeal_days", "pick_up_days")
PRICED = ("kind", "name_zh", "points", "fen", "per_month", "until_on", "pick_up", "state")
TERMS = sa.table("town_terms", sa.column("town_id"), *(sa.column(name) for name in SETTINGS))
REWARD = sa.table(
    "reward_item", sa.column("id", sa.Uuid), sa.column("town_id"), sa.column("until_on", sa.Date),
    *(sa.column(name) for name in PRICED if name != "until_on"),
)  # fmt: skip
APPEAL = sa.table(
    "appeal", sa.column("id", sa.Uuid), sa.column("town_id"), sa.column("state"), sa.column("decided_by"),
    sa.column("answer"),
)  # fmt: skip
OBJECTION = sa.table(
    "rule_objection", sa.column("id"), sa.column("rule_set_id", sa.Uuid), sa.column("answered_by"),
    sa.column("answer"),
)  # fmt: skip
AWARD = sa.table(
    "award", sa.column("id"), sa.column("town_id"), sa.column("state"), sa.column("reason_code"),
    sa.column("decided_by"), sa.column("decision"), sa.column("not_before"),
)  # fmt: skip
SET = sa.table("rule_set", sa.column("id", sa.Uuid), sa.column("town_id"))
NOTE = sa.table(
    "ledger_note", sa.column("id", ID), sa.column("town_id", ID), sa.column("ref", sa.String),
    sa.column("seq", sa.Integer), sa.column("said", sa.JSON), sa.column("by_id", ID),
    sa.column("at", sa.DateTime(timezone=True)), sa.column("kid", sa.String),
)  # fmt: skip
# Table → its keys that an update may change, with their conditions; of every guarded table that takes updates.
MOVING: dict[str, tuple[replacing.Key, ...]] = {
    "appeal": (),
    "award": (),
    "board_name": ((("town_id", "alias_key"), ""),),
    "checkin": (),
    "consent": (),
    "document": (),
    "family_pot": (),
    "lot": (),
    "mandate": ((("principal_id", "helper_id"), "state = 'in_force'"),),
    "mandate_request": (),
    "member": ((("phone_hash",), "verified_at IS NOT NULL AND status <> 'merged'"),),
    "member_card": (),
    "membership": (
        (("building_id",), "building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
        (("team_id", "member_id"), "state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
    ),
    "period_close": (),
    "points_case": ((("txn_id",), "state = 'open' AND txn_id IS NOT NULL"),),
    "post_print": (),
    "pot_invite": (),
    "pot_seat": ((("town_id", "member_id"), "state = 'in'"),),
    "privacy_request": (),
    "reward_item": (),
    "reward_order": ((("town_id", "code"), "state = 'reserved'"), (("txn_id",), "")),
    "role_grant": (),
    "rule": (),
    "rule_draft": ((("rule_set_id", "code"), ""),),
    "rule_objection": (),
    "rule_set": (),
    "rule_version": (),
    "sign_in_code": (),
    "statement_leaf": (),
    "supplier": ((("town_id", "name"), ""),),
    "txn": (),
    "upload": (),
}
# Guarded as well from now on: all their keys.
ALSO_KEPT: dict[str, tuple[tuple[replacing.Key, ...], bool]] = {
    "ledger_note": (((("id",), ""), (("town_id", "ref", "seq"), "")), False),
    "member": (((("id",), ""), (("phone_hash",), "verified_at IS NOT NULL AND status <> 'merged'")), False),
    "rule_draft": (((("id",), ""), (("rule_set_id", "code"), "")), False),
}
SAID = (
    "title", "draft_digest", "simulated_digest", "simulation", "simulated_at", "resolution_no", "resolution_body",
    "resolution_on", "resolution_upload_id", "resolution_document_id", "published_by", "published_on",
)  # fmt: skip
LAST = ("in_force", "withdrawn")
STEPS = (("draft", "published"), ("draft", "withdrawn"), ("published", "in_force"), ("published", "withdrawn"))


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("ledger_check", sa.Column("kid", sa.String(length=1), nullable=True))
    op.add_column("ledger_check", sa.Column("mac", sa.LargeBinary(length=32), nullable=True))
    op.add_column("appeal", sa.Column("raised_until", sa.Date(), nullable=True))
    op.create_table(
        "ledger_note",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("town_id", ID, nullable=False),
        sa.Column("ref", sa.String(length=60), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kid", sa.String(length=1), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint("seq >= 0 AND ((seq = 0) = (mac IS NULL))", name=op.f("ck_ledger_note_marked")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_ledger_note_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_note")),
        sa.UniqueConstraint("town_id", "ref", "seq", name="uq_ledger_note_seq"),
    )
    _note_what_is_there()
    for function in matching.POSTGRES_FUNCTIONS if dialect == "postgresql" else ():
        op.execute(function)
    _drop("rule_set", stages.said(dialect, "rule_set", "state", "draft", SAID, LAST))
    for made in (*_stages(dialect).values(), *_replaced(dialect).values()):
        for statement in made.values():
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table, made in (_stages(dialect) | _replaced(dialect)).items():
        _drop(table.partition("/")[0], made)
    for statement in stages.said(dialect, "rule_set", "state", "draft", SAID, LAST).values():
        op.execute(statement)
    op.drop_table("ledger_note")
    op.drop_column("appeal", "raised_until")
    op.drop_column("ledger_check", "mac")
    op.drop_column("ledger_check", "kid")


def _note_what_is_there() -> None:
    """Note how everything stands that is noted from now on; nobody can mark these first notes, nor add one later."""
    bind, now = op.get_bind(), clock.now()
    found = [
        (row.town_id, "terms", {name: getattr(row, name) for name in SETTINGS})
        for row in bind.execute(sa.select(TERMS))
    ]
    for row in bind.execute(sa.select(REWARD)):
        said = {name: getattr(row, name) for name in PRICED}
        found.append((row.town_id, f"reward:{row.id}", said | {"until_on": row.until_on and row.until_on.isoformat()}))
    ended = sa.or_(APPEAL.c.state != "open", APPEAL.c.decided_by.is_not(None))
    for row in bind.execute(sa.select(APPEAL).where(ended)):
        said = {"state": row.state, "by": row.decided_by, "answer": _digest(row.answer)}
        found.append((row.town_id, f"appeal:{row.id}", said))
    answered = sa.select(OBJECTION, SET.c.town_id).join(SET, SET.c.id == OBJECTION.c.rule_set_id)
    for row in bind.execute(answered.where(OBJECTION.c.answered_by.is_not(None))):
        said = {"by": row.answered_by, "answer": _digest(row.answer)}
        found.append((row.town_id, f"objection:{row.id}", said))
    # What was decided on awards that wait is carried out from notes.
    decided = sa.or_(*(AWARD.c[name].is_not(None) for name in ("decided_by", "decision", "not_before")))
    for row in bind.execute(sa.select(AWARD).where(AWARD.c.state == "held", decided)):
        said = {"state": row.state, "reason": row.reason_code, "by": row.decided_by}
        said |= {"decision": _digest(row.decision or "")} | ({"due": True} if row.not_before else {})
        found.append((row.town_id, f"award:{row.id}", said))
    notes = [
        {"id": new_id(), "town_id": town_id, "ref": ref, "seq": 0, "said": said, "by_id": 0, "at": now, "kid": ""}
        for town_id, ref, said in found
    ]
    if notes:
        op.bulk_insert(NOTE, notes)


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest() if words else ""


def _stages(dialect: str) -> dict[str, dict[str, str]]:
    """Return the guards of what is said in stages, by table."""
    return {
        "rule_set": stages.said(
            dialect, "rule_set", "state", "draft", SAID, LAST, grows=("effective_on",), steps=STEPS
        )
        | triggers.triggers(dialect, "rule_set", never=("begun_later", "NEW.state <> 'draft'")),
        "ledger_note": triggers.triggers(
            dialect, "ledger_note", whole=True, never=("first_note_late", "NEW.seq = 0")
        ),
        "ledger_check": triggers.triggers(dialect, "ledger_check", never=("unmarked", "NEW.mac IS NULL")),
        **{
            table: matching.triggers(dialect, table, "other_towns_rule", "rule_version_id", OWN_RULE)
            for table in ("award", "points_case")
        },
        "rule_objection": stages.said(
            dialect, "rule_objection", "answer", "", ("answer", "answered_by", "answered_at"), (),
            may_blank=("answer",),
        ),
    }  # fmt: skip


def _replaced(dialect: str) -> dict[str, dict[str, str]]:
    """Return the guards against OR REPLACE, by table and which of its keys; SQLite's alone."""
    if dialect != "sqlite":
        return {}
    made = {f"{name}/moving": replacing.moving(name, keys) for name, keys in MOVING.items()}
    kept = {f"{name}/all": replacing.triggers(name, keys, numbered=has) for name, (keys, has) in ALSO_KEPT.items()}
    return made | kept


def _drop(table: str, made: dict[str, str]) -> None:
    on = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    for name in made:
        op.execute(f"DROP TRIGGER {name}{on}")
