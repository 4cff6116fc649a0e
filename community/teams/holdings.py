"""What the room holds on a member, in her words."""

from __future__ import annotations

from sqlalchemy import select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.places.queries import AREA
from community.teams.models import Membership, MembershipEvent, Team
from community.teams.words import ROLES, STATES

_WORDS = {code: look.word for code, look in STATES.items()}
_WHO = _("您自己；您的队长；负责这支队的管理员")

_MEMBERSHIPS = Kept(
    key="memberships",
    title=_("您的队伍"),
    why=_("安排志愿服务，算服务时长，发证明"),
    how_long=_("一直保留，注销后不带姓名"),
    seen_by=_WHO,
    words={
        "team": _("队伍"),
        "role": _("职务"),
        "building": _("管哪幢楼"),
        "state": _("状态"),
        "applied_at": _("报名时间"),
        "active_at": _("入队时间"),
        "ended_at": _("退出时间"),
        "reason": _("原因"),
    },
    rows=lambda ids: (
        select(
            Team.name.label("team"),
            Membership.role,
            AREA.c.name.label("building"),
            Membership.state,
            Membership.applied_at,
            Membership.active_at,
            Membership.ended_at,
            Membership.reason,
        )
        .join(Team, Team.id == Membership.team_id)
        .outerjoin(AREA, AREA.c.id == Membership.building_id)
        .where(Membership.member_id.in_(ids))
        .order_by(Membership.id)
    ),
    choices={"role": ROLES, "state": _WORDS},
    endpoint="teams.memberships",
)

_MOVES = Kept(
    key="membership_moves",
    title=_("申请办理的经过"),
    why=_("每一步何时办的、什么原因，您都能查"),
    how_long=_("一直保留，注销后不带姓名"),
    seen_by=_WHO,
    words={
        "team": _("队伍"),
        "from_state": _("从"),
        "to_state": _("到"),
        "reason": _("原因"),
        "happened_at": _("时间"),
    },
    rows=lambda ids: (
        select(
            Team.name.label("team"),
            MembershipEvent.from_state,
            MembershipEvent.to_state,
            MembershipEvent.reason,
            MembershipEvent.at.label("happened_at"),
        )
        .join(Membership, Membership.id == MembershipEvent.membership_id)
        .join(Team, Team.id == Membership.team_id)
        .where(MembershipEvent.member_id.in_(ids))
        .order_by(MembershipEvent.id)
    ),
    choices={"from_state": _WORDS | {"new": _("新申请")}, "to_state": _WORDS},
)

HELD = Room("teams", _("您的队伍"), (_MEMBERSHIPS, _MOVES))
