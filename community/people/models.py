"""Members, their areas and what they consented to. No column for religion, health, ethnicity or petitions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, Integer, String, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from community.core.authz import under
from community.core.db import Base, Id, frozen_columns, int_id, one_of, points_once

AGE_BANDS = ("14-17", "18-59", "60+")
CODE_WAYS = ("printed", "read_out", "sms")
REQUEST_KINDS = ("export", "erase")
REQUEST_STATES = ("asked", "done", "withdrawn")
STATUSES = ("active", "suspended", "merged", "left")


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
