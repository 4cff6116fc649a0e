"""What kinds, states and roles are called, and the sign that stands beside each word."""

from __future__ import annotations

from dataclasses import dataclass

from community.core.i18n import Text, _


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of team in plain words: `what` one is there, `note` what one does, `icon` its sign."""

    code: str
    what: Text
    note: Text
    icon: str


@dataclass(frozen=True, slots=True)
class Look:
    """A state's word with its colour and icon."""

    word: Text
    tone: str
    icon: str


KINDS = {
    kind.code: kind
    for kind in (
        Kind("patrol", _("巡防队员"), _("两三人一组走一圈，在岗点扫码打卡"), "shield"),
        Kind("captains", _("楼长"), _("每周看一遍自己住的楼，有事早知道"), "building"),
        Kind("riders", _("平安骑手"), _("送单路上顺手看一眼，不耽误送单"), "scooter"),
        Kind("school_gate", _("护学家长"), _("上学放学时，在校门口帮孩子过马路"), "people"),
        Kind("flood_watch", _("江堤喊潮员"), _("涨潮时劝人离开江堤，夏天防溺水"), "megaphone"),
        Kind("mediation", _("老娘舅"), _("邻居有了疙瘩，请坐下来慢慢谈"), "talk"),
        Kind("publicity", _("宣讲员"), _("周末讲防骗、讲安全，帮老人认骗局"), "book"),
    )
}

STATES = {
    "waiting_guardian": Look(_("等监护人"), "amber", "people"),
    "applied": Look(_("待审核"), "amber", "clock"),
    "approved": Look(_("已通过"), "green", "check"),
    "active": Look(_("在队"), "green", "check"),
    "refused": Look(_("未通过"), "red", "cross"),
    "left": Look(_("已退出"), "grey", "door"),
}

AGES = {"14-17": _("14–17 岁"), "18-59": _("18–59 岁"), "60+": _("60 岁以上")}

ROLES = {"member": _("队员"), "leader": _("队长"), "deputy": _("副手")}


def kinds_to_choose() -> list[tuple[str, Text]]:
    """Return (code, word) of every kind of team, for filters."""
    return [(kind.code, kind.what) for kind in KINDS.values()]
