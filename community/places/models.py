"""Areas, posts and the generations of their printed codes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ColumnElement, Float, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from community.core.authz import under
from community.core.db import Base, Id, frozen_columns, int_id, one_of

AREA_KINDS = ("district", "town", "village", "grid", "building")
POST_KINDS = ("patrol", "stairwell", "event", "shop")
POST_STATES = ("active", "paused", "retired")
OPEN_TO = ("volunteers", "anyone")


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

    post: Mapped[Post] = relationship(lazy="raise_on_sql")
