"""How times, numbers, names and codes are written on pages, in Chinese and in English: the templates' filters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flask_babel import get_locale

from community.core import clock

MINUS = "\u2212"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DOUBLE_SURNAMES = "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 端木 呼延 南宫 长孙 宇文 轩辕 闻人"


def _english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"


def instant(at: dt.datetime | None) -> str:
    """Return the aware instant in local time: "11月23日 21:07", "23 Nov 21:07"; with the year when it is another."""
    return "" if at is None else f"{day(at)} {clock_time(at)}"


def clock_time(at: dt.datetime | None) -> str:
    """Return the local time of day of an aware instant: "21:07"."""
    return "" if at is None else f"{clock.local(at):%H:%M}"


def day(on: dt.date | dt.datetime | None) -> str:
    """Return a civil date, or an instant's local date: "11月23日", "23 Nov"; with the year when it is another."""
    if on is None:
        return ""
    date = clock.local(on).date() if isinstance(on, dt.datetime) else on
    this_year = date.year == clock.today().year
    if _english():
        return f"{date.day} {_MONTHS[date.month - 1]}" + ("" if this_year else f" {date.year}")
    return ("" if this_year else f"{date.year}年") + f"{date.month}月{date.day}日"


def last_day(until: dt.datetime | None) -> str:
    """Return the last day of what ends at the instant `until`: the day before, when that is midnight."""
    return "" if until is None else day(until - dt.timedelta(microseconds=1))


def month(on: dt.date) -> str:
    """Return the month of a civil date: "11月", "Nov"; with the year when it is another."""
    this_year = on.year == clock.today().year
    if _english():
        return _MONTHS[on.month - 1] + ("" if this_year else f" {on.year}")
    return ("" if this_year else f"{on.year}年") + f"{on.month}月"


def points(amount: int) -> str:
    """Return a number of points, or any other count: "1,280"; below zero with a minus sign, not a hyphen."""
    return f"{MINUS if amount < 0 else ''}{abs(amount):,}"


def signed_points(amount: int) -> str:
    """Return an amount that always shows its direction: "+5", "−30", "0"."""
    return f"+{amount:,}" if amount > 0 else points(amount)


def yuan(fen: int) -> str:
    """Return an amount of money given in fen: "¥1,280", "¥0.50", "−¥3"."""
    whole, rest = divmod(abs(fen), 100)
    return f"{MINUS if fen < 0 else ''}¥{whole:,}" + (f".{rest:02d}" if rest else "")


def mask_name(name: str | None) -> str:
    """Return a name for the public: the surname and two stars whatever its length, "王**", "欧阳**", "A**"."""
    name = (name or "").strip()
    surname = name[:2] if len(name) > 2 and name[:2] in _DOUBLE_SURNAMES.split() else name[:1]
    return surname + "**"


def code4(code: str | None) -> str:
    """Return a code in groups of four for reading aloud: "7k3m 9qxw"."""
    code = code or ""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def indented(name: str, path: str, top: str) -> str:
    """Return an area's name as a line of a list of choices, moved in below `top`, the path of the list's first area."""
    return "\N{IDEOGRAPHIC SPACE}" * max(0, path.count("/") - top.count("/")) + name


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "instant": instant,
        "clock_time": clock_time,
        "day": day,
        "month": month,
        "last_day": last_day,
        "points": points,
        "signed_points": signed_points,
        "yuan": yuan,
        "mask_name": mask_name,
        "code4": code4,
    }
)
