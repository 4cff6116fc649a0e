"""What the room holds on a member, in her words."""

from __future__ import annotations

from sqlalchemy import func, select

from community.core.holdings import Kept, Room
from community.core.i18n import _
from community.places.queries import AREA
from community.points.models import (
    Account,
    Appeal,
    Award,
    BoardName,
    Entry,
    ExpiryNotice,
    FamilyPot,
    Lot,
    PointsCase,
    PotSeat,
    PotShare,
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
            func.coalesce(Appeal.raised_until, Appeal.due_on).label("due_on"),
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

_NOTICES = Kept(
    key="notices",
    title=_("到期提醒"),
    why=_("每一批积分到期前 60、30、7 天各提醒一次，不重复"),
    how_long=_("到期 30 天后删除"),
    seen_by=_("只有您自己"),
    words={"expires_on": _("有效期到"), "days_before": _("提前几天"), "told_at": _("提醒时间")},
    rows=lambda ids: (
        select(ExpiryNotice.expires_on, ExpiryNotice.days_before, ExpiryNotice.at.label("told_at"))
        .join(Account, Account.id == ExpiryNotice.account_id)
        .where(Account.subject_id.in_(ids))
        .order_by(ExpiryNotice.expires_on, ExpiryNotice.days_before.desc())
    ),
)

_BOARD = Kept(
    key="board",
    title=_("邻里榜上的名字"),
    why=_("您自己选的，别人看到的是化名或姓和星号"),
    how_long=_("您下榜就删除；注销时也删除"),
    seen_by=_("所有人"),
    words={"town": _("镇街"), "alias": _("化名"), "chosen_at": _("上榜时间")},
    rows=lambda ids: (
        select(AREA.c.name.label("town"), BoardName.alias, BoardName.chosen_at)
        .join(AREA, AREA.c.id == BoardName.town_id)
        .where(BoardName.member_id.in_(ids))
        .order_by(BoardName.chosen_at)
    ),
    endpoint="points.board",
)

_POTS = Kept(
    key="family_pots",
    title=_("家庭共用"),
    why=_("您同意家里人用您的积分换东西，每月最多多少由您定"),
    how_long=_TEN_YEARS,
    seen_by=_("您自己；同一个家庭共用里的人看得到您的称呼，看不到您的积分"),
    words={
        "joined_at": _("加入时间"),
        "cap": _("每月最多"),
        "left_at": _("退出时间"),
        "founded": _("是您建的"),
    },
    rows=lambda ids: (
        select(PotSeat.joined_at, PotSeat.cap, PotSeat.left_at, FamilyPot.founder_id.in_(ids).label("founded"))
        .join(FamilyPot, FamilyPot.id == PotSeat.pot_id)
        .where(PotSeat.member_id.in_(ids))
        .order_by(PotSeat.seat_id)
    ),
)

_SHARES = Kept(
    key="pot_shares",
    title=_("家里人用了您的积分"),
    why=_("每一次是哪份兑换、用了多少，您都能查到"),
    how_long=_TEN_YEARS,
    seen_by=_("您自己；用了积分的家里人"),
    words={"amount": _("积分"), "at": _("时间"), "item": _("物品")},
    rows=lambda ids: (
        select(PotShare.amount, PotShare.at, RewardItem.name_zh.label("item"))
        .join(RewardOrder, RewardOrder.id == PotShare.order_id)
        .join(RewardItem, RewardItem.id == RewardOrder.item_id)
        .where(PotShare.payer_id.in_(ids))
        .order_by(PotShare.at)
    ),
)

HELD = Room(
    "points",
    _("您的积分"),
    (_ACCOUNTS, _LINES, _AWARDS, _USAGE, _CASES, _APPEALS, _ORDERS, _OBJECTIONS, _NOTICES, _BOARD, _POTS, _SHARES),
)
