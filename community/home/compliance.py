"""The sheet the site prints of itself: what it does not do and what it keeps, read from the running program.

Government apps must not oblige to check in, rank people or count online time, and exceptions carry an end date
(product.md §5.10); §1b lists the refusals. Every line says what it was read from, so that it can be checked.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import yaml
from flask import current_app, render_template
from sqlalchemy import CheckConstraint, Table

from community.core import clock, scheduler
from community.core.config import ROOT, settings
from community.core.db import Base
from community.core.errors import DomainError
from community.core.i18n import Text, _, ngettext
from community.core.web.rights import public
from community.home import retention
from community.home.retention import Term
from community.home.views import bp
from community.people import consents
from community.people.consents import ConsentText
from community.people.erasing import COOLING_OFF
from community.points import proposals

__all__ = ["bp"]

# Every cookie with what it is for; one that is not here makes the sheet say so.
COOKIES = {
    "linli": "who is signed in",
    "linli_stay": "that she stays signed in",
    "linli_known": "who signed in on this phone",
    "linli_another": "that somebody else did: her begun words go",
    "linli_device": "that one phone counts once",
    "linli_scan": "the scan that a sign-in interrupted",
    "linli_first": "a first visit that was refused, as typed",
    "linli_look": "size, colours and language",
    "linli_css": "that this phone has the stylesheet",
}
# Whole words of names of columns and addresses.
POSITION = frozenset({"lat", "lon", "lng", "latitude", "longitude", "track", "geom"})
SENSITIVE = frozenset({"religion", "health", "ethnicity", "illness", "disability", "idcard", "biometric", "face"})
MERIT = frozenset({"rank", "ranking", "rankings", "leaderboard", "toplist", "score", "blacklist", "watchlist"})
TRADE = frozenset({"transfer", "gift", "give", "sell", "sale", "buy", "trade", "lend"})
APPLAUSE = frozenset({"like", "likes", "vote", "voted", "forward", "share", "shared", "download"})
DUTY = frozenset({"online", "streak", "logins", "install", "installs", "attendance", "quota"})
_WORD = re.compile(r"[^a-z0-9]+")
_TRIED: dict[str, list[str]] = yaml.safe_load((ROOT / "community/home/tried.yaml").read_text("utf-8"))
_PART = re.compile(r"[A-Z]?[a-z]+")
_FOREIGN = re.compile(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?:https?:)?//(?!www\.w3\.org)""")


@dataclass(frozen=True)
class Fact:
    """A promise, whether the program was found to keep it, and what it was read from."""

    promise: Text
    kept: bool
    found: Text


@dataclass(frozen=True)
class Sheet:
    """The whole sheet. `late` are jobs that failed when they last ran; `exceptions` are (until, text, over)."""

    facts: list[Fact]
    texts: list[ConsentText]
    terms: tuple[Term, ...]
    jobs: dict[str, dt.datetime | None]
    late: list[str]
    exceptions: list[tuple[dt.date, str, bool]]
    made_at: dt.datetime


@bp.get("/compliance")
@public("whoever doubts what this site does may read what it says of itself")
def compliance() -> str:
    return render_template("home/compliance.html", sheet=sheet(), span=span)


@bp.get("/compliance/sheet")
@public("the same on one page of paper")
def compliance_sheet() -> str:
    return render_template("home/compliance_sheet.html", sheet=sheet(), span=span)


