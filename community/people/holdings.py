"""What the room holds on a member, in her words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from community.core.holdings import Kept, Room, Rows
from community.core.i18n import _
from community.people import phones
from community.people.consents import titles
from community.people.models import (
    Consent,
    Mandate,
    MandateAct,
    MandateRequest,
    Member,
    MemberArea,
    MemberCard,
    PrivacyRequest,
    SignInCode,
)
from community.people.queries import MEMBER
from community.places.queries import AREA

_UNTIL_ERASED = _("到您注销为止")
_ADMINS = _("您自己；负责您片区的管理员，每看一次都留记录")
_M, _AREA = Member.__table__.c, AREA.c


def _person(ids: Sequence[int]) -> Rows:
    return (
        select(
            _M.display_name, _M.phone_cipher.label("phone"), _M.age_band, _M.guardian_name,
            _M.guardian_phone_cipher.label("guardian_phone"), _M.guardian_at, _AREA.name.label("home"), _M.status,
            _M.status_reason, _M.verified_at, _M.password_hash.is_not(None).label("has_password"), _M.language,
            _M.text_size, _M.created_at,
        )
        .outerjoin(AREA, _AREA.id == _M.home_area_id)
        # What was merged into her registration is hers too.
        .where(or_(_M.id.in_(ids), _M.merged_into.in_(ids)))
        .order_by(_M.id)
    )  # fmt: skip


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: phones.whole(row[name]) or None for name in ("phone", "guardian_phone")}


PERSON = Kept(
    key="person",
    title=_("您的登记"),
    why=_("知道您是谁、怎么称呼、怎么联系您"),
    how_long=_("到您注销为止；没有核对过的登记，一年后自动删除"),
    seen_by=_("您自己；负责您片区的管理员，手机号中间打星号，每看一次都留记录"),
    words={
        "display_name": _("称呼"),
        "phone": _("手机"),
        "age_band": _("年龄段"),
        "guardian_name": _("监护人称呼"),
        "guardian_phone": _("监护人手机号"),
        "guardian_at": _("监护人同意的时间"),
        "home": _("住在"),
        "status": _("状态"),
        "status_reason": _("暂停的原因"),
        "verified_at": _("核对身份的时间"),
        "has_password": _("设了密码"),
        "language": _("语言"),
        "text_size": _("字号"),
        "created_at": _("登记时间"),
    },
    rows=_person,
    choices={
        "age_band": {"14-17": _("14–17 岁"), "18-59": _("18–59 岁"), "60+": _("60 岁以上")},
        "status": {
            "active": _("正常"),
            "suspended": _("已暂停"),
            "merged": _("已合并"),
            "left": _("已退出"),
        },
        "text_size": {"std": _("标准"), "large": _("大字"), "xlarge": _("特大")},
        "language": {"zh": _("中文"), "en": _("英文")},
    },
    told=_whole,
    endpoint="people.details",
)

_AREAS = Kept(
    key="areas",
    title=_("队伍带来的片区"),
    why=_("您服务的片区的管理员才看得到您"),
    how_long=_("退出队伍时删除"),
    seen_by=_ADMINS,
    words={"area": _("片区")},
    rows=lambda ids: (
        select(_AREA.name.label("area"))
        .join(MemberArea.__table__, MemberArea.area_id == _AREA.id)
        .where(MemberArea.member_id.in_(ids))
        .order_by(_AREA.path)
    ),
)

_CONSENTS = Kept(
    key="consents",
    title=_("您同意过的"),
    why=_("证明我们问过您，以及您什么时候同意、什么时候撤回"),
    how_long=_("注销后再留三年，不带姓名，之后删除"),
    seen_by=_("只有您自己"),
    words={
        "scope": _("内容"),
        "version": _("版本"),
        "text_digest": _("全文指纹"),
        "given_at": _("同意时间"),
        "withdrawn_at": _("撤回时间"),
    },
    rows=lambda ids: (
        select(Consent.scope, Consent.version, Consent.text_digest, Consent.given_at, Consent.withdrawn_at)
        .where(Consent.member_id.in_(ids))
        .order_by(Consent.id)
    ),
    choices={"scope": titles()},
    endpoint="home.consents",
)

_CARDS = Kept(
    key="cards",
    title=_("纸质志愿卡"),
    why=_("没有手机也能由队长代为打卡"),
    how_long=_("注销时作废；编号留作核对，不带姓名"),
    seen_by=_ADMINS,
    words={
        "number": _("编号"),
        "issued_at": _("发卡时间"),
        "revoked_at": _("作废时间"),
        "revoked_why": _("作废原因"),
    },
    rows=lambda ids: (
        select(MemberCard.number, MemberCard.issued_at, MemberCard.revoked_at, MemberCard.revoked_why)
        .where(MemberCard.member_id.in_(ids))
        .order_by(MemberCard.id)
    ),
)

_CODES = Kept(
    key="sign_in_codes",
    title=_("一次性登录码"),
    why=_("忘记密码时帮您登录"),
    how_long=_("过期 30 天后删除；码本身不保存"),
    seen_by=_("您自己；给您发码的人"),
    words={
        "how": _("方式"),
        "why": _("说明"),
        "created_at": _("发码时间"),
        "expires_at": _("失效时间"),
        "used_at": _("使用时间"),
    },
    rows=lambda ids: (
        select(SignInCode.how, SignInCode.why, SignInCode.created_at, SignInCode.expires_at, SignInCode.used_at)
        .where(SignInCode.member_id.in_(ids))
        .order_by(SignInCode.id)
    ),
    choices={"how": {"printed": _("打印"), "read_out": _("念给您听"), "sms": _("短信")}},
)

_REQUESTS = Kept(
    key="requests",
    title=_("您的导出和注销申请"),
    why=_("证明我们按时办了"),
    how_long=_("一直保留，注销后不带姓名"),
    seen_by=_("您自己；负责您片区的管理员"),
    words={
        "kind": _("申请"),
        "state": _("办到哪一步"),
        "asked_at": _("申请时间"),
        "due_at": _("最晚"),
        "done_at": _("办完时间"),
        "details": _("说明"),
    },
    rows=lambda ids: (
        select(
            PrivacyRequest.kind,
            PrivacyRequest.state,
            PrivacyRequest.asked_at,
            PrivacyRequest.due_at,
            PrivacyRequest.done_at,
            PrivacyRequest.details,
        )
        .where(PrivacyRequest.member_id.in_(ids))
        .order_by(PrivacyRequest.id)
    ),
    choices={
        "kind": {"export": _("导出"), "erase": _("注销")},
        "state": {"asked": _("等办理"), "done": _("已办"), "withdrawn": _("已撤回")},
    },
    endpoint="home.export",
)

_GIVERS, _HELPERS = MEMBER.alias("giver"), MEMBER.alias("helper")
_GIVER, _HELPER = _GIVERS.c, _HELPERS.c
_WAYS = {"own": _("本人确认"), "paper": _("纸面签字"), "guardian": _("监护人签字")}

_MANDATES = Kept(
    key="mandates",
    title=_("代办授权"),
    why=_("证明谁可以替谁看积分、兑换和申诉，到哪天为止"),
    how_long=_("至少十年，注销后不带姓名；签字的照片在结束 90 天后删除"),
    seen_by=_("授权的双方；当面登记的人和负责您片区的管理员"),
    words={
        "giver": _("谁的事"),
        "helper": _("谁代办"),
        "from_on": _("从"),
        "until_on": _("到"),
        "may_redeem": _("可以兑换"),
        "may_appeal": _("可以申诉"),
        "how": _("方式"),
        "given_at": _("授权时间"),
        "ended_at": _("停掉的时间"),
        "end_words": _("停掉的原因"),
    },
    rows=lambda ids: (
        select(
            _GIVER.display_name.label("giver"),
            _HELPER.display_name.label("helper"),
            Mandate.from_on,
            Mandate.until_on,
            Mandate.may_redeem,
            Mandate.may_appeal,
            Mandate.how,
            Mandate.given_at,
            Mandate.ended_at,
            Mandate.end_words,
        )
        .join(_GIVERS, _GIVER.id == Mandate.principal_id)
        .join(_HELPERS, _HELPER.id == Mandate.helper_id)
        .where(or_(Mandate.principal_id.in_(ids), Mandate.helper_id.in_(ids)))
        .order_by(Mandate.mandate_id)
    ),
    choices={"how": _WAYS},
    endpoint="people.mandates",
)

_ACTS = Kept(
    key="mandate_acts",
    title=_("代办了什么"),
    why=_("每一件代办的事，您都能查到是谁、哪天办的"),
    how_long=_("至少十年，注销后不带姓名"),
    seen_by=_("授权的双方；当面登记的人和负责您片区的管理员"),
    words={"giver": _("谁的事"), "helper": _("谁代办"), "act": _("办了什么"), "at": _("时间")},
    rows=lambda ids: (
        select(_GIVER.display_name.label("giver"), _HELPER.display_name.label("helper"), MandateAct.act, MandateAct.at)
        .join(_GIVERS, _GIVER.id == MandateAct.principal_id)
        .join(_HELPERS, _HELPER.id == MandateAct.helper_id)
        .where(or_(MandateAct.principal_id.in_(ids), MandateAct.helper_id.in_(ids)))
        .order_by(MandateAct.id)
    ),
    choices={
        "act": {
            "redeem": _("兑换"),
            "donate": _("捐赠"),
            "cancel": _("取消兑换"),
            "appeal": _("申诉"),
            "withdraw": _("撤回申诉"),
        }
    },
)

_OFFERS = Kept(
    key="mandate_requests",
    title=_("您提出的代办"),
    why=_("对方用这个码确认，由您代办"),
    how_long=_("用过或过期 30 天后删除"),
    seen_by=_("您自己；拿到码的人"),
    words={
        "may_redeem": _("可以兑换"),
        "may_appeal": _("可以申诉"),
        "until_on": _("到"),
        "created_at": _("提出时间"),
        "expires_at": _("失效时间"),
        "closed_at": _("用过或停掉的时间"),
    },
    rows=lambda ids: (
        select(
            MandateRequest.may_redeem,
            MandateRequest.may_appeal,
            MandateRequest.until_on,
            MandateRequest.created_at,
            MandateRequest.expires_at,
            MandateRequest.closed_at,
        )
        .where(MandateRequest.helper_id.in_(ids))
        .order_by(MandateRequest.id)
    ),
)

HELD = Room("people", _("您是谁"), (PERSON, _AREAS, _CONSENTS, _CARDS, _CODES, _REQUESTS, _MANDATES, _ACTS, _OFFERS))
