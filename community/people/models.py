"""Members, their areas and what they consented to. No column for religion, health, ethnicity or petitions."""

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
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from community.core.authz import under
from community.core.db import (
    Base,
    Id,
    append_only,
    final_with,
    frozen_columns,
    int_id,
    one_of,
    points_once,
    said_once,
)

AGE_BANDS = ("14-17", "18-59", "60+")
CODE_WAYS = ("printed", "read_out", "sms")
REQUEST_KINDS = ("export", "erase")
REQUEST_STATES = ("asked", "done", "withdrawn")
STATUSES = ("active", "suspended", "merged", "left")
MANDATE_WAYS = ("own", "paper", "guardian")
MANDATE_STATES = ("in_force", "ended")
MANDATE_ACTS = ("redeem", "donate", "cancel", "appeal", "withdraw")


@points_once("merged_into", "verified_at")
class Member(Base):
    """A person. `verified_at` says that somebody entitled has checked who she is; until then she is provisional.

    Phones are kept under cipher with a keyed hash for look-up; the hash is unique among verified members only, because
    a number that somebody merely types proves nothing (DESIGN §4 "Personal data").
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint(one_of("age_band", AGE_BANDS), name="age_band"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint("verified_by IS NULL OR verified_by <> id", name="verified_by_another"),
        CheckConstraint("age_band <> '14-17' OR verified_at IS NULL OR guardian_at IS NOT NULL", name="minor_guardian"),
        CheckConstraint("guardian_by IS NULL OR guardian_by <> id", name="guardian_by_another"),
        Index(
            "uq_member_verified_phone",
            "phone_hash",
            unique=True,
            sqlite_where=text("verified_at IS NOT NULL AND status <> 'merged'"),
            postgresql_where=text("verified_at IS NOT NULL AND status <> 'merged'"),
        ),
        Index("ix_member_phone_hash", "phone_hash"),
        Index("ix_member_phone_tail_hash", "phone_tail_hash"),
        Index(
            "ix_member_merged_into",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
    )

    id: Mapped[int] = int_id()
    display_name: Mapped[str] = mapped_column(String(60))
    phone_cipher: Mapped[str | None] = mapped_column(String(300))
    phone_hash: Mapped[str | None] = mapped_column(String(64))
    # The name of the key both hashes were made with (PHONE_HASH_KEY): keys change while people come and go.
    phone_kid: Mapped[str | None] = mapped_column(String(8))
    # Keyed like the whole number's: staff find a person by the last four digits that she says at the desk.
    phone_tail_hash: Mapped[str | None] = mapped_column(String(64))
    age_band: Mapped[str] = mapped_column(String(5))
    guardian_name: Mapped[str | None] = mapped_column(String(60))
    guardian_phone_cipher: Mapped[str | None] = mapped_column(String(300))
    guardian_at: Mapped[dt.datetime | None]
    guardian_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    status: Mapped[str] = mapped_column(String(10), default="active")
    status_reason: Mapped[str | None] = mapped_column(String(200))
    verified_at: Mapped[dt.datetime | None]
    verified_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    merged_into: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    home_area_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"), index=True)
    home_path: Mapped[str] = mapped_column(String(200), default="")
    town_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    session_epoch: Mapped[int] = mapped_column(Integer, default=1)
    # What she chose for every phone she uses: "zh" or "en"; "std", "large" or "xlarge".
    language: Mapped[str | None] = mapped_column(String(5))
    text_size: Mapped[str | None] = mapped_column(String(6))
    # Her name and phones are gone since then; numbers stay on this row as on a pseudonym.
    erased_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]

    areas: Mapped[list[MemberArea]] = relationship(lazy="raise_on_sql")

    @property
    def owner_id(self) -> int:
        return self.id

    @property
    def scope_paths(self) -> tuple[str, ...]:
        """The paths of her home and of every area she belongs to (load `areas` first)."""
        return (self.home_path, *(area.scope_path for area in self.areas))

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        belongs = select(MemberArea.member_id).where(under(MemberArea.scope_path, prefixes))
        return under(cls.home_path, prefixes) | cls.id.in_(belongs)


class MemberArea(Base):
    """An area that a member belongs to besides her home, through a team (riders cross towns)."""

    __tablename__ = "member_area"

    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), primary_key=True)
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True)
    scope_path: Mapped[str] = mapped_column(String(200), index=True)


@frozen_columns("id", "member_id", "scope", "version", "text_digest", "given_at", kept_while="OLD.withdrawn_at IS NULL")
class Consent(Base):
    """A consent text, by scope and version, that a member agreed to; withdrawing sets a date.

    The row is proof of the time and stays three years longer than the member (product.md §5.14).
    """

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_member", "member_id", "scope", "version"),
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="order"),
    )

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    scope: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(12))
    # SHA-256 of the very text that was shown.
    text_digest: Mapped[str] = mapped_column(String(64))
    given_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]


@frozen_columns("id", "member_id", "number", "kid", "issued_by", "issued_at")
class MemberCard(Base):
    """A paper card with a signed code for who has no phone; a leader's command alone uses it (checkin.md §2.1)."""

    __tablename__ = "member_card"
    __table_args__ = (CheckConstraint("issued_by <> member_id", name="issued_by_another"),)

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    number: Mapped[str] = mapped_column(String(8), unique=True)
    kid: Mapped[str] = mapped_column(String(1))
    issued_by: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    issued_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    revoked_why: Mapped[str | None] = mapped_column(String(200))


