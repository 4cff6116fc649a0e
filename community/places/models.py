"""Areas, posts and the generations of their printed codes."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from community.core.authz import under
from community.core.db import Base, Id, frozen_columns, int_id, one_of
from community.core.uploads import Upload

AREA_KINDS = ("district", "town", "village", "grid", "building")
POST_KINDS = ("patrol", "stairwell", "event", "shop")
POST_STATES = ("active", "paused", "retired")
OPEN_TO = ("volunteers", "anyone")
# What it was: taken down, a sign of ours that was damaged, or nothing there.
FAKE_OUTCOMES = ("removed", "ours", "nothing")
IMPORT_KINDS = ("areas", "buildings", "units", "posts")
IMPORT_STATES = ("checked", "queued", "running", "done", "failed", "dropped")


class Area(Base):
    """A node of district > town/street > village/community > grid > building; `path` joins the codes, ends with "/"."""

    __tablename__ = "area"
    __table_args__ = (CheckConstraint(one_of("kind", AREA_KINDS), name="kind"),)

    id: Mapped[int] = int_id()
    kind: Mapped[str] = mapped_column(String(10))
    # What this kind is called here: 街道, 镇, 社区, 村 …
    title: Mapped[str] = mapped_column(String(10), default="")
    code: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"), index=True)
    town_id: Mapped[Id | None] = mapped_column(ForeignKey("area.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), unique=True)
    population: Mapped[int | None] = mapped_column(Integer)
    # The office's public number, for whom the area's people call; never a person's own.
    phone: Mapped[str | None] = mapped_column(String(30))
    # Areas are closed, never deleted: rows of years name them.
    closed_at: Mapped[dt.datetime | None]

    @property
    def scope_path(self) -> str:
        return self.path

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.path, prefixes)


class Post(Base):
    """A place with a printed code. Position is WGS-84 degrees, radius metres; `code8` is random, never a number."""

    __tablename__ = "post"
    __table_args__ = (
        CheckConstraint(one_of("kind", POST_KINDS), name="kind"),
        CheckConstraint(one_of("state", POST_STATES), name="state"),
        CheckConstraint(one_of("open_to", OPEN_TO), name="open_to"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="position"),
        CheckConstraint("radius_m BETWEEN 20 AND 2000", name="radius"),
        UniqueConstraint("town_id", "number", name="uq_post_number"),
        Index("ix_post_scope_path", "scope_path"),
    )

    id: Mapped[int] = int_id()
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), index=True)
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200))
    # The number printed on the sign: "is this the sign before you?"
    number: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(60))
    # Where the sign hangs, for who puts it up and who looks for it.
    spot: Mapped[str] = mapped_column(String(80), default="")
    code8: Mapped[str] = mapped_column(String(8), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="patrol")
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)
    radius_m: Mapped[int] = mapped_column(Integer, default=150)
    open_to: Mapped[str] = mapped_column(String(12), default="volunteers")
    state: Mapped[str] = mapped_column(String(10), default="active")
    # Why it is paused or retired, shown to who scans it.
    state_why: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    # Signs printed before the last move hang in the old place.
    moved_at: Mapped[dt.datetime | None]

    area: Mapped[Area] = relationship(foreign_keys=[area_id], lazy="raise_on_sql")

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


@frozen_columns("id", "post_id", "generation", "kid", "typed_code", "printed_by", "printed_at")
class PostPrint(Base):
    """One generation of a post's printed code: the key that signed it and the typed code that dies with it."""

    __tablename__ = "post_print"
    __table_args__ = (UniqueConstraint("post_id", "generation", name="uq_post_print_generation"),)

    id: Mapped[int] = int_id()
    post_id: Mapped[Id] = mapped_column(ForeignKey("post.id"))
    generation: Mapped[int] = mapped_column(Integer)
    kid: Mapped[str] = mapped_column(String(1))
    typed_code: Mapped[str] = mapped_column(String(8), unique=True)
    # A plain id: people live above this room.
    printed_by: Mapped[Id]
    printed_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]
    retired_why: Mapped[str | None] = mapped_column(String(200))
    # Who says that it hangs, since when, and the picture that shows it.
    installed_at: Mapped[dt.datetime | None]
    installed_by: Mapped[Id | None]
    installed_photo: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(Upload.id))

    post: Mapped[Post] = relationship(lazy="raise_on_sql")


class Unit(Base):
    """A flat or shop of a building: its label ("2-301"), floor area in m², and its official address code."""

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("building_id", "label", name="uq_unit_label"),
        CheckConstraint("area_m2 IS NULL OR area_m2 > 0", name="area_m2"),
    )

    id: Mapped[int] = int_id()
    building_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    label: Mapped[str] = mapped_column(String(40))
    area_m2: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    address_code: Mapped[str | None] = mapped_column(String(40), unique=True)
    closed_at: Mapped[dt.datetime | None]

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


class ImportRun(Base):
    """One file of areas, buildings, units or posts: checked first (nothing written), then taken in by a job.

    `problems` lists what is wrong row by row (line, column, value, code), as much as its page shows; `faults` keeps all
    of it, compressed. `rows` keeps the checked rows, compressed, until the run ends: a host that takes it over needs no
    other host's files. `counts` says how many rows are new, changed and the same, and how many faults are kept.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint(one_of("kind", IMPORT_KINDS), name="kind"),
        CheckConstraint(one_of("state", IMPORT_STATES), name="state"),
    )

    id: Mapped[int] = int_id()
    kind: Mapped[str] = mapped_column(String(10))
    area_id: Mapped[Id] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[str] = mapped_column(String(200), index=True)
    file_name: Mapped[str] = mapped_column(String(120))
    rows: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    encoding: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(10))
    total: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    bad: Mapped[int] = mapped_column(Integer, default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    faults: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    # A plain id: people live above this room.
    made_by: Mapped[Id]
    created_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes)


class FakeSignReport(Base):
    """Somebody says that a code which is not ours hangs somewhere (checkin.md §2.12, §4.4); kept a year.

    `code` is what the code said, cut short; `place` where it hangs in the reporter's words; who she is is not asked.
    `scope_path` is the area when the code copies the number of a post of ours, else empty: then every desk sees it.
    """

    __tablename__ = "fake_sign_report"
    __table_args__ = (
        CheckConstraint(f"outcome IS NULL OR ({one_of('outcome', FAKE_OUTCOMES)})", name="outcome"),
        CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
    )

    id: Mapped[int] = int_id()
    reported_at: Mapped[dt.datetime] = mapped_column(index=True)
    scope_path: Mapped[str] = mapped_column(String(200), default="")
    post_id: Mapped[Id | None] = mapped_column(ForeignKey("post.id"))
    code: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(120), default="")
    # How often it was reported before somebody settled it.
    times: Mapped[int] = mapped_column(Integer, default=1)
    settled_at: Mapped[dt.datetime | None]
    # A plain id: people live above this room.
    settled_by: Mapped[Id | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(String(200))

    @classmethod
    def in_scope(cls, prefixes: tuple[str, ...], team_ids: tuple[int, ...]) -> ColumnElement[bool]:  # noqa: ARG003
        return under(cls.scope_path, prefixes) | (cls.scope_path == "")
