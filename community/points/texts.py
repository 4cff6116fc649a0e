"""The room's words: why points wait, why there are none, what comes next. Plain, and never the fault of the reader."""

from __future__ import annotations

from typing import Any

from community.core.i18n import Text, _, ngettext

# Why an award waits, and what comes next.
WAITS: dict[str, tuple[Text, Text]] = {
    "flagged": (_("打卡待核对"), _("队长或社区核对后自动补记，一般 48 小时内。您不用做什么。")),
    "unverified": (_("身份还没核对"), _("社区核对您的身份后自动补记。您可以带上证件去社区办理。")),
    "budget": (_("镇街的积分预算用完了"), _("预算追加后自动补记，先到先得。您不用做什么。")),
    "review": (_("等第二个人复核"), _("复核后自动补记。您不用做什么。")),
}

# What was decided while it waited, in the ten seconds in which that may be undone.
DECIDED: dict[str, tuple[Text, Text | None]] = {
    "confirmed": (_("核对为有效，马上记入"), _("几秒钟后就到账。您不用做什么。")),
    "rejected": (_("核对为无效"), None),
}

# Why an award that waited was refused.
REFUSED: dict[str, Text] = {
    "rejected": _("打卡核对为无效，不计分"),
    "reviewed": _("复核没有通过，不计分"),
    "hour": _("这一小时已经计过一次分"),
    "day": _("这一天已经计过一次分"),
    "cap": _("这一天的积分已到上限"),
    "month": _("这个月的积分已到上限"),
    "erased": _("账号注销，不再发放"),
    "own": _("这一笔是本人提出或经手的，不能记给自己"),
}

# What came of a case that posted nothing.
OUTCOMES: dict[str, Text] = {
    "refused": _("没有同意"),
    "written_off": _("已经用掉或到期，不追回"),
    "budget": _("已同意，等镇街的积分预算"),
    "unverified": _("已同意，等核对身份"),
    "awarded": _("这件事已经按这条规则记过分了"),
    "not_in_force": _("那一天这条规则还没生效，或者已经停用"),
    "elsewhere": _("这条规则只在另一个村社有效"),
    "other_town": _("这条规则是另一个镇街的"),
    "amount_by_rule": _("分值由规则定，不能另填"),
    "not_reversible": _("只有发放的积分可以更正"),
    "not_found": _("那一笔找不到了"),
    "merged": _("这份登记并入了另一份，请按现在的登记重新提出"),
    "reversed_already": _("这笔积分已经更正过，剩下的没有这么多"),
    **{code: REFUSED[code] for code in ("hour", "day", "cap", "month", "erased")},
}

# What follows when an objection is granted.
CONSEQUENCES: dict[str, Text] = {
    "post": _("这一笔照规则记入"),
    "set_right": _("打卡改为有效，这一笔照规则记入"),
    "again": _("不动账：积分已经退回，请对方再换一次"),
    "review": _("算您一份复核意见：同意记入"),
    "give_back": _("退还这一笔，有效期至少再留 30 天"),
    "propose": _("按选定的规则提出补记，再由另一位决定"),
    "explain": _("不动账，写明情况"),
}


def worth(asset: str, amount: int) -> Text:
    """Return so much of an asset, in words."""
    if asset == "minutes":
        return ngettext("%(num)s 分钟", "%(num)s 分钟", amount)
    return ngettext("%(amount)s 分", "%(amount)s 分", amount, amount=amount)


def hours(minutes: int) -> Text:
    """Return a time of service as people say it: "45 分钟", "12 小时", "12 小时 30 分钟"."""
    whole, rest = divmod(minutes, 60)
    said = [ngettext("%(num)s 小时", "%(num)s 小时", whole)] if whole else []
    if rest or not whole:
        said.append(ngettext("%(num)s 分钟", "%(num)s 分钟", rest))
    return " ".join(str(part) for part in said)


def nothing(reason: str, *, amount: int, cap: int | None, min_grade: str, grade: str) -> Text:
    """Return why an accepted act earned nothing, with the rule's numbers."""
    if reason == "hour":
        return _("这一小时已经计过一次分。每个小时只计第一次，每次 %(amount)s 分。", amount=amount)
    if reason == "day":
        return _("今天已经计过一次分。每天只计第一次，每次 %(amount)s 分。", amount=amount)
    if reason == "cap":
        return _("这一天的积分已到上限 %(cap)s 分。", cap=cap)
    if reason == "month":
        return _("这个月的积分已到上限 %(cap)s 分。", cap=cap)
    if reason == "grade":
        return _("规则要求证据 %(least)s 级以上，这次是 %(grade)s 级。", least=min_grade, grade=grade)
    return _("这个镇街还没有公布打卡积分规则。")


def arithmetic(explain: dict[str, Any]) -> list[tuple[Text, Text]]:
    """Return the steps that led to the amount, as (word, value), from what the posting wrote down."""
    asset = explain.get("asset", "points")
    steps: list[tuple[Text, Text]] = [(_("每次"), worth(asset, explain["amount"]))]
    if explain["once_per"] == "hour":
        hour = int(explain["hour"][-2:])
        steps.append((_("小时"), _("%(start)s 点到 %(end)s 点的第一次", start=hour, end=hour + 1)))
    if explain["once_per"] == "day":
        steps.append((_("当天"), _("这一天的第一次")))
    used = explain.get("used", {}).get(explain["day"])
    if explain["cap_day"] is not None and used is not None:
        steps.append((_("当天累计"), _used(asset, used, explain["cap_day"])))
    used = explain.get("used", {}).get(explain.get("month", ""))
    if used is not None:
        steps.append((_("当月累计"), _used(asset, used, explain["cap_month"])))
    if "balance" in explain:
        before = explain["balance"] - explain["amount"]
        steps.append(
            (
                _("余额"),
                _(
                    "%(before)s + %(amount)s = %(after)s",
                    before=before,
                    amount=explain["amount"],
                    after=explain["balance"],
                ),
            )
        )
    return steps


def _used(asset: str, used: int, cap: int) -> Text:
    if asset == "minutes":
        return _("%(used)s 分钟，上限 %(cap)s 分钟", used=used, cap=cap)
    return _("%(used)s 分，上限 %(cap)s 分", used=used, cap=cap)