@frozen_columns("id", "member_id", "how", "made_by", "created_at", "expires_at", kept_while="OLD.code_hash <> ''")
class SignInCode(Base):
    """A code that signs a member in once, printed or read out by who checked the person, or sent by SMS.

    Only a keyed hash is kept; it dies after ten minutes, one use or a few wrong tries.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (
        CheckConstraint(one_of("how", CODE_WAYS), name="how"),
        CheckConstraint("made_by IS NULL OR made_by <> member_id", name="made_by_another"),
        CheckConstraint("expires_at > created_at", name="order"),
    )

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    how: Mapped[str] = mapped_column(String(10))
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    why: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    failures: Mapped[int] = mapped_column(Integer, default=0)


class DoorWait(Base):
    """Wrong tries at a door of sign-in, and until when the next one waits; kept here so that every process knows.

    `subject` says who tries where ("phone:<keyed hash>:<device>"), never a number in the clear.
    """

    __tablename__ = "door_wait"
    __table_args__ = (Index("ix_door_wait_last_at", "last_at"),)

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]


@frozen_columns("id", "member_id", "kind", "asked_at", "due_at")
class PrivacyRequest(Base):
    """A member's request for her data or its erasure: when asked, promised until, done (PIPL arts 45, 47)."""

    __tablename__ = "privacy_request"
    __table_args__ = (
        CheckConstraint(one_of("kind", REQUEST_KINDS), name="kind"),
        CheckConstraint(one_of("state", REQUEST_STATES), name="state"),
    )

    id: Mapped[int] = int_id()
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="asked")
    asked_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    @property
    def owner_id(self) -> int:
        return self.member_id


@frozen_columns(
    "id", "helper_id", "code", "may_redeem", "may_appeal", "until_on", "created_at", "expires_at",
    kept_while="OLD.closed_at IS NULL",
)  # fmt: skip
class MandateRequest(Base):
    """That somebody offers to act for a person who will type, or has typed for her, the code: no name is looked up."""

    __tablename__ = "mandate_request"
    __table_args__ = (CheckConstraint("expires_at > created_at", name="order"),)

    id: Mapped[int] = int_id()
    helper_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), index=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    may_redeem: Mapped[bool] = mapped_column(Boolean)
    may_appeal: Mapped[bool] = mapped_column(Boolean)
    until_on: Mapped[dt.date] = mapped_column(Date)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    # Confirmed, declined, replaced by another or too late.
    closed_at: Mapped[dt.datetime | None]


