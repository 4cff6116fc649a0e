"""What each check of the ledger promises, in words for everybody; codes as in `queries.invariants`."""

from __future__ import annotations

from community.core.i18n import Text, _

PROMISES: dict[str, Text] = {
    "I1": _("余额等于全部进出的总和"),
    "I2": _("每一行都接着上一行，没有缺号"),
    "I3": _("最新一行就是现在的余额"),
    "I4": _("各批积分加起来等于余额"),
    "I5": _("每一批用掉多少都有记录"),
    "I6": _("暂扣的积分都有对应的兑换"),
    "I7": _("每笔支出都落到具体批次"),
    "I8": _("过期的积分没有被用掉"),
    "I9": _("礼品的预留和待领的兑换一致"),
    "I10": _("每笔都已封存，封存以后没有改过"),
    "I11": _("更正不超过原数，更正不能再更正"),
    "I12": _("规则上限用了多少，就是发了多少"),
    "I13": _("居民账户和系统账户互相抵消"),
    "I14": _("发放减去兑换、到期和更正，等于大家手里的"),
    "I15": _("从第一笔重新算一遍，结果一样"),
    "B1": _("预算付出的等于发放的"),
    "B2": _("预算有多少，决议就定了多少"),
    "S1": _("礼品库存等于进货减去发出"),
    "D1": _("写明是谁同意的，就真有那个人同意"),
    "C1": _("以前抄下的链尾，现在还在链上"),
    "C2": _("没有哪一笔迟迟不封存"),
    "C3": _("每次核对都是程序自己做的"),
    "R1": _("规则停用都有决议"),
    "R2": _("发放用的都是本镇街的规则"),
    "N1": _("设置、价格和答复没有被人手改"),
    "A1": _("等过的积分只发一次"),
    "M1": _("公示过的月份没有变"),
}
SUMS: dict[str, Text] = {
    "opening": _("月初"),
    "issued": _("发放"),
    "redeemed": _("兑换"),
    "donated": _("捐赠"),
    "expired": _("到期"),
    "reversed": _("更正"),
    "adjusted": _("期初和宽限"),
    "closing": _("月末"),
}
# With which sign a sum counts.
SIGNS = {"redeemed": "−", "donated": "−", "expired": "−", "reversed": "−", "issued": "+", "adjusted": "+"}
ASSETS: dict[str, Text] = {"points": _("积分"), "minutes": _("服务分钟")}