def span(term: Term) -> str:
    """Return how long a thing is kept, in the largest unit that fits; "" for what nothing deletes."""
    if not term.span:
        return ""
    if term.days >= 365:
        return ngettext("%(num)s 年", "%(num)s 年", term.days // 365)
    if term.days >= 2:
        return ngettext("%(num)s 天", "%(num)s 天", term.days)
    if term.hours:
        return ngettext("%(num)s 小时", "%(num)s 小时", term.hours)
    return ngettext("%(num)s 分钟", "%(num)s 分钟", term.minutes)


def sheet() -> Sheet:
    """Return the sheet as the running program answers it now."""
    states = {state.job: state for state in scheduler.states()}
    names = {term.job for term in retention.TERMS if term.job} & set(scheduler.registered())
    today = clock.today()
    return Sheet(
        facts=[*_of_tables(), *_of_points(), *_of_addresses(), *_of_forms(), *_of_pages()],
        texts=[consents.current(scope) for scope in consents.scopes()],
        terms=retention.TERMS,
        jobs={name: states[name].last_run_at if name in states else None for name in names},
        late=sorted(name for name in names if name in states and states[name].last_error),
        exceptions=[(until, text, until < today) for until, text in settings().exceptions],
        made_at=clock.now(),
    )  # fmt: skip


# --- read from the tables ---


def _of_tables() -> Iterator[Fact]:
    about = [table for table in Base.metadata.tables.values() if _about_people(table)]
    columns = [words for table in about for words in _words_of(table)]
    read = ngettext("查了 %(num)s 张与人有关的表", "查了 %(num)s 张与人有关的表", len(about))
    yield Fact(_("不保存任何人的坐标和轨迹"), not any(words & POSITION for words in columns), read)
    every = [words for table in Base.metadata.tables.values() for words in _words_of(table)]
    yield Fact(
        _("没有宗教、健康、民族、人脸、身份证号的栏目"),
        not any(words & SENSITIVE for words in every),
        ngettext("查了全部 %(num)s 个栏目", "查了全部 %(num)s 个栏目", len(every)),
    )
    yield Fact(_("不给人打分、不列名单，没有自己报名的不排名次"), not any(words & MERIT for words in columns), read)
    yield Fact(_("不统计在线时长、登录天数和安装率"), not any(words & DUTY for words in columns), read)
    yield Fact(
        _("积分规则只能加分，不能扣分"),
        _floor("rule_version", "amount") and _floor("award", "amount"),
        _("数据库只收大于零的分值"),
    )


def _about_people(table: Table) -> bool:
    return table.name == "member" or any(column.name in {"member_id", "subject_id"} for column in table.columns)


def _words_of(table: Table) -> list[set[str]]:
    return [set(_WORD.split(column.name)) for column in table.columns]


def _floor(table: str, column: str, least: int = 1) -> bool:
    checks = [one for one in Base.metadata.tables[table].constraints if isinstance(one, CheckConstraint)]
    floor = f"{column} > 0" if least == 1 else f"{column} >= {least}"
    return any(floor in str(check.sqltext) for check in checks)


# --- read from the rules and the ledger ---


def _of_points() -> Iterator[Fact]:
    applauded = [one for one in proposals.TRIGGERS if {word.lower() for word in _PART.findall(one)} & APPLAUSE]
    yield Fact(
        _("点赞、投票、转发、安装不算成绩，不给积分"),
        not applauded and all(map(_refused, _TRIED["unpaid"])),
        _tried(_TRIED["unpaid"]),
    )
    yield Fact(
        _("不为举报人给积分，不看身份和观点，不和法定权利挂钩"),
        all(map(_refused, _TRIED["untied"])),
        _tried(_TRIED["untied"]),
    )
    kinds = _choices("txn", "kind")
    rules = {word for rule in current_app.url_map.iter_rules() for word in _WORD.split(rule.rule)}
    yield Fact(
        _("积分不买卖、不转让"),
        bool(kinds) and not (kinds | rules) & TRADE,
        ngettext("账本只有 %(num)s 种来往，没有转给别人", "账本只有 %(num)s 种来往，没有转给别人", len(kinds)),
    )


def _tried(words: list[str]) -> Text:
    return ngettext("拿 %(num)s 个词试过，都写不进规则", "拿 %(num)s 个词试过，都写不进规则", len(words))


def _refused(word: str) -> bool:
    try:
        proposals.check_words(word, "text_zh")
    except DomainError:
        return True
    return False


def _choices(table: str, column: str) -> set[str]:
    """Return the values that the database takes in a column which its CHECK lists."""
    checks = [str(one.sqltext) for one in Base.metadata.tables[table].constraints if isinstance(one, CheckConstraint)]
    listed = [check for check in checks if check.startswith(f"{column} IN (")]
    return {value for check in listed for value in re.findall(r"'([a-z_]+)'", check)}


# --- read from the forms ---


def _of_forms() -> Iterator[Fact]:
    views = current_app.view_functions.items()
    taking = [endpoint for endpoint, view in views if hasattr(view, "__linli_takes__")]
    yield Fact(
        _("打卡不要照片，不向下级要照片和轨迹"),
        bool(taking) and not any(endpoint.startswith("patrols.") for endpoint in taking),
        ngettext("收文件的只有 %(num)s 个表单，都不是打卡", "收文件的只有 %(num)s 个表单，都不是打卡", len(taking)),
    )
    tables = Base.metadata.tables.values()
    holding = [table.name for table in tables if "phone_hash" in table.columns or "phone_cipher" in table.columns]
    yield Fact(
        _("一次录入，处处能用，不重复填"),
        holding == ["member"],
        ngettext("姓名和手机号只存在 %(num)s 张表里", "姓名和手机号只存在 %(num)s 张表里", len(holding)),
    )


# --- read from the addresses ---


def _of_addresses() -> Iterator[Fact]:
    rules = [rule.rule for rule in current_app.url_map.iter_rules()]
    ranked = [rule for rule in rules if set(_WORD.split(rule)) & MERIT]
    yield Fact(
        _("个人不报名不上榜，上榜可以用化名，随时下榜"),
        not ranked and "/points/board/<id:town_id>/leave" in rules and _floor("month_group", "people", 5),
        ngettext("查了全部 %(num)s 个网址", "查了全部 %(num)s 个网址", len(rules)),
    )
    looks = [view for view in current_app.view_functions.values() if hasattr(view, "__linli_audits_look__")]
    yield Fact(
        _("工作人员看个人资料，每次留记录，本人能查"),
        bool(looks) and "/me/looks" in rules,
        ngettext("%(num)s 个页面会留记录", "%(num)s 个页面会留记录", len(looks)),
    )
    yield Fact(
        _("自己能看全部资料、导出、注销"),
        {"/me/data", "/me/export", "/me/erase"} <= set(rules),
        _("注销 %(hours)s 小时内办完", hours=int(COOLING_OFF.total_seconds() // 3600)),
    )
    yield Fact(
        _("打卡自愿：不同意、不给定位，都能看、能报名、能退出"),
        consents.PRESENCE in consents.scopes() and "/me/consents/<scope>/withdraw" in rules,
        _("打卡另有一份同意书，随时可以撤回"),
    )


# --- read from the pages ---


def _of_pages() -> Iterator[Fact]:
    files, foreign = _foreign_addresses()
    yield Fact(
        _("没有第三方脚本、统计和广告"),
        not foreign,
        ngettext("查了 %(num)s 个模板和脚本", "查了 %(num)s 个模板和脚本", files),
    )
    set_here = _cookies()
    yield Fact(_("Cookie 只用来登录、防重复、接着办和记住字号"), set_here == set(COOKIES), ", ".join(sorted(set_here)))


def _cookies() -> set[str]:
    """Names of every cookie the program sets: the login's two, and what each module calls its COOKIE."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("community.")]
    login = {current_app.config["SESSION_COOKIE_NAME"], current_app.config["REMEMBER_COOKIE_NAME"]}
    return login | {module.COOKIE for module in modules if hasattr(module, "COOKIE")}


@cache
def _foreign_addresses() -> tuple[int, tuple[str, ...]]:
    """Return how many files were read and those that name a foreign address; once, they do not change while it runs."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static" / "js").glob("*.js")]
    found = [path.name for path in files if _FOREIGN.search(path.read_text("utf-8"))]
    return len(files), tuple(sorted(found))