@said_once(
    "state", "in_force", "ended_at", "ended_by", "end_words", "reminded_at", last=("ended",), may_blank=("end_words",)
)
@frozen_columns(
    "mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal", "how", "minor",
    "witnessed_by", "upload_id", "given_at",
)  # fmt: skip
class Mandate(Base):
    """That a person lets another see her points, and use or defend them for her, from one day to another.

    She confirmed it herself, or signed a paper before a third person (for a minor: her guardian did). Either side ends
    it at any time; ended, the row never changes again and nothing more can be done under it.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint(one_of("how", MANDATE_WAYS), name="how"),
        CheckConstraint(one_of("state", MANDATE_STATES), name="state"),
        CheckConstraint("principal_id <> helper_id", name="another"),
        CheckConstraint("from_on <= until_on", name="order"),
        CheckConstraint("(how = 'own') = (witnessed_by IS NULL)", name="witnessed"),
        CheckConstraint("how = 'own' OR upload_id IS NOT NULL", name="paper"),
        CheckConstraint("witnessed_by <> principal_id AND witnessed_by <> helper_id", name="witness_another"),
        CheckConstraint("minor = (how = 'guardian')", name="guardian_alone"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        UniqueConstraint(
            "mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal",
            name="uq_mandate_terms",
        ),
        Index(
            "uq_mandate_pair",
            "principal_id",
            "helper_id",
            unique=True,
            sqlite_where=text("state = 'in_force'"),
            postgresql_where=text("state = 'in_force'"),
        ),
        Index("ix_mandate_helper", "helper_id"),
        Index("ix_mandate_upload", "upload_id"),
    )  # fmt: skip

    # Not `id`: the triggers on its acts find their row by a name that both tables have.
    mandate_id: Mapped[int] = int_id()
    principal_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    helper_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    from_on: Mapped[dt.date] = mapped_column(Date)
    # Valid to the end of this day.
    until_on: Mapped[dt.date] = mapped_column(Date)
    may_redeem: Mapped[bool] = mapped_column(Boolean)
    may_appeal: Mapped[bool] = mapped_column(Boolean)
    how: Mapped[str] = mapped_column(String(10))
    minor: Mapped[bool] = mapped_column(Boolean)
    witnessed_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    # The signed paper.
    upload_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("upload.id"))
    given_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(10), default="in_force")
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[Id | None] = mapped_column(ForeignKey("member.id"))
    end_words: Mapped[str] = mapped_column(String(200), default="")
    # When both were told that its last day is near; once.
    reminded_at: Mapped[dt.datetime | None]


@final_with("mandate", "state", "ended", ("mandate_id", "principal_id"))
@append_only
class MandateAct(Base):
    """One act under a mandate. The keys repeat its terms, so that one outside its days or its extent is not stored."""

    __tablename__ = "mandate_act"
    __table_args__ = (
        CheckConstraint(one_of("act", MANDATE_ACTS), name="act"),
        CheckConstraint("from_on <= done_on AND done_on <= until_on", name="in_time"),
        CheckConstraint("may_redeem OR act NOT IN ('redeem', 'donate', 'cancel')", name="redeem_covered"),
        CheckConstraint("may_appeal OR act NOT IN ('appeal', 'withdraw')", name="appeal_covered"),
        ForeignKeyConstraint(
            ["mandate_id", "principal_id", "helper_id", "from_on", "until_on", "may_redeem", "may_appeal"],
            [
                "mandate.mandate_id", "mandate.principal_id", "mandate.helper_id", "mandate.from_on",
                "mandate.until_on", "mandate.may_redeem", "mandate.may_appeal",
            ],
            name="fk_mandate_act_terms",
        ),
        UniqueConstraint("about_ref", "act", name="uq_mandate_act_once"),
        Index("ix_mandate_act_mandate", "mandate_id"),
    )  # fmt: skip

    id: Mapped[int] = int_id()
    mandate_id: Mapped[Id]
    principal_id: Mapped[Id]
    helper_id: Mapped[Id]
    from_on: Mapped[dt.date] = mapped_column(Date)
    until_on: Mapped[dt.date] = mapped_column(Date)
    may_redeem: Mapped[bool] = mapped_column(Boolean)
    may_appeal: Mapped[bool] = mapped_column(Boolean)
    done_on: Mapped[dt.date] = mapped_column(Date)
    act: Mapped[str] = mapped_column(String(10))
    # "order:<uuid>", "appeal:<uuid>": what of another room it was done to.
    about_ref: Mapped[str] = mapped_column(String(60))
    at: Mapped[dt.datetime]
