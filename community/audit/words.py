"""The log's vocabulary: what each act, thing and note is called on pages and in files. Nobody has to read codes.

As `core.authz.Perm` lists every right, this lists every act that any room writes; a test compares it with the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from community.core.i18n import Text, _

ACTS: dict[str, Text] = {
    "audit.look": _("看了资料"),
    "audit.export": _("导出了审计记录"),
    "access.grant": _("授了权"),
    "access.change": _("改了授权的结束日期"),
    "access.end": _("结束了授权"),
    "people.register": _("登记了居民"),
    "people.verify": _("核实了身份"),
    "people.unverify": _("撤回了核实"),
    "people.guardian": _("登记了监护人的同意"),
    "people.suspend": _("暂停了账号"),
    "people.reinstate": _("恢复了账号"),
    "people.merge": _("合并了登记"),
    "people.correct": _("更正了自己的资料"),
    "people.password": _("设了密码"),
    "people.sessions_ended": _("退出了所有手机"),
    "people.code_made": _("开了一次性口令"),
    "people.code_used": _("用口令登录"),
    "people.waits_lifted": _("解除了登录等待"),
    "people.withdraw_service": _("撤回了登记的同意"),
    "people.export": _("申请了自己的资料"),
    "people.ask_export": _("申请了自己的资料"),
    "people.ask_erase": _("申请注销"),
    "people.keep": _("撤回了注销申请"),
    "people.erase": _("注销了账号"),
    "people.card_issue": _("发了居民卡"),
    "people.card_revoke": _("作废了居民卡"),
    "people.card_print": _("打印了居民卡"),
    "people.mandate_give": _("给了代办授权"),
    "people.mandate_end": _("停了代办授权"),
    "people.mandate_act": _("代办了一件事"),
    "teams.apply": _("申请入队"),
    "teams.activate": _("正式入队"),
    "teams.leave": _("退出队伍"),
    "teams.approve": _("通过了入队申请"),
    "teams.refuse": _("没有通过入队申请"),
    "teams.remove": _("请人离队"),
    "teams.role": _("改了队里的职务"),
    "teams.undo": _("撤销了刚才的审批"),
    "patrols.set_right": _("按申诉把打卡改为有效"),
    "patrols.settle": _("核对了存疑打卡"),
    "patrols.undo": _("撤销了刚才的核对"),
    "patrols.proxy": _("代邻居打卡"),
    "points.fund": _("登记了积分预算"),
    "points.review": _("复核了积分"),
    "points.unreview": _("撤销了刚才的复核"),
    "points.propose": _("提出了补记或更正"),
    "points.decide": _("定了补记或更正"),
    "points.undecide": _("撤销了刚才的决定"),
    "points.appeal": _("申诉了积分"),
    "points.appeal_withdraw": _("撤回了积分申诉"),
    "points.forget_evidence": _("删除了到期的凭证照片"),
    "points.appeal_agree": _("同意了申诉，等另一位"),
    "points.alias_down": _("撤下了邻里榜上的化名"),
    "points.appeal_raise": _("申诉过了日子，转到上一级"),
    "points.appeal_decide": _("答复了积分申诉"),
    "points.budget_move": _("改了积分预算"),
    "points.family_join": _("加入了家庭共用"),
    "points.family_agree": _("同意了家里人"),
    "points.family_cap": _("改了家庭共用的上限"),
    "points.family_leave": _("退出了家庭共用"),
    "points.month_draft": _("起草了月结"),
    "points.month_agree": _("同意公示积分月结，等另一位"),
    "points.month_publish": _("公示了月结"),
    "points.anomaly_look": _("看了反常提示"),
    "points.terms": _("改了积分的办理规定"),
    "points.export": _("导出了积分账"),
    "points.import_opening": _("转入了期初余额"),
    "points.hand_over": _("发放了兑换物品"),
    "points.order_refuse": _("没有发放兑换物品"),
    "points.reward_create": _("添了奖品"),
    "points.reward_change": _("改了奖品"),
    "points.reward_open": _("上架了奖品"),
    "points.reward_close": _("下架了奖品"),
    "points.reward_picture": _("换了奖品的照片"),
    "points.stock": _("改了库存"),
    "points.supplier_add": _("登记了供应方"),
    "points.supplier_close": _("停用了供应方"),
    "points.rules_draft": _("起草了积分规则"),
    "points.rules_simulate": _("试算了积分规则"),
    "points.rules_publish": _("公示了积分规则"),
    "points.rules_answer": _("答复了异议"),
    "points.rules_withdraw": _("撤回了积分规则"),
    "points.rules_in_force": _("积分规则施行了"),
    "points.rules_postponed": _("积分规则推迟施行"),
    "places.create": _("设了岗点"),
    "places.edit": _("改了岗点"),
    "places.move": _("移了岗点"),
    "places.pause": _("暂停了岗点"),
    "places.resume": _("恢复了岗点"),
    "places.retire": _("撤了岗点"),
    "places.print": _("打印了码牌"),
    "places.revoke": _("作废了码牌"),
    "places.withdraw": _("作废了码牌"),
    "places.install": _("登记了码牌安装"),
    "places.run": _("整片打印了码牌"),
    "places.area_create": _("建了区域"),
    "places.area_edit": _("改了区域"),
    "places.area_move": _("移了区域"),
    "places.area_close": _("停用了区域"),
    "places.area_reopen": _("恢复了区域"),
    "places.unit_create": _("添了房号"),
    "places.unit_edit": _("改了房号"),
    "places.unit_move": _("移了房号"),
    "places.unit_close": _("停用了房号"),
    "places.fake_settle": _("假码报告"),
    "places.export": _("导出"),
    "places.import": _("导入了表格"),
    "places.import_check": _("试读了导入表格"),
    "places.import_confirm": _("确认了导入"),
    "places.import_stop": _("停了导入"),
    "places.import_failed": _("导入没有成功"),
    "places.import_done": _("导入完成"),
    "messages.announced": _("发了公告"),
    "messages.withdrew": _("撤回了公告"),
    "demo.load": _("装入了示例数据"),
}
# An act of a room that has no word yet; a test keeps this from happening.
OTHER = _("其他操作")


class Looked(NamedTuple):
    """A page that shows a person's data: what auditors call it, and what it is called to herself."""

    page: Text
    hers: Text


