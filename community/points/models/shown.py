"""The board: a published month by teams and grids, and who chose to be named on it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from community.core.db import Base, Id, append_only, frozen_columns, one_of

GROUP_KINDS = ("team", "grid")


@append_only
class MonthGroup(Base):
    """What a team's members, or whoever served in a grid, earned together in a published month.

    Of fewer than five people no row can be stored: nobody's own number can be read from a group's.
    """

    __tablename__ = "month_group"
    __table_args__ = (
        CheckConstraint(one_of("kind", GROUP_KINDS), name="kind"),
        CheckConstraint("people >= 5", name="people"),
        CheckConstraint("points > 0", name="points"),
        ForeignKeyConstraint(
            ["town_id", "month_on"], ["period_close.town_id", "period_close.month_on"], name="fk_month_group_month"
        ),
    )

    town_id: Mapped[Id] = mapped_column(primary_key=True)
    month_on: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(4), primary_key=True)
    # The team or the area; its name as it was then.
    group_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(60))
    points: Mapped[int] = mapped_column(Integer)
    people: Mapped[int] = mapped_column(Integer)


@frozen_columns("town_id", "member_id", "asset", "account_id", "chosen_at", kept_while="1 = 0")
class BoardName(Base):
    """That a member chose to be named on her town's board, and as what; the row goes with her choice.

    It names her account there: only in a town where she has points, and no other asset.
    """

    __tablename__ = "board_name"
    __table_args__ = (
        CheckConstraint("asset = 'points'", name="asset"),
        CheckConstraint("alias <> ''", name="alias"),
        CheckConstraint("(alias IS NULL) = (alias_key IS NULL)", name="alias_key"),
        ForeignKeyConstraint(
            ["town_id", "asset", "account_id"],
            ["account.town_id", "account.asset", "account.id"],
            name="fk_board_name_account",
        ),
        UniqueConstraint("town_id", "alias_key", name="uq_board_name_alias"),
    )

    town_id: Mapped[Id] = mapped_column(primary_key=True)
    member_id: Mapped[Id] = mapped_column(ForeignKey("member.id"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(8), default="points")
    account_id: Mapped[Id]
    # None: her masked name. The key is the same word however it is written.
    alias: Mapped[str | None] = mapped_column(String(20))
    alias_key: Mapped[str | None] = mapped_column(String(40))
    chosen_at: Mapped[dt.datetime]

    @property
    def owner_id(self) -> int:
        return self.member_id


@append_only
class AliasRefusal(Base):
    """That a word was taken off a town's board, and by whom; a digest, because it may have been somebody's name."""

    __tablename__ = "alias_refusal"

    town_id: Mapped[Id] = mapped_column(ForeignKey("area.id"), primary_key=True, autoincrement=False)
    # Of the town and the word without blanks, dots, case and width.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    by_id: Mapped[Id] = mapped_column(ForeignKey("member.id"))
    at: Mapped[dt.datetime]
