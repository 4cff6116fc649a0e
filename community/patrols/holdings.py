"""What the room holds on a member, in her words. There are no coordinates to hold."""

from __future__ import annotations

from sqlalchemy import select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.patrols.models import Attempt, CheckIn, CheckInEvent
from community.patrols.texts import BANDS, GRADES, STATUSES
from community.places import queries as places

_POST = places.POST.c
_WHO = _("您自己；您的队长；负责这里的管理员")

_CHECKINS = Kept(
    key="checkins",
    title=_("打卡"),
    why=_("证明您的服务，发积分，核对争议"),
    how_long=_("一直保留，注销后不带姓名，也不再和手机相连"),
    seen_by=_WHO,
    words={
        "id": _("编号"),
        "post": _("所在岗点"),
        "kind": _("种类"),
        "used_at": _("时间"),
        "lo_at": _("最早可能"),
        "hi_at": _("最晚可能"),
        "claimed_at": _("手机上的时间"),
        "received_at": _("收到"),
        "band": _("离岗点"),
        "far_m": _("多远（米，按 100 米取整）"),
        "grade": _("证据"),
        "status": _("结果"),
        "code": _("说明代码"),
        "notes": _("附注代码"),
        "src": _("怎么打的"),
        "device": _("手机的随机编号"),
    },
    rows=lambda ids: (
        select(
            CheckIn.id,
            _POST.name.label("post"),
            CheckIn.kind,
            CheckIn.used_at,
            CheckIn.lo.label("lo_at"),
            CheckIn.hi.label("hi_at"),
            CheckIn.claimed_at,
            CheckIn.received_at,
            CheckIn.band,
            CheckIn.far_m,
            CheckIn.grade,
            CheckIn.status,
            CheckIn.code,
            CheckIn.notes,
            CheckIn.src,
            CheckIn.device,
        )
        .join(places.POST, _POST.id == CheckIn.post_id)
        .where(CheckIn.member_id.in_(ids))
        .order_by(CheckIn.used_at)
    ),
    choices={
        "kind": {"in": _("到岗"), "pass": _("经过"), "out": _("离岗")},
        "band": BANDS,
        "grade": GRADES,
        "status": STATUSES,
        "src": {"poster": _("扫牌子"), "typed": _("输入 8 位码"), "card": _("志愿卡")},
    },
    endpoint="patrols.mine",
)

_MOVES = Kept(
    key="checkin_moves",
    title=_("打卡核对的经过"),
    why=_("每次核对何时办的、什么理由，您都能查"),
    how_long=_("一直保留，注销后不带姓名"),
    seen_by=_WHO,
    words={
        "checkin": _("打卡编号"),
        "from_status": _("从"),
        "to_status": _("到"),
        "reason": _("理由"),
        "happened_at": _("时间"),
    },
    rows=lambda ids: (
        select(
            CheckInEvent.checkin_id.label("checkin"),
            CheckInEvent.from_status,
            CheckInEvent.to_status,
            CheckInEvent.reason,
            CheckInEvent.at.label("happened_at"),
        )
        .where(CheckInEvent.member_id.in_(ids))
        .order_by(CheckInEvent.id)
    ),
    choices={"from_status": {**STATUSES, "new": _("新打卡")}, "to_status": STATUSES},
)

_FOR_OTHERS = Kept(
    key="checkins_for_others",
    title=_("您替别人打的卡"),
    why=_("用志愿卡代打卡要查得到是谁经手"),
    how_long=_("一直保留，注销后不带姓名"),
    seen_by=_WHO,
    words={"post": _("所在岗点"), "used_at": _("时间"), "status": _("结果")},
    rows=lambda ids: (
        select(_POST.name.label("post"), CheckIn.used_at, CheckIn.status)
        .join(places.POST, _POST.id == CheckIn.post_id)
        .where(CheckIn.proxy_id.in_(ids))
        .order_by(CheckIn.used_at)
    ),
    choices={"status": STATUSES},
)

_ATTEMPTS = Kept(
    key="attempts",
    title=_("没有成功的扫码"),
    why=_("帮您查为什么没打上"),
    how_long=_("30 天后删除"),
    seen_by=_("您自己；维护网站的人"),
    words={"post": _("所在岗点"), "code": _("原因代码"), "src": _("怎么打的"), "happened_at": _("时间")},
    rows=lambda ids: (
        select(_POST.name.label("post"), Attempt.code, Attempt.src, Attempt.at.label("happened_at"))
        .outerjoin(places.POST, _POST.id == Attempt.post_id)
        .where(Attempt.member_id.in_(ids))
        .order_by(Attempt.at)
    ),
)

HELD = Room("patrols", _("您的打卡"), (_CHECKINS, _MOVES, _FOR_OTHERS, _ATTEMPTS))
