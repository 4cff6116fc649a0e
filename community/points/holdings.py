"""What the room holds on a member, in her words."""

from __future__ import annotations

from sqlalchemy import select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.places.queries import AREA
from community.points.models import (
    Account,
    Appeal,
    Award,
    Entry,
    Lot,
    PointsCase,
    RewardItem,
    RewardOrder,
    Rule,
    RuleObjection,
    RuleUsage,
    Transfer,
    Txn,
)
from community.points.texts import WAITS

_TEN_YEARS = _("至少十年；注销后不带姓名")
_WHO = _("您自己；负责这里的管理员")
_ASSETS = {"points": _("积分"), "minutes": _("分钟")}

_ACCOUNTS = Kept(
    key="accounts",
    title=_("积分账户"),
    why=_("记您在每个镇街有多少积分"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={"town": _("镇街"), "asset": _("种类"), "posted": _("余额"), "held": _("暂扣")},
    rows=lambda ids: (
        select(AREA.c.name.label("town"), Account.asset, Account.posted, Account.held)
        .join(AREA, AREA.c.id == Account.town_id)
        .where(Account.subject_id.in_(ids))
        .order_by(Account.id)
    ),
    choices={"asset": _ASSETS},
    endpoint="points.mine",
)

_LINES = Kept(
    key="lines",
    title=_("积分明细"),
    why=_("每一分都能查到是哪件事、哪条规则、谁定的"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={
        "id": _("编号"),
        "kind": _("种类"),
        "asset": _("积分或分钟"),
        "delta": _("增减"),
        "balance_after": _("余额"),
        "effective_on": _("哪一天"),
        "recorded_at": _("入账时间"),
        "evidence": _("根据"),
        "explain": _("怎么算的"),
        "expires_on": _("有效期到"),
    },
    rows=lambda ids: (
        select(
            Txn.id,
            Txn.kind,
            Transfer.asset,
            Entry.delta,
            Entry.balance_after,
            Txn.effective_on,
            Txn.recorded_at,
            Txn.evidence_ref.label("evidence"),
            Txn.explain,
            Lot.expires_on,
        )
        .join(Transfer, Transfer.txn_id == Txn.id)
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .outerjoin(Lot, Lot.transfer_id == Transfer.id)
        .where(Account.subject_id.in_(ids))
        .order_by(Txn.id, Entry.seq)
    ),
    choices={
        "kind": {
            "award": _("奖励"),
            "redeem": _("兑换"),
            "donate": _("捐赠"),
            "expire": _("到期"),
            "reverse": _("更正"),
            "adjust": _("调整"),
        },
        "asset": _ASSETS,
    },
    endpoint="points.mine",
)

_AWARDS = Kept(
    key="awards",
    title=_("等待或没有发放的积分"),
    why=_("等人核对、等预算的，都说明原因"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={
        "amount": _("分值"),
        "state": _("结果"),
        "reason_code": _("等什么"),
        "earned_at": _("哪件事的时间"),
        "decided_at": _("决定时间"),
        "decision": _("决定"),
        "explain": _("怎么算的"),
    },
    rows=lambda ids: (
        select(
            Award.amount,
            Award.state,
            Award.reason_code,
            Award.earned_at,
            Award.decided_at,
            Award.decision,
            Award.explain,
        )
        .where(Award.subject_id.in_(ids))
        .order_by(Award.id)
    ),
    choices={
        "state": {"held": _("等待中"), "posted": _("已发放"), "refused": _("没有发放")},
        "reason_code": {code: words[0] for code, words in WAITS.items()},
    },
)

_USAGE = Kept(
    key="caps",
    title=_("每天、每小时已计的分"),
    why=_("规则规定了每天和每小时的上限"),
    how_long=_TEN_YEARS,
    seen_by=_("只有您自己"),
    words={"rule": _("规则"), "period": _("时段"), "used": _("已计"), "cap": _("上限")},
    rows=lambda ids: (
        select(Rule.code.label("rule"), RuleUsage.period_key.label("period"), RuleUsage.used, RuleUsage.cap)
        .join(Rule, Rule.id == RuleUsage.rule_id)
        .where(RuleUsage.subject_id.in_(ids))
        .order_by(RuleUsage.period_key)
    ),
)

_CASES = Kept(
    key="cases",
    title=_("补记和更正"),
    why=_("有人提出给您补记积分，或更正记错的积分"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={
        "kind": _("种类"),
        "amount": _("分值"),
        "earned_on": _("哪一天"),
        "reason": _("原因"),
        "state": _("结果"),
        "created_at": _("提出时间"),
        "done_at": _("决定时间"),
        "written_off": _("不追回"),
    },
    rows=lambda ids: (
        select(
            PointsCase.kind,
            PointsCase.amount,
            PointsCase.earned_on,
            PointsCase.reason,
            PointsCase.state,
            PointsCase.created_at,
            PointsCase.done_at,
            PointsCase.written_off,
        )
        .where(PointsCase.subject_id.in_(ids))
        .order_by(PointsCase.id)
    ),
    choices={
        "kind": {"award": _("补记"), "reversal": _("更正")},
        "state": {"open": _("等待中"), "posted": _("已发放"), "refused": _("没有发放")},
    },
)

_APPEALS = Kept(
    key="appeals",
    title=_("积分申诉"),
    why=_("您不同意的，由另一个人重新看"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={
        "about": _("对哪一条"),
        "words": _("您写的"),
        "created_at": _("提出时间"),
        "due_on": _("最晚答复"),
        "state": _("结果"),
        "answer": _("答复"),
        "decided_at": _("决定时间"),
    },
    rows=lambda ids: (
        select(
            Appeal.subject_ref.label("about"),
            Appeal.words,
            Appeal.created_at,
            Appeal.due_on,
            Appeal.state,
            Appeal.answer,
            Appeal.decided_at,
        )
        .where(Appeal.member_id.in_(ids))
        .order_by(Appeal.id)
    ),
    choices={
        "state": {"open": _("等待中"), "upheld": _("维持原来的决定"), "changed": _("已更正"), "withdrawn": _("已撤回")},
    },
)

_ORDERS = Kept(
    key="orders",
    title=_("兑换和捐赠"),
    why=_("您用积分换了什么、在哪里领"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={
        "item": _("物品"),
        "quantity": _("数量"),
        "points": _("积分"),
        "state": _("结果"),
        "created_at": _("提出时间"),
        "expires_at": _("最晚领取"),
        "done_at": _("完成时间"),
        "words": _("说明"),
    },
    rows=lambda ids: (
        select(
            RewardItem.name_zh.label("item"),
            RewardOrder.quantity,
            RewardOrder.points,
            RewardOrder.state,
            RewardOrder.created_at,
            RewardOrder.expires_at,
            RewardOrder.done_at,
            RewardOrder.words,
        )
        .join(RewardItem, RewardItem.id == RewardOrder.item_id)
        .where(RewardOrder.member_id.in_(ids))
        .order_by(RewardOrder.id)
    ),
    choices={
        "state": {
            "reserved": _("待领取"),
            "collected": _("已领取"),
            "cancelled": _("已取消"),
            "expired": _("过期未领"),
            "refused": _("没有发放"),
            "donated": _("已捐赠"),
        },
    },
)

_OBJECTIONS = Kept(
    key="objections",
    title=_("对积分规则的意见"),
    why=_("公示期内的意见都要答复"),
    how_long=_TEN_YEARS,
    seen_by=_WHO,
    words={"words": _("您写的"), "at": _("提出时间"), "answer": _("答复"), "answered_at": _("决定时间")},
    rows=lambda ids: (
        select(RuleObjection.words, RuleObjection.at, RuleObjection.answer, RuleObjection.answered_at)
        .where(RuleObjection.member_id.in_(ids))
        .order_by(RuleObjection.id)
    ),
)

HELD = Room("points", _("您的积分"), (_ACCOUNTS, _LINES, _AWARDS, _USAGE, _CASES, _APPEALS, _ORDERS, _OBJECTIONS))
