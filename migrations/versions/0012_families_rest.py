"""The rest of families: what keeps a mandate, a family's pot and the board of names in order."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from community.core.db import aging, final, replacing, stages, triggers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOTICE = ("account_id", "expires_on", "days_before", "at")
# Tables that only grew: what was told of points that expired long ago may go, words about somebody who is erased too.
GREW: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "expiry_notice": (NOTICE, {"kept_while": aging.younger("expires_on", 29)}),
    "award_vote": (
        ("award_id", "seq", "by_id", "subject_id", "accepts", "takes_back", "words", "at"), {"may_blank": ("words",)},
    ),
    "case_vote": (
        ("case_id", "seq", "by_id", "proposed_by", "subject_id", "accepts", "takes_back", "words", "at"),
        {"may_blank": ("words",)},
    ),
}  # fmt: skip
# What was said once, and of it what goes with the person: state, first one, columns, last states, what may go.
SAID: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "appeal": (
        "state", "open", ("decided_by", "decided_at", "answer", "outcome_ref"), ("upheld", "changed", "withdrawn"),
        ("answer",),
    ),
    "reward_order": (
        "state", "reserved", ("done_at", "done_by", "words", "txn_id"),
        ("collected", "cancelled", "expired", "refused", "donated"), ("words",),
    ),
}  # fmt: skip
ALIASES = "SELECT town_id, member_id, alias FROM board_name WHERE alias IS NOT NULL ORDER BY chosen_at, member_id"
REKEY = "UPDATE board_name SET alias_key = :key WHERE town_id = :town AND member_id = :member"
UNNAME = "UPDATE board_name SET alias = NULL, alias_key = NULL WHERE town_id = :town AND member_id = :member"
MANDATE = ("state", "in_force", ("ended_at", "ended_by", "end_words", "reminded_at"), ("ended",))


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("mandate", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "alias_refusal",
        sa.Column("town_id", ID, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["member.id"], name=op.f("fk_alias_refusal_by_id")),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_alias_refusal_town_id")),
        sa.PrimaryKeyConstraint("town_id", "digest", name=op.f("pk_alias_refusal")),
    )
    kept = triggers.triggers(dialect, "alias_refusal", whole=True)
    if dialect == "sqlite":
        kept |= replacing.triggers("alias_refusal", ((("town_id", "digest"), ""),), numbered=True)
    _guard("alias_refusal", {}, kept)
    # What was used of somebody's points this month, however many orders there have ever been.
    op.create_index("ix_pot_share_payer", "pot_share", ["payer_id", "town_id", "at"])
    op.drop_index("ix_pot_share_seat", table_name="pot_share")
    for table, (columns, more) in GREW.items():
        grown = triggers.triggers(dialect, table, whole=True)
        kept = triggers.triggers(dialect, table, frozen=columns, **more)  # type: ignore[arg-type]
        if dialect == "sqlite":
            kept |= replacing.moving(table, ())
        _guard(table, grown, kept)
    for table, (*said, blank) in SAID.items():
        _guard(table, stages.said(dialect, table, *said), stages.said(dialect, table, *said, may_blank=blank))
    ended = stages.said(dialect, "mandate", *MANDATE, may_blank=("end_words",))
    _guard("mandate", final.whole(dialect, "mandate", "state", "ended"), ended)
    _fold_aliases()


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    ended = stages.said(dialect, "mandate", *MANDATE)
    _guard("mandate", ended, final.whole(dialect, "mandate", "state", "ended"))
    for table, (*said, _blank) in SAID.items():
        before = stages.said(dialect, table, *said)
        _guard(table, before, before)
    for table, (columns, _more) in GREW.items():
        kept = triggers.triggers(dialect, table, frozen=columns)
        if dialect == "sqlite":
            kept |= replacing.moving(table, ())
        _guard(table, kept, triggers.triggers(dialect, table, whole=True))
    op.create_index("ix_pot_share_seat", "pot_share", ["seat_id", "at"])
    op.drop_index("ix_pot_share_payer", table_name="pot_share")
    op.drop_table("alias_refusal")
    op.drop_column("mandate", "reminded_at")


def _fold_aliases() -> None:
    """Give every word on a board the key of today; of two that are one word the later one gives way to a masked name.

    Written down here as it was when this revision was made: blanks, dots, case and width say nothing.
    """
    connection, first, twice = op.get_bind(), {}, []
    for town, member, alias in connection.execute(sa.text(ALIASES)).all():
        plain = unicodedata.normalize("NFKC", alias).casefold()
        key = "".join(character for character in plain if character.isalnum())
        if not key or (town, key) in first:
            twice.append({"town": town, "member": member})
        else:
            first[town, key] = member
    # These first: a key that one of them holds may be another's from now on.
    for one in twice:
        connection.execute(sa.text(UNNAME), one)
    for (town, key), member in first.items():
        connection.execute(sa.text(REKEY), {"town": town, "member": member, "key": key})


def _guard(table: str, before: dict[str, str], now: dict[str, str]) -> None:
    """Write the triggers of a table anew."""
    for name in before:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))
    for statement in now.values():
        op.execute(statement)
