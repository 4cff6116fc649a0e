"""What rights mean, in the words of the page that shows what an office may do."""

from __future__ import annotations

from collections.abc import Iterable

from community.core.authz import Perm
from community.core.i18n import Text, _

# In the order in which they are read out; rights that only open a list of others go without a word.
RIGHTS: dict[Perm, Text] = {
    Perm.MEMBER_READ: _("看居民名册"),
    Perm.MEMBER_VERIFY: _("核实身份、暂停和恢复"),
    Perm.MEMBER_MERGE: _("合并重复登记"),
    Perm.PHONE_REVEAL: _("看完整手机号（留记录）"),
    Perm.CODE_MAKE: _("当面开登录码"),
    Perm.CARD_ISSUE: _("发放居民卡"),
    Perm.CARD_USE: _("代刷居民卡"),
    Perm.MEMBERSHIP_READ: _("看队员名单"),
    Perm.MEMBERSHIP_DECIDE: _("审批入队、任免队长"),
    Perm.CHECKIN_READ: _("看打卡记录"),
    Perm.CHECKIN_SETTLE: _("核对存疑打卡"),
    Perm.AREA_MANAGE: _("改区域和楼栋"),
    Perm.POST_MANAGE: _("设岗点、改岗点"),
    Perm.POST_PRINT: _("打印码牌"),
    Perm.POST_INSTALL: _("登记码牌安装"),
    Perm.ANNOUNCEMENT_MANAGE: _("发通知"),
    Perm.BUDGET_READ: _("看积分预算"),
    Perm.BUDGET_MANAGE: _("定积分预算"),
    Perm.AWARD_READ: _("看积分发放"),
    Perm.AWARD_PROPOSE: _("提出补记和更正积分"),
    Perm.AWARD_DECIDE: _("复核积分"),
    Perm.APPEAL_DECIDE: _("答复积分申诉"),
    Perm.RULE_DRAFT: _("起草积分规则"),
    Perm.RULE_PUBLISH: _("公示积分规则"),
    Perm.REWARD_MANAGE: _("管兑换物品"),
    Perm.REWARD_HAND: _("发放兑换物品"),
    Perm.MONTH_READ: _("看月度结账"),
    Perm.MONTH_CLOSE: _("月度结账"),
    Perm.ANOMALY_READ: _("看积分异常提示"),
    Perm.GRANT_READ: _("看谁有什么职务"),
    Perm.GRANT_MANAGE: _("授权和结束授权"),
    Perm.AUDIT_READ: _("看审计记录"),
    Perm.AUDIT_EXPORT: _("导出审计记录"),
}


def rights(perms: Iterable[Perm]) -> list[Text]:
    """Return the words of `perms`, in a fixed order."""
    held = set(perms)
    return [word for perm, word in RIGHTS.items() if perm in held]
