"""What the room holds on a member, in her words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.messages import wording
from community.messages.models import Announcement, AnnouncementRead, Message


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    """Say what the message said: kind and parameters are how it is kept, not what she read."""
    params: Mapping[str, Any] = row["body"] or {}
    title, body = wording.words(row["title"], params)
    return row | {"title": title, "body": body}


_INBOX = Kept(
    key="messages",
    title=_("消息"),
    why=_("告诉您申请、打卡和积分的结果"),
    how_long=_("读过一年后删除，没有读的两年后删除；注销时全部删除"),
    seen_by=_("只有您自己"),
    words={"title": _("标题"), "body": _("内容"), "created_at": _("收到"), "read_at": _("读过")},
    rows=lambda ids: (
        select(Message.kind.label("title"), Message.params.label("body"), Message.created_at, Message.read_at)
        .where(Message.member_id.in_(ids))
        .order_by(Message.id)
    ),
    told=_in_words,
    endpoint="messages.inbox",
)

_READ = Kept(
    key="announcements_read",
    title=_("读过的公告"),
    why=_("读过的不再提醒您"),
    how_long=_("读过一年后删除；注销时全部删除"),
    seen_by=_("只有您自己"),
    words={"title": _("公告"), "read_at": _("读过")},
    rows=lambda ids: (
        select(Announcement.title, AnnouncementRead.read_at)
        .join(Announcement, Announcement.id == AnnouncementRead.announcement_id)
        .where(AnnouncementRead.member_id.in_(ids))
        .order_by(AnnouncementRead.read_at)
    ),
)

HELD = Room("messages", _("消息和公告"), (_INBOX, _READ))
