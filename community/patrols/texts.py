"""The words of checkin.md §2.12: plain, never accusing. Codes are those of the decision table."""

from __future__ import annotations

from community.core.i18n import Text, _
from community.messages import kinds

# What a flag or note means for the person.
CODES: dict[str, Text] = {
    "double_scan": _("您刚才已在这里打过卡，不用重复。"),
    "poster_old": _("这张牌子快要换新了，本次照常有效。"),
    "post_paused": _("这个岗点暂停或搬走了。打卡已保存，等队长确认后计分。"),
    "walk_in": _("不在您的队伍范围内，这里对所有人开放，照常有效。"),
    "geo_far": _("手机定位离岗点较远，可能是漂移。打卡已保存，积分等人核对后发放。"),
    "geo_none": _("没有定位也没关系，照常有效，时长照算。"),
    "geo_coarse": _("手机定位比较粗，照常有效，时长照算。"),
    "too_fast": _("和上一个岗点隔得太近，走路来不及。打卡已保存，等人核对。"),
    "burst": _("十分钟内打卡的岗点太多。打卡已保存，等人核对。"),
    "proxy_many": _("这位队长今天替很多人打了卡。打卡已保存，等人核对。"),
    "shared_device": _("十分钟内有几个人用这部手机打卡。打卡已保存，等人核对。"),
}

GRADES: dict[str, Text] = {
    "A": _("动态码或同伴确认"),
    "B": _("牌子加定位相符"),
    "C": _("只有牌子"),
    "D": _("手工输入的码"),
}

# How to get a better grade, without blame.
BETTER: dict[str, Text] = {
    "C": _("下次点打卡时允许定位，就是 B 级。"),
    "D": _("下次用手机相机扫牌子上的码，就是 C 级以上。"),
}

BANDS: dict[str, Text] = {
    "near": _("在岗点范围内"),
    "compatible": _("与岗点相符"),
    "coarse": _("定位较粗"),
    "far": _("离岗点较远"),
    "none": _("没有定位"),
}

STATUSES: dict[str, Text] = {
    "accepted": _("有效"),
    "flagged": _("待核对"),
    "rejected": _("无效"),
}

REFUSALS: dict[str, tuple[Text, Text]] = {
    "suspended": (_("您的账号暂停了"), _("打卡没有记录。请联系社区或队长了解原因，恢复后再打卡。")),
    "guardian_needed": (
        _("等监护人同意后再打卡"),
        _("打卡没有记录。您未满 18 岁，监护人同意登记好以后就可以打卡；社区会联系监护人。"),
    ),
    "minor_at_night": (
        _("晚上不安排未成年人"),
        _("打卡没有记录。晚上九点到早上六点请在家休息，白天的活动欢迎您。"),
    ),
    "not_member": (
        _("这里只给志愿队员打卡"),
        _("打卡没有记录。您还不在负责这里的队伍里：可以申请加入，或请队长代签。"),
    ),
    "no_consent": (
        _("还没有同意打卡须知"),
        _("打卡没有记录。请看完页面上的说明，点“同意并打卡”。不同意也可以浏览和申请。"),
    ),
}


# The same refusals, told to the leader who holds the member's card.
PROXY_REFUSALS: dict[str, Text] = {
    "suspended": _("她的账号暂停了，请社区处理好再打卡。"),
    "guardian_needed": _("她未满 18 岁，要等监护人同意登记好。"),
    "minor_at_night": _("她未满 18 岁，晚上九点到早上六点请她在家休息。"),
    "not_member": _("她不在负责这里的队伍里，这里也没有对所有人开放。"),
    "no_consent": _("她还没有同意打卡须知。请她到社区，念给她听，同意了在纸上签名。"),
}
PROXY_GRADES: dict[str, Text] = {
    "A": _("队长在场确认"),
    "D": _("队长代签"),
}

STILL_WAITING = _("打卡没有记录。您的申请还在审核，两天内有答复；通过以后再来打卡就有效。")


def register_messages() -> None:
    """Name the texts of the messages that settling sends."""
    kinds.register(
        "patrols.accepted",
        _("打卡已核对：有效"),
        _("您在%(post)s的打卡经核对有效。说明：%(reason)s"),
    )
    kinds.register(
        "patrols.rejected",
        _("打卡已核对：无效"),
        _("您在%(post)s的打卡没有通过核对。理由：%(reason)s。有不同意见，请联系社区。"),
    )


_REASONS: dict[str, Text] = {
    "silence": _("七天内没有人提出异议，自动有效"),
    "undone": _("刚才点错了，已经撤销"),
}


def reason_text(reason: str | None) -> Text | None:
    """Return a stored reason as it is shown; what the program itself noted is put into words."""
    return _REASONS.get(reason or "", reason)
