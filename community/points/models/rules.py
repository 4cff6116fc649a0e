"""Rules: published versions that awards follow, how much of their caps is used, and the sets they are adopted in."""

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
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from community.core.authz import under
from community.core.db import (
    Base,
    Id,
    frozen_columns,
    int_id,
    never,
    one_of,
    said_once,
    uuid_id,
    written_while,
)

SET_STATES = ("draft", "published", "in_force", "withdrawn")


@frozen_columns("id", "town_id", "code", "area_id")
class Rule(Base):
    """A rule of a town, or of one of its villages (`area_id`), in addition; its words and numbers live in versions."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("town_id", "code", name="uq_rule_code"),)

    id: Mapped[int] = int_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    code: Mapped[str] = mapped_column(String(12))
    # The village whose addition it is; without one it holds in the whole town.
    area_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"))


@frozen_columns(
    "rule_id", "version", "trigger", "min_grade", "amount", "once_per", "cap_day", "expires_months",
    "text_zh", "text_en", "resolution", "published_on", "effective_on", "asset", "team_kind", "cap_month", "review",
    "rule_set_id",
)  # fmt: skip
@never(
    "wrong_terms",
    "NEW.asset NOT IN ('points', 'minutes') OR (NEW.cap_month IS NOT NULL AND NEW.cap_month < NEW.amount)",
)
class RuleVersion(Base):
    """One adopted version of a rule: which event earns how much, under which conditions and caps.

    A version never changes (only `ends_on` is set when the next one starts): the past keeps its rules (points.md §1.4).
    Amounts are positive: no rule can take points.
    """

    __tablename__ = "rule_version"
    __table_args__ = (
        UniqueConstraint("rule_id", "version", name="uq_rule_version"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("cap_day IS NULL OR cap_day >= amount", name="cap_day"),
        CheckConstraint("once_per IN ('', 'hour', 'day')", name="once_per"),
        CheckConstraint("min_grade IN ('A', 'B', 'C', 'D')", name="min_grade"),
        CheckConstraint("effective_on >= published_on", name="published_first"),
        CheckConstraint("expires_months BETWEEN 1 AND 120", name="expires_months"),
        Index("ix_rule_version_trigger", "trigger", "effective_on"),
    )

    id: Mapped[int] = int_id()
    rule_id: Mapped[Id] = mapped_column(ForeignKey("rule.id"))
    version: Mapped[str] = mapped_column(String(12))
    trigger: Mapped[str] = mapped_column(String(40))
    min_grade: Mapped[str] = mapped_column(String(1), default="D")
    amount: Mapped[int] = mapped_column(Integer)
    once_per: Mapped[str] = mapped_column(String(4), default="")
    cap_day: Mapped[int | None] = mapped_column(Integer)
    expires_months: Mapped[int] = mapped_column(Integer, default=24)
    text_zh: Mapped[str] = mapped_column(String(400))
    text_en: Mapped[str] = mapped_column(String(600))
    # The resolution that adopted it (2018 procedure: draft, review, vote, publication).
    resolution: Mapped[str] = mapped_column(String(120))
    published_on: Mapped[dt.date] = mapped_column(Date)
    effective_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    asset: Mapped[str] = mapped_column(String(8), default="points", server_default="points")
    # Only acts for a team of this kind ("patrol", …); "" for all.
    team_kind: Mapped[str] = mapped_column(String(20), default="", server_default="")
    cap_month: Mapped[int | None] = mapped_column(Integer)
    # A person looks at each award before it is posted (not a threshold of merit: points.md §4.5).
    review: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    rule_set_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("rule_set.id"))


class RuleUsage(Base):
    """★ How much of a cap a subject has used in a period ("2026-11", "2026-11-23", "2026-11-23T19")."""

    __tablename__ = "rule_usage"
    __table_args__ = (CheckConstraint("used >= 0 AND used <= cap", name="cap"),)

    rule_id: Mapped[Id] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    subject_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), primary_key=True)
    period_key: Mapped[str] = mapped_column(String(16), primary_key=True)
    used: Mapped[int] = mapped_column(Integer)
    cap: Mapped[int] = mapped_column(Integer)


@frozen_columns("id", "town_id", "area_id", "created_by", "created_at")
@said_once(
    "state", "draft", "title", "draft_digest", "simulated_digest", "simulation", "simulated_at", "resolution_no",
    "resolution_body", "resolution_on", "resolution_upload_id", "resolution_document_id", "published_by",
    "published_on",
    last=("in_force", "withdrawn"),
    # It may only be put off.
    grows=("effective_on",),
    steps=(("draft", "published"), ("draft", "withdrawn"), ("published", "in_force"), ("published", "withdrawn")),
)  # fmt: skip
@never("begun_later", "NEW.state <> 'draft'")
class RuleSet(Base):
    """Changes of rules that are adopted together: draft → published for objections → in force, or withdrawn.

    A town's set, or a village's additions (`area_id` is the village). What a set says after publication never changes;
    it comes into force seven days after it at the earliest, with the resolution that adopted it (the procedure of 2018:
    draft, review by the township, vote, publication).
    """

    __tablename__ = "rule_set"
    __table_args__ = (
        CheckConstraint(one_of("state", SET_STATES), name="state"),
        CheckConstraint("published_by IS NULL OR published_by <> created_by", name="published_by_another"),
        CheckConstraint(
            "state NOT IN ('published', 'in_force') OR (published_by IS NOT NULL AND published_on IS NOT NULL "
            "AND effective_on IS NOT NULL AND resolution_no <> '' AND simulated_digest = draft_digest)",
            name="published_whole",
        ),
        Index("ix_rule_set_town", "town_id", "state"),
    )

    id: Mapped[uuid.UUID] = uuid_id()
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    title: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    # Of the drafts as they are, and as they were when they were last simulated.
    draft_digest: Mapped[str] = mapped_column(String(64), default="")
    simulated_digest: Mapped[str] = mapped_column(String(64), default="")
    simulation: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    simulated_at: Mapped[dt.datetime | None]
    resolution_no: Mapped[str] = mapped_column(String(40), default="")
    resolution_body: Mapped[str] = mapped_column(String(60), default="")
    resolution_on: Mapped[dt.date | None] = mapped_column(Date)
    # The paper itself: a picture of it, or the file as a PDF.
    resolution_upload_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("upload.id"))
    resolution_document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("document.id"))
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    published_on: Mapped[dt.date | None] = mapped_column(Date)
    effective_on: Mapped[dt.date | None] = mapped_column(Date)
    ended_at: Mapped[dt.datetime | None]
    end_reason: Mapped[str] = mapped_column(String(200), default="")

    @property
    def owner_id(self) -> int:
        return self.created_by

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@written_while("rule_set", "rule_set_id", "state", "draft")
class RuleDraft(Base):
    """One rule as a set would have it: a new one, a new version of `rule_id`, or its end (`ends`).

    What is published is what was tried: nothing is written, changed or taken out any more once the set is no draft.
    """

    __tablename__ = "rule_draft"
    __table_args__ = (
        UniqueConstraint("rule_set_id", "code", name="uq_rule_draft_code"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("cap_day IS NULL OR cap_day >= amount", name="cap_day"),
        CheckConstraint("cap_month IS NULL OR cap_month >= amount", name="cap_month"),
        CheckConstraint("once_per IN ('', 'hour', 'day')", name="once_per"),
        CheckConstraint("min_grade IN ('A', 'B', 'C', 'D')", name="min_grade"),
        CheckConstraint("asset IN ('points', 'minutes')", name="asset"),
        CheckConstraint("expires_months BETWEEN 1 AND 120", name="expires_months"),
        CheckConstraint("NOT ends OR rule_id IS NOT NULL", name="ends_a_rule"),
    )

    id: Mapped[int] = int_id()
    rule_set_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rule_set.id"))
    rule_id: Mapped[Id | None] = mapped_column(ForeignKey("rule.id"))
    ends: Mapped[bool] = mapped_column(Boolean, default=False)
    code: Mapped[str] = mapped_column(String(12))
    trigger: Mapped[str] = mapped_column(String(40))
    min_grade: Mapped[str] = mapped_column(String(1), default="D")
    team_kind: Mapped[str] = mapped_column(String(20), default="")
    asset: Mapped[str] = mapped_column(String(8), default="points")
    amount: Mapped[int] = mapped_column(Integer)
    once_per: Mapped[str] = mapped_column(String(4), default="")
    cap_day: Mapped[int | None] = mapped_column(Integer)
    cap_month: Mapped[int | None] = mapped_column(Integer)
    expires_months: Mapped[int] = mapped_column(Integer, default=24)
    review: Mapped[bool] = mapped_column(Boolean, default=False)
    text_zh: Mapped[str] = mapped_column(String(400))
    text_en: Mapped[str] = mapped_column(String(600))


@frozen_columns("id", "rule_set_id", "member_id", "words", "at", may_empty=("words",))
@said_once("answer", "", "answer", "answered_by", "answered_at", may_blank=("answer",))
class RuleObjection(Base):
    """What a resident objects to in a published set, and the answer; the answer is never the objector's own."""

    __tablename__ = "rule_objection"
    __table_args__ = (
        CheckConstraint("answered_by IS NULL OR answered_by <> member_id", name="answered_by_another"),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
        Index("ix_rule_objection_set", "rule_set_id"),
    )

    id: Mapped[int] = int_id()
    rule_set_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rule_set.id"))
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    words: Mapped[str] = mapped_column(String(500))
    at: Mapped[dt.datetime]
    answered_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    answered_at: Mapped[dt.datetime | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
