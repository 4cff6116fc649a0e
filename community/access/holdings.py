"""What the room holds on a member, in her words."""

from __future__ import annotations

from sqlalchemy import select

from community.access.models import Role, RoleGrant
from community.core.holdings import Kept, Room
from community.core.i18n import _

_OFFICES = Kept(
    key="offices",
    title=_("职务"),
    why=_("决定您能在工作台做什么，也能查到是谁给的"),
    how_long=_("一直保留，注销时结束，之后不带姓名"),
    seen_by=_("您自己；管职务的管理员"),
    words={
        "role": _("职务"),
        "place": _("在哪里"),
        "starts_at": _("开始"),
        "until": _("结束"),
        "reason": _("给的原因"),
        "end_reason": _("结束的原因"),
    },
    rows=lambda ids: (
        select(
            Role.name.label("role"),
            RoleGrant.place,
            RoleGrant.starts_at,
            RoleGrant.until,
            RoleGrant.reason,
            RoleGrant.end_reason,
        )
        .join(Role, Role.code == RoleGrant.role)
        .where(RoleGrant.member_id.in_(ids))
        .order_by(RoleGrant.id)
    ),
)

HELD = Room("access", _("您的职务"), (_OFFICES,))