# Every page that leaves a look, once; a test holds the marked routes against it.
LOOKS: dict[str, Looked] = {
    "people.desk_person": Looked(_("居民页"), _("您的居民页")),
    "people.merge_page": Looked(_("合并登记的对比"), _("您的两份登记的对比")),
    "people.phone": Looked(_("完整手机号"), _("您的完整手机号")),
    "people.code_page": Looked(_("开口令的页面"), _("给您开口令的页面")),
    "people.desk_erase": Looked(_("注销的页面"), _("替您办注销的页面")),
    "people.card": Looked(_("队员卡"), _("您的志愿卡")),
    "patrols.card": Looked(_("扫队员卡"), _("扫您的志愿卡")),
    "access.new_grant": Looked(_("授权的页面"), _("给您职务的页面")),
    "people.mandate": Looked(_("登记代办的页面"), _("替您登记代办的页面")),
    "people.mandate_page": Looked(_("代办授权"), _("您的代办授权")),
    "people.mandate_paper": Looked(_("代办签字的纸"), _("您签字的代办的纸")),
    "points.helped": Looked(_("代办时看的积分"), _("代办时看了您的积分")),
    "points.award": Looked(_("一笔积分的依据"), _("您的一笔积分")),
    "points.case_page": Looked(_("补记或更正积分的页面"), _("给您补记或更正积分的页面")),
    "points.then": Looked(_("积分在某一天"), _("您的积分在某一天")),
    "points.appeal_page": Looked(_("积分申诉"), _("您的积分申诉")),
}
# A page of an older or newer program.
OTHER_LOOK = Looked(_("其他页面"), _("其他页面"))

