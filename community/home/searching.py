"""Search: help, announcements, teams and posts for everybody; people only for who may read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template, request, url_for
from flask_babel import force_locale
from werkzeug.wrappers import Response

from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _, plain
from community.core.ids import clean_code, is_code
from community.core.web import searches
from community.core.web.limits import limiter
from community.core.web.rights import public
from community.core.web.session import current_actor
from community.home.views import bp
from community.messages.queries import announcements
from community.people import queries as people
from community.places import browsing, queries as places
from community.teams import queries as teams
from community.teams.words import KINDS

__all__ = ["bp", "found", "search", "search_sealed"]

LONGEST = 40
EACH = 6
# Asking for a name takes a whole family name and more, or the last four digits of a phone.
_PERSON_SHORTEST = 2
_WORD_SHORTEST = 3
_OPEN = _("谁来都能打卡")
# What the signs call what a kind of team does.
_ALSO: dict[str, Text] = {"patrol": _("巡逻")}


@dataclass(frozen=True, slots=True)
class Hit:
    """One row found; `href` is empty for what has no page of its own."""

    title: str
    note: str
    href: str | None
    icon: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind."""

    title: Text
    hits: Sequence[Hit]


# Words people use → the page that helps: (title, words, endpoint, anchor).
_TOPICS: tuple[tuple[Text, Text, str], ...] = (
    (_("怎么打卡"), _("打卡 扫码 牌子 签到 岗点 二维码 定位 补录"), "home.help"),
    (_("积分怎么来的"), _("积分 分数 到期 规则 待发放 怎么算"), "points.mine"),
    (_("加入志愿队"), _("加入 报名 申请 志愿者 巡防队 楼长 骑手"), "teams.kinds"),
    (_("改称呼和手机号"), _("称呼 名字 手机号 换号 资料"), "people.details"),
    (_("设置密码"), _("密码 登录 忘记 登不上 口令"), "people.password"),
    (_("字大一点"), _("字号 大字 看不清 语言 英文 颜色 对比"), "home.me"),
    (_("我的资料和隐私"), _("隐私 导出 注销 删除 撤回 同意 谁看过"), "home.me"),
    (_("无障碍说明"), _("无障碍 读屏 键盘 看不见"), "home.accessibility"),
)


@bp.get("/search")
@limiter.limit("60 per minute")
@public("looking for help, a team or a post is for everybody; people are found by who may read them")
def search() -> str:
    actor, sealed = current_actor(), searches.asked()
    asked = sealed or request.args.get("q", "")
    text = " ".join(unicodedata.normalize("NFKC", asked[:LONGEST]).split())[:LONGEST]
    return render_template(
        "home/search.html",
        text=text,
        groups=found(actor, text, names=bool(sealed)) if text else [],
        longest=LONGEST,
        finds_people=_finds_people(actor),
    )


@bp.post("/search")
@limiter.limit("60 per minute")
@public("the same for who may read people: the names that she looks for stay out of addresses")
def search_sealed() -> Response:
    return searches.lead("home.search")


def found(actor: Actor | None, text: str, *, names: bool = True) -> list[Group]:
    """Return what `text` finds for somebody, group by group, empty groups left out; people only with `names`, which
    no open address has."""
    groups = [
        Group(_("打卡"), _codes(text)),
        Group(_("帮助"), _topics(text)),
        Group(_("公告"), _notices(actor, text)),
        Group(_("队伍"), _teams(text)),
        Group(_("岗点"), _posts(actor, text)),
        Group(_("居民"), _people(actor, text) if names else []),
    ]
    return [group for group in groups if group.hits]


def _topics(text: str) -> list[Hit]:
    return [
        Hit(str(title), "", url_for(endpoint), "info")
        for title, words, endpoint in _TOPICS
        if _meant(text, title, words)
    ]


def _meant(text: str, *words: Text) -> bool:
    """Say whether somebody who asks `text` may mean what `words` tell of, in whichever language.

    One of her words is in them or, as in "怎么扫码打卡", one of them in hers.
    """
    asked, known = text.casefold(), _in_both_languages(*words)
    return any(_is_in(one, known) for one in asked.split()) or any(
        len(one) > 1 and not one.isascii() and one in asked for one in known.split()
    )


def _is_in(word: str, known: str) -> bool:
    """Chinese is found anywhere, English at the beginning of a word: "on" is in half of all others."""
    if not word.isascii():
        return word in known
    return len(word) >= _WORD_SHORTEST and any(one.startswith(word) for one in known.split())


def _in_both_languages(*words: Text) -> str:
    found = []
    for language in ("zh", "en"):
        with force_locale(language):
            found += [plain(word) for word in words]
    return " ".join(found).casefold()


def _codes(text: str) -> list[Hit]:
    """Return the sign whose 8 characters somebody typed into the wrong field; a word without a digit is a word."""
    code = clean_code(text)
    if not is_code(code) or not any(letter.isdigit() for letter in text):
        return []
    return [Hit(f"{code[:4]} {code[4:]}", str(_("牌子上的 8 位码")), url_for("home.landing", token=code), "pin")]


def _notices(actor: Actor | None, text: str) -> list[Hit]:
    return [
        Hit(one.title, one.area, url_for("messages.announcement", announcement_id=one.id), "megaphone")
        for one in announcements.search(actor, text, EACH)
    ]


def _teams(text: str) -> list[Hit]:
    kinds = [
        kind
        for kind in KINDS.values()
        if _meant(text, kind.code, kind.what, kind.note, _ALSO.get(kind.code, kind.what))
    ]
    of_kind = [
        Hit(str(kind.what), str(kind.note), url_for("teams.choose", kind=kind.code), kind.icon) for kind in kinds
    ]
    found = teams.named(text, EACH, [kind.code for kind in kinds])
    return of_kind + [Hit(card.name, card.about, url_for("teams.join", team_id=card.id), "people") for card in found]


def _posts(actor: Actor | None, text: str) -> list[Hit]:
    """Return the posts of one's desk, and those where anyone may check in: where they are is on the street for all."""
    staff = actor is not None and can(actor, Perm.POST_READ)
    lines = places.desk_posts(actor, search=text).lines[:EACH] if actor and staff else []
    own = {line.post.id for line in lines}
    return [
        Hit(line.post.name, f"{line.place} · {line.post.number}", url_for("places.post", post_id=line.post.id), "pin")
        for line in lines
    ] + [
        Hit(one.post.name, " · ".join(part for part in (one.place, one.post.spot, str(_OPEN)) if part), None, "pin")
        for one in browsing.open_posts(text, EACH)
        if one.post.id not in own
    ]


def _finds_people(actor: Actor | None) -> bool:
    return actor is not None and Perm.MEMBER_READ in actor.perms


def _people(actor: Actor | None, text: str) -> list[Hit]:
    if actor is None or not _finds_people(actor) or len(text) < _PERSON_SHORTEST:
        return []
    return [
        Hit(one.display_name, "", url_for("people.desk_person", member_id=one.id), "person")
        for one in people.people(actor, text=text).rows[:EACH]
    ]
