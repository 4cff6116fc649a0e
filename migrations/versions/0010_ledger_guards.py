"""Guards of the ledger: what a database's owner could change unseen is refused or found."""

import sqlalchemy as sa
from alembic import op

from community.core.db import replacing, stages, triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Table → its unique keys with their conditions, and whether its rows have hidden numbers.
KEPT: dict[str, tuple[tuple[replacing.Key, ...], bool]] = {
    "anomaly_look": (((("id",), ""),), False),
    "appeal": (((("id",), ""), (("member_id", "subject_ref"), "")), True),
    "audit_entry": (((("id",), ""),), False),
    "award": (((("id",), ""), (("town_id", "dedupe_key"), "")), False),
    "award_vote": (((("award_id", "seq"), ""),), True),
    "board_name": (((("town_id", "member_id"), ""), (("town_id", "alias_key"), "")), True),
    "budget_move": (((("id",), ""),), False),
    "case_vote": (((("case_id", "seq"), ""),), True),
    "checkin": (((("id",), ""),), True),
    "checkin_event": (((("id",), ""), (("checkin_id", "seq"), "")), False),
    "consent": (((("id",), ""),), False),
    "document": (((("id",), ""), (("name",), "")), True),
    "entry": (((("account_id", "seq"), ""), (("transfer_id", "account_id"), "")), True),
    "expiry_notice": (((("account_id", "expires_on", "days_before"), ""),), True),
    "family_pot": (((("id",), ""),), False),
    "hold": (((("id",), ""), (("town_id", "dedupe_key"), "")), False),
    "hold_lot": (((("hold_id", "lot_id"), ""),), True),
    "hold_resolution": (((("hold_id",), ""), (("transfer_id",), "")), False),
    "ledger_check": (((("id",), ""), (("town_id", "seq"), "")), False),
    "lot": (((("id",), ""), (("transfer_id",), "")), False),
    "lot_use": (((("lot_id", "transfer_id"), ""),), True),
    "mandate": (((("mandate_id",), ""), (("principal_id", "helper_id"), "state = 'in_force'")), False),
    "mandate_act": (((("id",), ""), (("about_ref", "act"), "")), False),
    "mandate_request": (((("id",), ""), (("code",), "")), False),
    "member_card": (((("id",), ""), (("number",), "")), False),
    "membership": (
        (
            (("id",), ""),
            (("building_id",), "building_id IS NOT NULL AND role <> 'deputy' AND state IN ('approved', 'active')"),
            (("team_id", "member_id"), "state IN ('waiting_guardian', 'applied', 'approved', 'active')"),
        ),
        False,
    ),
    "membership_event": (((("id",), ""), (("membership_id", "seq"), "")), False),
    "month_group": (((("town_id", "month_on", "kind", "group_id"), ""),), True),
    "path_move": (((("id",), ""),), False),
    "period_close": (((("town_id", "month_on"), ""),), True),
    "points_case": (((("id",), ""), (("txn_id",), "state = 'open' AND txn_id IS NOT NULL")), True),
    "post_print": (((("id",), ""), (("post_id", "generation"), ""), (("typed_code",), "")), False),
    "pot_invite": (((("id",), ""), (("code",), "")), False),
    "pot_seat": (
        ((("seat_id",), ""), (("pot_id", "joined_roll"), ""), (("town_id", "member_id"), "state = 'in'")),
        False,
    ),
    "pot_share": (((("order_id", "seat_id"), ""),), True),
    "privacy_request": (((("id",), ""),), False),
    "reward_item": (((("id",), ""),), True),
    "reward_order": (((("id",), ""), (("town_id", "code"), "state = 'reserved'"), (("txn_id",), "")), True),
    "role_grant": (((("id",), ""),), False),
    "rule": (((("id",), ""), (("town_id", "code"), "")), False),
    "rule_objection": (((("id",), ""),), False),
    "rule_set": (((("id",), ""),), True),
    "rule_version": (((("id",), ""), (("rule_id", "version"), "")), False),
    "seal": (((("town_id", "seq"), ""), (("txn_id",), "")), True),
    "sign_in_code": (((("id",), ""),), False),
    "statement_leaf": (
        ((("town_id", "month_on", "position"), ""), (("town_id", "month_on", "account_id"), "")),
        True,
    ),
    "stock_move": (((("id",), ""), (("item_id", "seq"), ""), (("order_id",), "")), False),
    "supplier": (((("id",), ""), (("town_id", "name"), "")), False),
    "transfer": (((("id",), ""),), False),
    "txn": (((("id",), ""), (("town_id", "dedupe_key"), "")), False),
    "upload": (((("id",), ""), (("name",), "")), True),
}
# What an ended row keeps: its state, the first one, the columns, the last states.
ENDED: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "points_case": (
        "state", "open", ("done_at", "done_txn_id", "written_off", "outcome", "not_before"), ("posted", "refused"),
    ),
    "appeal": (
        "state", "open", ("decided_by", "decided_at", "answer", "outcome_ref"), ("upheld", "changed", "withdrawn"),
    ),
    "reward_order": (
        "state", "reserved", ("done_at", "done_by", "words", "txn_id"),
        ("collected", "cancelled", "expired", "refused", "donated"),
    ),
}  # fmt: skip
CASE = (
    "id", "town_id", "kind", "subject_id", "proposed_by", "rule_version_id", "txn_id", "amount", "earned_on",
    "reason", "upload_id", "needs", "created_at",
)  # fmt: skip
APPEAL = ("id", "town_id", "subject_ref", "member_id", "first_by", "words", "created_at", "due_on")
OBJECTION_BEFORE = ("id", "rule_set_id", "member_id", "at")
OBJECTION = ("id", "rule_set_id", "member_id", "words", "at")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("ledger_check", sa.Column("seq", sa.Integer(), nullable=True))
    op.create_index("uq_ledger_check_seq", "ledger_check", ["town_id", "seq"], unique=True)
    # The words of somebody who is erased go.
    _freeze("points_case", CASE, may_blank=("reason",))
    _freeze("appeal", APPEAL, may_empty=("words",))
    _freeze("rule_objection", OBJECTION, may_empty=("words",))
    for table, guard in ENDED.items():
        for statement in stages.said(dialect, table, *guard).values():
            op.execute(statement)
    if dialect == "sqlite":
        for table, (keys, numbered) in KEPT.items():
            for statement in replacing.triggers(table, keys, numbered=numbered).values():
                op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        for table in KEPT:
            op.execute(f"DROP TRIGGER trg_{table}_no_replace")
    for table, guard in ENDED.items():
        for name in stages.said(dialect, table, *guard):
            _drop_trigger(name, table)
    _freeze("points_case", CASE)
    _freeze("appeal", APPEAL)
    _freeze("rule_objection", OBJECTION_BEFORE)
    op.drop_index("uq_ledger_check_seq", table_name="ledger_check")
    op.drop_column("ledger_check", "seq")


def _freeze(
    table: str, columns: tuple[str, ...], *, may_empty: tuple[str, ...] = (), may_blank: tuple[str, ...] = ()
) -> None:
    """Write the triggers of an older table anew."""
    made = triggers.triggers(
        op.get_bind().dialect.name, table, frozen=columns, may_empty=may_empty, may_blank=may_blank
    )
    for name, statement in made.items():
        _drop_trigger(name, table)
        op.execute(statement)


def _drop_trigger(name: str, table: str) -> None:
    op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))