THINGS: dict[str, Text] = {
    "member": _("居民"),
    "mandate": _("代办授权"),
    "family_pot": _("家庭共用"),
    "membership": _("队伍成员"),
    "checkin": _("打卡"),
    "post": _("岗点"),
    "post_print": _("码牌"),
    "area": _("区域"),
    "unit": _("房号"),
    "import_run": _("导入"),
    "fake_sign": _("假码报告"),
    "announcement": _("公告"),
    "award": _("待发放的积分"),
    "points_case": _("补记和更正"),
    "appeal": _("积分申诉"),
    "rule_set": _("积分规则"),
    "member_card": _("居民卡"),
    "card": _("居民卡"),
    "export": _("导出的文件"),
    "order": _("兑换"),
    "reward": _("奖品"),
    "supplier": _("供应方"),
}

# What a note is about, and what its values are called. A note without a word here is for programs and not shown.
NOTES: dict[str, Text] = {
    "role": _("职务"),
    "place": _("在哪里"),
    "until": _("到"),
    "to": _("结果"),
    "state": _("现在"),
    "fields": _("改了"),
    "before": _("原来"),
    "how": _("方式"),
    "rows": _("行数"),
    "number": _("编号"),
    "digest": _("文件指纹"),
    "filters": _("条件"),
    "amount": _("积分"),
    "year": _("年度"),
    "minutes": _("分钟"),
    "fen": _("单价（分钱）"),
    "month": _("月份"),
    "reward": _("奖品"),
    "points": _("积分"),
    "quantity": _("数量"),
    "delta": _("增减"),
    "on_hand": _("库存"),
    "act": _("办了什么"),
    "instead": _("怎么办的"),
}
VALUES: dict[str, Text] = {
    "village_admin": _("村社管理员"),
    "town_admin": _("镇街管理员"),
    "district_office": _("区平安办"),
    "association_admin": _("联合会管理员"),
    "grid_worker": _("网格员"),
    "team_leader": _("队长"),
    "system_admin": _("系统管理员"),
    "leader": _("队长"),
    "deputy": _("副队长"),
    "member": _("队员"),
    "applied": _("等审批"),
    "waiting_guardian": _("等监护人"),
    "approved": _("已通过"),
    "active": _("在队"),
    "refused": _("没有通过"),
    "left": _("已离队"),
    "accepted": _("有效"),
    "rejected": _("无效"),
    "flagged": _("存疑"),
    "name": _("称呼"),
    "phone": _("手机号"),
    "upheld": _("维持原来的决定"),
    "changed": _("已更正"),
    "printed": _("打印"),
    "read_out": _("当面读出"),
    "sms": _("短信"),
    "own": _("本人确认"),
    "paper": _("纸面签字"),
    "guardian": _("监护人签字"),
    "mandate": _("代办"),
    "redeem": _("兑换"),
    "donate": _("捐赠"),
    "cancel": _("取消兑换"),
    "appeal": _("申诉"),
    "withdraw": _("撤回申诉"),
}


def choices(named: dict[str, Text]) -> list[tuple[str, Text]]:
    """Return (codes, word) for a list to choose from, each word once: codes of one word are joined by a comma."""
    codes: dict[str, list[str]] = {}
    for code, word in named.items():
        codes.setdefault(str(word), []).append(code)
    return [(",".join(same), named[same[0]]) for same in codes.values()]


def act(code: str) -> Text:
    """Return what an act is called."""
    return ACTS.get(code, OTHER)


def thing(code: str) -> Text:
    """Return what a kind of object is called."""
    return THINGS.get(code, _("其他"))


def doer(system: str) -> Text:
    """Return who did it when nobody signed in did: a command typed on the server, or the system by a rule."""
    return _("服务器命令") if system.startswith("flask ") else _("系统")


def notes(code: str, details: Mapping[str, Any]) -> Iterator[tuple[Text, Text]]:
    """Yield (word, value) of what was noted beside an act, as far as people can read it."""
    if code == "audit.look":
        yield _("看了"), LOOKS.get(str(details.get("why")), OTHER_LOOK).page
        return
    for name, word in NOTES.items():
        value = details.get(name)
        if value not in (None, "", []):
            yield word, _value(name, value)


def _value(name: str, value: Any) -> Text:
    if isinstance(value, list):
        return str(_("、")).join(str(VALUES.get(str(one), one)) for one in value)
    if name == "until":
        return str(value)[:10]
    if name == "digest":
        # Enough to compare by eye; the whole one stays in the log.
        return str(value)[:12]
    return VALUES.get(str(value), str(value))
