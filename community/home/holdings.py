"""What the room holds on a member who works at a desk, in her words."""

from __future__ import annotations

from sqlalchemy import select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.home.models import DeskRun

_RUNS = Kept(
    key="desk_runs",
    title=_("您在工作台一次办的事"),
    why=_("办完后告诉您结果，十秒内可以撤销"),
    how_long=_("30 天后删除；注销时全部删除"),
    seen_by=_("只有您自己"),
    words={"act": _("什么事"), "happened_at": _("时间")},
    # Not the lines: whom a decision was about is another person's data.
    rows=lambda ids: (
        select(DeskRun.act, DeskRun.at.label("happened_at")).where(DeskRun.member_id.in_(ids)).order_by(DeskRun.at)
    ),
    choices={"act": {"approve": _("通过"), "refuse": _("不通过"), "undo": _("撤销")}},
)

HELD = Room("home", _("您的工作台"), (_RUNS,))
