"""What a reward may be: its details as staff write them, the words for its kinds, and what points may never gate.

Pure; no database. Sources: points.md §4.7 "Floor of rights", §6; product.md §1b "Guards in code", §5.8.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from community.core import clock
from community.core.errors import DomainError
from community.core.i18n import Text, _

KINDS: dict[str, Text] = {"goods": _("实物"), "service": _("服务"), "cause": _("公益")}
STATES: dict[str, Text] = {"draft": _("没上架"), "open": _("兑换中"), "closed": _("已下架")}
ORDER_STATES: dict[str, Text] = {
    "reserved": _("待领取"),
    "collected": _("已领取"),
    "cancelled": _("已取消"),
    "expired": _("过期未领"),
    "refused": _("没有发放"),
    "donated": _("已捐赠"),
}
NAME_LONGEST, ABOUT_LONGEST, PICK_UP_LONGEST = 40, 300, 120
MOST_POINTS, MOST_FEN, MOST_PIECES = 100_000, 10_000_000, 100_000
# How many one order may be for.
MOST_AT_ONCE = 99
# A town that set no terms of its own.
PICK_UP_DAYS = 14


@dataclass(frozen=True, slots=True)
class Details:
    """What can be changed about a reward. `fen` is what one costs the town, in fen; `supplier_id` None: the town."""

    name_zh: str
    points: int
    fen: int = 0
    name_en: str = ""
    about_zh: str = ""
    about_en: str = ""
    per_month: int | None = None
    pick_up: str = ""
    until_on: dt.date | None = None
    supplier_id: int | None = None


# What a reward's words may not promise, with the reason that its writer is told; `gates.yaml` lists the words.
_NEVER: dict[str, Text] = {
    "school": _("上学是人人有的权利，不能要人用积分来换。"),
    "subsidy": _("补贴、保障按法律发给该得的人，不能要人用积分来换。"),
    "vote": _("表决权人人一样，不能用积分来换，也不能用积分来加。"),
    "entry": _("进出自己的小区、登记居住，都不能要人用积分来换。"),
    "public_service": _("公共服务对谁都一样，不能要人用积分来换，也不能用积分排到前面。"),
    "penalty": _("积分不能抵处罚。"),
    "cash": _("积分是感谢，不是工钱：不能换现金。"),
    "harm": _("烟、酒、彩票不能当奖品。"),
}
_WORDS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "gates.yaml").read_text("utf-8"))
_DENIED = [(code, re.compile("|".join(_WORDS[code]), re.IGNORECASE), why) for code, why in _NEVER.items()]
# What hides a word from a reader of patterns and not from people: blanks, marks, characters without a width.
_GAPS = re.compile(r"[\W_]+")


def check(wanted: Details, kind: str) -> Details:
    """Return the details with tidy words. Raises DomainError of the field that is wrong, with the reason."""
    if kind not in KINDS:
        raise DomainError("kind", _("请从列出的里面选一个"), field="kind")
    texts = {name: " ".join(getattr(wanted, name).split()) for name in _LONGEST}
    tidy = replace(wanted, **texts)  # type: ignore[arg-type]
    if not tidy.name_zh:
        raise DomainError("name_zh", _("请填写名称"), field="name_zh")
    for name, longest in _LONGEST.items():
        if len(texts[name]) > longest:
            raise DomainError(name, _("最多 %(most)s 个字", most=longest), field=name)
        check_words(texts[name], name)
    _check_numbers(tidy)
    if kind != "cause" and not tidy.pick_up:
        raise DomainError("pick_up", _("请写明在哪里领、几点开门"), field="pick_up")
    if tidy.until_on is not None and tidy.until_on < clock.today():
        raise DomainError("until_on", _("截止日期已经过了"), field="until_on")
    return tidy


_LONGEST = {
    "name_zh": NAME_LONGEST,
    "name_en": 60,
    "about_zh": ABOUT_LONGEST,
    "about_en": 400,
    "pick_up": PICK_UP_LONGEST,
}


def check_words(words: str, field: str) -> None:
    """Raise DomainError of `field` when the words promise something that points may never gate."""
    plain = unicodedata.normalize("NFKC", words)
    for code, pattern, why in _DENIED:
        found = pattern.search(plain) or pattern.search(_GAPS.sub("", plain))
        if found:
            raise DomainError(f"denied_{code}", _("“%(word)s”不能当奖品。%(why)s", word=found[0], why=why), field=field)


def _check_numbers(wanted: Details) -> None:
    if not 0 < wanted.points <= MOST_POINTS:
        raise DomainError("points", _("请填 1 到 %(most)s 分", most=MOST_POINTS), field="points")
    if not 0 <= wanted.fen <= MOST_FEN:
        raise DomainError("fen", _("请填写这一份的成本，没有就填 0"), field="fen")
    if wanted.per_month is not None and not 0 < wanted.per_month <= MOST_AT_ONCE:
        raise DomainError("per_month", _("每人每月 1 到 %(most)s 份，不限就不填", most=MOST_AT_ONCE), field="per_month")


def clean_code(text: str) -> str:
    """Return the digits of a typed pick-up code, "" for anything that is none."""
    digits = re.sub(r"[\s\-]+", "", unicodedata.normalize("NFKC", text))
    return digits if len(digits) == 6 and digits.isascii() and digits.isdigit() else ""


def last_moment(from_day: dt.date, days: int) -> dt.datetime:
    """Return until when something reserved on `from_day` is kept: the end of the day `days` later."""
    return clock.at_local(from_day + dt.timedelta(days=days + 1), dt.time.min)
