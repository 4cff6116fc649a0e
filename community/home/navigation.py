"""The bottom bar, the desk's rail and the foot of a page."""

from __future__ import annotations

from collections import Counter

from flask import request, url_for

from community.core.authz import Perm
from community.core.i18n import Text, _
from community.core.web.session import current_actor
from community.core.web.templating import Entry
from community.home import tasks

_TABS: tuple[tuple[str, Text, str, tuple[str, ...]], ...] = (
    ("home.index", _("首页"), "home", ()),
    ("home.type_code", _("打卡"), "scan", ("home.landing", "home.scan", "patrols.")),
    ("points.mine", _("积分"), "star", ("points.",)),
    (
        "home.me",
        _("我的"),
        "person",
        (
            "people.password",
            "people.details",
            "people.sign_in",
            "people.code",
            "people.helping",
            "people.new_code",
            "people.show_code",
            "home.data",
            "home.looks",
            "home.consents",
            "home.export",
            "home.erase",
            "teams.membership",
            "messages.inbox",
        ),
    ),
)

_SECTIONS: tuple[tuple[str, Perm, Text, str], ...] = (
    ("home.desk", Perm.DESK_OPEN, _("待办"), "inbox"),
    ("teams.applications", Perm.MEMBERSHIP_DECIDE, _("入队申请"), "clock"),
    ("people.desk_people", Perm.MEMBER_READ, _("居民"), "person"),
    ("people.privacy_requests", Perm.MEMBER_VERIFY, _("注销导出"), "door"),
    ("teams.teams", Perm.TEAM_READ, _("队伍"), "people"),
    ("places.posts", Perm.POST_READ, _("岗点"), "pin"),
    ("patrols.desk", Perm.CHECKIN_READ, _("打卡记录"), "tick"),
    ("points.awards", Perm.AWARD_READ, _("积分"), "star"),
    ("points.rule_sets_desk", Perm.AWARD_READ, _("规则"), "ballot"),
    ("points.months_desk", Perm.MONTH_READ, _("月结"), "list"),
    ("points.reward_desk", Perm.REWARD_HAND, _("兑换发放"), "hands"),
    ("messages.desk_announcements", Perm.ANNOUNCEMENT_MANAGE, _("公告"), "megaphone"),
    ("access.grants", Perm.GRANT_READ, _("授权"), "shield"),
    ("audit.entries", Perm.AUDIT_READ, _("审计记录"), "book"),
)


def tabs() -> list[Entry]:
    """Return the tabs of the bottom bar for this request."""
    here = request.endpoint or ""
    return [
        Entry(endpoint, label, icon, current=here == endpoint or here.startswith(near) if near else here == endpoint)
        for endpoint, label, icon, near in _TABS
    ]


def desk() -> list[Entry]:
    """Return the sections of the desk that the current actor may open by a grant, with what waits in each."""
    actor = current_actor()
    if actor is None:
        return []
    waiting: Counter[str] = Counter()
    for task in tasks.on_this_page(actor):
        waiting[task.endpoint] += task.count
    return [
        Entry(endpoint, label, icon, current=_is_here(endpoint), count=waiting[endpoint])
        for endpoint, perm, label, icon in _SECTIONS
        if perm in actor.perms
    ]


def _is_here(endpoint: str) -> bool:
    """Say whether this page is the section's, or lies below it."""
    return request.endpoint == endpoint or (
        endpoint != "home.desk" and request.path.startswith(f"{url_for(endpoint)}/")
    )


def foot() -> list[Entry]:
    """Return the links at the foot of each page."""
    return [
        Entry("home.help", _("帮助"), "info"),
        Entry("home.search", _("查找"), "search"),
        Entry("points.ledger", _("账本公开"), "shield"),
        Entry("home.accessibility", _("无障碍"), "people"),
    ]
