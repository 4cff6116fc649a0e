"""Awards that wait, and what people decide about points: reviews, manual awards, reversals, appeals."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import (
    Base,
    Id,
    agrees,
    frozen_columns,
    int_id,
    one_of,
    said_once,
    uuid_id,
)

AWARD_STATES = ("held", "posted", "refused")
# A rule is of one town, and its versions say nothing of it themselves.
_OWN_RULE = (
    "SELECT 1 FROM rule_version v JOIN rule r ON r.id = v.rule_id "
    "WHERE v.id = NEW.rule_version_id AND r.town_id = NEW.town_id"
)
HOLD_REASONS = ("budget", "flagged", "unverified", "review")
CASE_KINDS = ("award", "reversal")
CASE_STATES = ("open", "posted", "refused")
APPEAL_STATES = ("open", "upheld", "changed", "withdrawn")


@agrees("other_towns_rule", "rule_version_id", _OWN_RULE)
@frozen_columns(
    "id", "town_id", "rule_version_id", "dedupe_key", "subject_id", "evidence_ref", "amount",
    "earned_at", "explain", "created_at",
)  # fmt: skip
class Award(Base):
    """An award that could not be posted at once: held, with a reason its owner sees, until it is posted or refused."""

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint(one_of("state", AWARD_STATES), name="state"),
        CheckConstraint(one_of("reason_code", HOLD_REASONS), name="reason"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("decided_by IS NULL OR decided_by <> subject_id", name="decided_by_another"),
        CheckConstraint("(state = 'posted') = (txn_id IS NOT NULL)", name="posted"),
        UniqueConstraint("town_id", "dedupe_key", name="uq_award_dedupe"),
        Index("uq_award_doer", "id", "subject_id", unique=True),
        Index("ix_award_subject", "subject_id", "state"),
        Index("ix_award_evidence", "evidence_ref"),
        Index("ix_award_queue", "town_id", "state", "reason_code"),
        Index(
            "ix_award_due",
            "not_before",
            sqlite_where=text("not_before IS NOT NULL"),
            postgresql_where=text("not_before IS NOT NULL"),
        ),
    )

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200))
    rule_version_id: Mapped[Id] = mapped_column(ForeignKey("rule_version.id"))
    dedupe_key: Mapped[str] = mapped_column(String(140))
    subject_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    evidence_ref: Mapped[str] = mapped_column(String(60))
    amount: Mapped[int] = mapped_column(Integer)
    earned_at: Mapped[dt.datetime]
    explain: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    reason_code: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    decision: Mapped[str | None] = mapped_column(String(200))
    txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"))
    # What it waited for was decided, and the decision may be undone until then; set on waiting awards only.
    not_before: Mapped[dt.datetime | None]

    @property
    def owner_id(self) -> int:
        return self.subject_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@frozen_columns(
    "award_id", "seq", "by_id", "subject_id", "accepts", "takes_back", "words", "at", may_blank=("words",)
)  # fmt: skip
class AwardVote(Base):
    """What one person said to an award that waits for review; never about her own. Large ones need two (four eyes)."""

    __tablename__ = "award_vote"
    __table_args__ = (
        ForeignKeyConstraint(["award_id", "subject_id"], ["award.id", "award.subject_id"], name="fk_award_vote_doer"),
        CheckConstraint("by_id <> subject_id", name="by_another"),
        CheckConstraint("accepts OR words <> ''", name="refusal_reason"),
    )

    award_id: Mapped[Id] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    subject_id: Mapped[Id]
    accepts: Mapped[bool] = mapped_column(Boolean)
    # She takes back what she said before.
    takes_back: Mapped[bool] = mapped_column(Boolean, default=False)
    words: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[dt.datetime]


@agrees("other_towns_rule", "rule_version_id", _OWN_RULE)
@frozen_columns(
    "id", "town_id", "kind", "subject_id", "proposed_by", "rule_version_id", "txn_id", "amount", "earned_on",
    "reason", "upload_id", "needs", "created_at",
    may_blank=("reason",),
)  # fmt: skip
@said_once(
    "state", "open", "done_at", "done_txn_id", "written_off", "outcome", "not_before", last=("posted", "refused")
)
class PointsCase(Base):
    """A manual award by a named rule, or the reversal of a wrong award: proposed by one person, decided by others.

    A reversal takes what is left of the award's own lot; what was spent already is written off (`written_off`), never
    taken from later awards (points.md §2.3).
    """

    __tablename__ = "points_case"
    __table_args__ = (
        CheckConstraint(one_of("kind", CASE_KINDS), name="kind"),
        CheckConstraint(one_of("state", CASE_STATES), name="state"),
        CheckConstraint("proposed_by <> subject_id", name="proposed_by_another"),
        CheckConstraint("(kind = 'award') = (rule_version_id IS NOT NULL)", name="rule"),
        CheckConstraint("(kind = 'reversal') = (txn_id IS NOT NULL)", name="reverses"),
        CheckConstraint("amount > 0 AND written_off >= 0 AND written_off <= amount", name="amounts"),
        CheckConstraint("needs IN (1, 2)", name="needs"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(state = 'open') = (done_at IS NULL)", name="done"),
        UniqueConstraint("id", "proposed_by", "subject_id", name="uq_points_case_doers"),
        Index(
            "uq_points_case_open_reversal",
            "txn_id",
            unique=True,
            sqlite_where=text("state = 'open' AND txn_id IS NOT NULL"),
            postgresql_where=text("state = 'open' AND txn_id IS NOT NULL"),
        ),
        Index("ix_points_case_queue", "town_id", "state"),
        Index("ix_points_case_subject", "subject_id"),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    subject_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    proposed_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    rule_version_id: Mapped[Id | None] = mapped_column(ForeignKey("rule_version.id"))
    txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"))
    amount: Mapped[int] = mapped_column(Integer)
    earned_on: Mapped[dt.date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(300))
    upload_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("upload.id"))
    needs: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8), default="open")
    created_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    done_txn_id: Mapped[Id | None] = mapped_column(ForeignKey("txn.id"))
    written_off: Mapped[int] = mapped_column(Integer, default=0)
    # Decided, and may be undone until then; a job carries it out.
    not_before: Mapped[dt.datetime | None]
    # What came of it: "posted", "refused", or why nothing was posted ("budget", a word of `policies.why_full`, …).
    outcome: Mapped[str] = mapped_column(String(20), default="")

    @property
    def owner_id(self) -> int:
        return self.subject_id

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@frozen_columns(
    "case_id", "seq", "by_id", "proposed_by", "subject_id", "accepts", "takes_back", "words", "at",
    may_blank=("words",),
)  # fmt: skip
class CaseVote(Base):
    """What one person said to a case: neither who proposed it nor whom it is about, held by the key into the case."""

    __tablename__ = "case_vote"
    __table_args__ = (
        ForeignKeyConstraint(
            ["case_id", "proposed_by", "subject_id"],
            ["points_case.id", "points_case.proposed_by", "points_case.subject_id"],
            name="fk_case_vote_doers",
        ),
        CheckConstraint("by_id <> subject_id AND by_id <> proposed_by", name="by_another"),
        CheckConstraint("accepts OR words <> ''", name="refusal_reason"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    proposed_by: Mapped[Id]
    subject_id: Mapped[Id]
    accepts: Mapped[bool] = mapped_column(Boolean)
    # She takes back what she said before.
    takes_back: Mapped[bool] = mapped_column(Boolean, default=False)
    words: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[dt.datetime]


@frozen_columns(
    "id", "town_id", "subject_ref", "member_id", "first_by", "words", "created_at", "due_on", may_empty=("words",)
)
@said_once(
    "state", "open", "decided_by", "decided_at", "answer", "outcome_ref", last=("upheld", "changed", "withdrawn"),
    may_blank=("answer",),
)  # fmt: skip
class Appeal(Base):
    """A member's objection to one row about her: answered before `due_on` by somebody who did not decide it first."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint(one_of("state", APPEAL_STATES), name="state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> member_id", name="decided_by_another"),
        CheckConstraint("decided_by IS NULL OR first_by IS NULL OR decided_by <> first_by", name="decided_afresh"),
        CheckConstraint(
            "state NOT IN ('upheld', 'changed') OR (decided_by IS NOT NULL AND answer <> '')", name="answered"
        ),
        UniqueConstraint("member_id", "subject_ref", name="uq_appeal_once"),
        Index("ix_appeal_queue", "town_id", "state", "due_on"),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    # "txn:<id>", "award:<id>", "order:<uuid>" or "case:<uuid>"; "appeal:<uuid>" goes on with what a helper withdrew.
    subject_ref: Mapped[str] = mapped_column(String(60), index=True)
    first_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    words: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[dt.datetime]
    due_on: Mapped[dt.date] = mapped_column(Date)
    # It was not answered by then, and went up (its `scope_path` is that level's by now): until when that one answers.
    raised_until: Mapped[dt.date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="open")
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    decided_at: Mapped[dt.datetime | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
    # What the answer led to: "case:<uuid>", "txn:<id>".
    outcome_ref: Mapped[str] = mapped_column(String(60), default="")

    @property
    def owner_id(self) -> int:
        return self.member_id

    @property
    def answer_by(self) -> dt.date:
        """Until when it is to be answered, as things stand."""
        return self.raised_until or self.due_on

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)
