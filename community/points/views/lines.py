"""Words for a line of any kind: its title, and the steps that lead from the balance before to the one after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from community.core.i18n import Text, _
from community.core.web.display import MINUS, day as shown_day
from community.points import texts
from community.points.models import NEVER

_TITLES: dict[str, Text] = {
    "award": _("奖励"),
    "redeem": _("兑换"),
    "donate": _("捐赠"),
    "expire": _("积分到期"),
    "reverse": _("更正"),
    "adjust": _("调整"),
}
_ADJUSTED: dict[str, Text] = {"grace": _("到期顺延 30 天"), "opening": _("从原来的账本转入"), "appeal": _("申诉后退还")}


def title(kind: str, reason_code: str, explain: Mapping[str, Any], lang: str = "zh", owner: Sequence[int] = ()) -> Text:
    """Return a line's title: where it was earned, what it was spent on, why it was corrected.

    To its `owner` (her ids) a reward that somebody else of her family ordered is "家庭共用".
    `explain` may name the thing as "what", and in English as "what_en"; an award names its place.
    """
    if kind == "award":
        return explain.get("place") or _TITLES[kind]
    if kind == "adjust":
        return _ADJUSTED.get(reason_code, _TITLES[kind])
    word = _("家庭共用") if shared_by_another(explain, owner) else _TITLES[kind]
    what = (explain.get("what_en") if lang == "en" else "") or explain.get("what") or explain.get("place")
    return _("%(kind)s：%(what)s", kind=word, what=what) if what else word


def shared_by_another(explain: Mapping[str, Any], owner: Sequence[int]) -> bool:
    """Say whether several paid, and somebody else than `owner` ordered: who did stands first."""
    return bool(owner and explain.get("orderer") and int(explain["orderer"]) not in owner)


def people_in(explains: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the members that lines name besides their own: who ordered in somebody's place."""
    named = {"helper", "orderer"}
    return {int(explain[key]) for explain in explains for key in named & explain.keys()}


def helper(explain: Mapping[str, Any], names: Mapping[int, str]) -> str:
    """Return who did it in the member's place, "" when she did it herself."""
    return names.get(int(explain.get("helper") or 0), "")


def moved(asset: str, amount: int) -> str:
    """Return an amount with its direction and what it is of: "+5 分", "−60 分钟"."""
    return ("+" if amount > 0 else MINUS) + str(texts.worth(asset, abs(amount)))


def happened_at(explain: Mapping[str, Any], recorded_at: dt.datetime) -> dt.datetime:
    """Return the instant a line is shown with: of the act it was earned by, else of its posting."""
    earned = explain.get("earned_at")
    return dt.datetime.fromisoformat(earned) if earned else recorded_at


def steps(kind: str, delta: int, balance_after: int, explain: Mapping[str, Any]) -> list[tuple[Text, Text]]:
    """Return the steps that led to a line's amount, as (word, value)."""
    if kind == "award":
        return texts.arithmetic(dict(explain))
    told: list[tuple[Text, Text]] = []
    for part in explain.get("lots", ()) if delta < 0 else ():
        until = dt.date.fromisoformat(part["expires_on"])
        valid = _("一直有效") if until == NEVER else _("有效期到 %(day)s", day=shown_day(until))
        told.append((_("用的是"), _("%(amount)s（%(valid)s）", amount=part["amount"], valid=valid)))
    if explain.get("words"):
        told.append((_("理由"), explain["words"]))
    if explain.get("written_off"):
        told.append((_("不再追回"), _("%(amount)s，已经用掉或到期", amount=explain["written_off"])))
    if explain.get("shares"):
        told.append((_("家庭共用"), _("一共 %(all)s 分，其中您出 %(mine)s 分", all=explain["amount"], mine=-delta)))
    before, sign, after = balance_after - delta, "+" if delta > 0 else "−", balance_after
    sum_ = _("%(before)s %(sign)s %(amount)s = %(after)s", before=before, sign=sign, amount=abs(delta), after=after)
    return [*told, (_("余额"), sum_)]


def decided(row: Any, names: Mapping[int, str]) -> Text:
    """Return who decided on the posting of a line: its second person, who spent or handed over, or a rule."""
    if row.kind == "expire":
        return _("过了有效期，自动记下")
    if approver := names.get(row.approver_id or 0):
        return _("%(name)s 核对后记入", name=approver)
    if row.kind in {"redeem", "donate"}:
        return _("本人") if row.actor_id == row.subject_id else _("%(name)s 办理", name=names.get(row.actor_id, ""))
    if row.reason_code == "opening":
        return _("镇街照原来的账本转入")
    return _("按规则自动记入")
