"""What a rule may say: its terms as somebody proposes them, the words for them, and what no rule may ever ask for.

Pure; no database. Sources: points.md §1, §4.5, §6; product.md §1b "Guards in code".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from community.core.errors import DomainError
from community.core.i18n import Text, _, ngettext
from community.teams import words as teams

# The events that rules may name. A later room adds its own here when its event exists.
TRIGGERS: dict[str, Text] = {
    "CheckInAccepted": _("打卡有效"),
    "Manual": _("人工补记（要有凭证）"),
}
GRADES = ("A", "B", "C", "D")
ONCE: dict[str, Text] = {"": _("每次都记"), "hour": _("每小时只记第一次"), "day": _("每天只记第一次")}
ASSETS: dict[str, Text] = {"points": _("积分"), "minutes": _("服务分钟")}
# The most that one act may bring: a rule is thanks, not wages.
MOST = {"points": 200, "minutes": 720}
TITLE_LONGEST, TEXT_SHORTEST, TEXT_LONGEST, EN_LONGEST = 60, 10, 400, 600


@dataclass(frozen=True, slots=True)
class Proposal:
    """One rule as a set would have it. Amounts are positive: there is no way to write down that points are taken."""

    trigger: str
    amount: int
    text_zh: str
    text_en: str = ""
    min_grade: str = "D"
    team_kind: str = ""
    asset: str = "points"
    once_per: str = ""
    cap_day: int | None = None
    cap_month: int | None = None
    expires_months: int = 24
    review: bool = False


# What a rule's words may not ask for, with the reason that its writer is told; `never.yaml` lists the words.
_WHY: dict[str, Text] = {
    "informing": _("积分不奖励告发人：这会让邻居互相提防，也会让人不敢来说事。请改成报告地点上的隐患。"),
    "status": _("规则不能按人的身份、健康或出身给分。请写清楚做了什么事，谁做都一样记。"),
    "opinion": _("规则不能按人的意见和诉求给分，也不能因为反映问题少给。"),
    "pressure": _("不能按点赞、转发、下载、登录给分：国家不许政务应用这样考核。"),
    "punish": _("规则只能加分。记错的分可以更正，但积分不用来处罚人。"),
    "rights": _("积分不能和法定的权利、补贴、办事资格挂钩。"),
}
_WORDS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "never.yaml").read_text("utf-8"))
# What hides a word from a reader of patterns and not from people: blanks, marks, characters without a width.
_GAPS = re.compile(r"[\W_]+")
_DENIED = [(code, re.compile("|".join(_WORDS[code]), re.IGNORECASE), why) for code, why in _WHY.items()]


def check(wanted: Proposal) -> Proposal:
    """Return the proposal with tidy words. Raises DomainError of the field that is wrong, with the reason."""
    tidy = replace(wanted, text_zh=" ".join(wanted.text_zh.split()), text_en=" ".join(wanted.text_en.split()))
    _check_choices(tidy)
    _check_numbers(tidy)
    if not TEXT_SHORTEST <= len(tidy.text_zh) <= TEXT_LONGEST:
        raise DomainError("text_zh", _("请用 10 到 400 个字说清楚：做了什么，记多少"), field="text_zh")
    if len(tidy.text_en) > EN_LONGEST:
        raise DomainError("text_en", _("英文最多 600 个字母"), field="text_en")
    for field in ("text_zh", "text_en"):
        check_words(getattr(tidy, field), field)
    return tidy


def check_words(words: str, field: str) -> None:
    """Raise DomainError of `field` when the words ask for something that no rule may ask for."""
    plain = unicodedata.normalize("NFKC", words)
    for code, pattern, why in _DENIED:
        found = pattern.search(plain) or pattern.search(_GAPS.sub("", plain))
        if found:
            raise DomainError(
                f"denied_{code}", _("“%(word)s”不能写进规则。%(why)s", word=found[0], why=why), field=field
            )


def _check_choices(wanted: Proposal) -> None:
    known = {
        "trigger": wanted.trigger in TRIGGERS,
        "min_grade": wanted.min_grade in GRADES,
        "team_kind": wanted.team_kind == "" or wanted.team_kind in teams.KINDS,
        "asset": wanted.asset in ASSETS,
        "once_per": wanted.once_per in ONCE,
    }
    for field, right in known.items():
        if not right:
            raise DomainError(field, _("请从列出的里面选一个"), field=field)


def _check_numbers(wanted: Proposal) -> None:
    most = MOST[wanted.asset]
    if not 0 < wanted.amount <= most:
        raise DomainError("amount", _("每次记 1 到 %(most)s；规则不能写负数", most=most), field="amount")
    for field in ("cap_day", "cap_month"):
        cap = getattr(wanted, field)
        if cap is not None and not wanted.amount <= cap <= 100_000:
            raise DomainError(field, _("上限不能比一次记的还少"), field=field)
    if not 1 <= wanted.expires_months <= 120:
        raise DomainError("expires_months", _("有效期 1 到 120 个月"), field="expires_months")


def how_much(asset: str, amount: int) -> Text:
    """Return an amount with its unit."""
    if asset == "minutes":
        return ngettext("%(num)s 分钟", "%(num)s 分钟", amount)
    return ngettext("%(num)s 分", "%(num)s 分", amount)


def clauses(terms: Proposal) -> list[tuple[Text, Text]]:
    """Return what the terms say, as (word, value): the same words on every page, in every comparison."""
    cap_day, cap_month = terms.cap_day, terms.cap_month
    kind = teams.KINDS.get(terms.team_kind)
    return [
        (_("什么时候记"), TRIGGERS.get(terms.trigger, terms.trigger)),
        (_("每次记"), how_much(terms.asset, terms.amount)),
        (_("多久一次"), ONCE[terms.once_per]),
        (_("每天最多"), how_much(terms.asset, cap_day) if cap_day else _("不限")),
        (_("每月最多"), how_much(terms.asset, cap_month) if cap_month else _("不限")),
        (_("证据要求"), _("%(grade)s 级以上", grade=terms.min_grade)),
        (_("哪些队伍"), kind.what if kind else _("所有人")),
        (_("怎样记入"), _("每笔由人复核后记入") if terms.review else _("按规则自动记入")),
        (
            _("有效期"),
            _("一直有效")
            if terms.asset == "minutes"
            else ngettext("%(num)s 个月", "%(num)s 个月", terms.expires_months),
        ),
    ]
