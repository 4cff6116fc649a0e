"""What the home page says to somebody signed in: a greeting, the one next step, what of hers is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _
from community.home import tasks
from community.home.tasks import Task
from community.messages import queries as messages
from community.messages.queries import announcements
from community.messages.queries.announcements import Notice
from community.patrols.views import pages as patrols
from community.points import queries as points, texts as points_texts
from community.points.views import pages as points_pages
from community.teams import queries as teams
from community.teams.queries import Mine
from community.teams.words import STATES, Look

LATELY = 3
OPEN_SHOWN = 4
NOTICES = 2


@dataclass(frozen=True)
class Step:
    """The one next step: where it leads, what it is called, what to know about it."""

    href: str
    title: Text
    note: Text
    icon: str


@dataclass(frozen=True)
class Item:
    """One of her own things: a row that opens."""

    href: str
    title: str
    look: Look
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Today:
    """The home page of somebody signed in. `waiting`: the queues of her desk that are not empty; `held`: points that
    wait, why, and what comes next; `hours`: her time of service, "" without any."""

    greeting: Text
    lead: Text
    step: Step
    things: Sequence[Item]
    points: int
    hours: Text
    held: Sequence[tuple[int, Text, Text]]
    unread: int
    team: Text
    desk: bool
    waiting: Sequence[Task]
    suspended: bool
    notices: Sequence[Notice]


def today(actor: Actor) -> Today:
    """Return what the home page shows to `actor`."""
    memberships = [mine for mine in teams.my_memberships(actor.member_id) if mine.open]
    waiting = [task for task in tasks.on_this_page(actor) if task.count and not task.looks]
    balance = points.balance(actor.member_id)
    return Today(
        greeting=greeting(actor.name),
        lead=_lead(actor, memberships),
        step=_paused_step(actor) or _desk_step(actor, memberships, waiting) or next_step(memberships),
        things=_things(actor, memberships),
        points=balance.available,
        hours=points_texts.hours(balance.minutes) if balance.minutes else "",
        held=points_pages.waits(actor),
        unread=messages.unread_count(actor.member_id) + announcements.unread_count(actor),
        team=_team(memberships),
        desk=can(actor, Perm.DESK_OPEN),
        waiting=waiting,
        suspended=actor.status == "suspended",
        notices=[notice for notice in announcements.shown_to(actor, limit=NOTICES) if notice.unread],
    )


def greeting(name: str) -> Text:
    """Return a greeting that fits the hour at this place."""
    hour = clock.local(clock.now()).hour
    if 5 <= hour < 11:
        return _("早上好，%(name)s", name=name)
    if 11 <= hour < 14:
        return _("中午好，%(name)s", name=name)
    if 14 <= hour < 18:
        return _("下午好，%(name)s", name=name)
    return _("晚上好，%(name)s", name=name)


def next_step(memberships: Sequence[Mine]) -> Step:
    """Return the one next step: check in when she serves, follow her application when she waits, else join."""
    if any(mine.state == "active" for mine in memberships):
        return Step(url_for("home.scan"), _("去打卡"), _("扫墙上的码，点一下就好"), "scan")
    if memberships:
        first = memberships[0]
        where = url_for("teams.membership", membership_id=first.id)
        if first.state == "waiting_guardian":
            return Step(where, _("等监护人同意"), _("社区会联系监护人，您不用做什么"), "people")
        return Step(where, _("看看申请到哪一步了"), _("两天内有答复，结果会发到消息里"), "clock")
    return Step(url_for("teams.kinds"), _("加入一支志愿队"), _("巡防、楼长、骑手……填四样就好"), "people")


def _paused_step(actor: Actor) -> Step | None:
    """Return the step of somebody who is suspended: nothing else leads on."""
    if actor.status != "suspended":
        return None
    return Step(url_for("home.help", _anchor="paused"), _("联系社区"), _("账号暂停中，看看可以怎么办"), "info")


def _desk_step(actor: Actor, memberships: Sequence[Mine], queues: Sequence[Task]) -> Step | None:
    """Return the step of somebody who serves at a desk and in no team: what waits for her, if anything."""
    if any(mine.state == "active" for mine in memberships) or not can(actor, Perm.DESK_OPEN):
        return None
    waiting = sum(task.count for task in queues)
    if waiting:
        return Step(url_for("home.desk"), _("去办待办"), _("%(count)s 件在等您", count=waiting), "inbox")
    return Step(url_for("home.desk"), _("打开工作台"), _("没有等您办的事"), "inbox")


def _team(memberships: Sequence[Mine]) -> Text:
    active = [mine.team for mine in memberships if mine.state == "active"]
    return _("%(count)s 支队伍", count=len(active)) if len(active) > 1 else "".join(active)


def _lead(actor: Actor, memberships: Sequence[Mine]) -> Text:
    active = [mine for mine in memberships if mine.state == "active"]
    if len(active) > 1:
        return " · ".join(mine.team for mine in reversed(active))
    if active:
        return f"{active[0].team} · {active[0].hours}" if active[0].hours else active[0].team
    if memberships:
        return _("申请已收到：%(team)s", team=memberships[0].team)
    return tasks.places(actor) or _("邻里的事，一起搭把手")


def _things(actor: Actor, memberships: Sequence[Mine]) -> list[Item]:
    waiting = [mine for mine in memberships if mine.state != "active"]
    applied = [
        Item(url_for("teams.membership", membership_id=mine.id), mine.team, STATES[mine.state])
        for mine in waiting[:OPEN_SHOWN]
    ]
    done = [
        Item(
            url_for("patrols.receipt", checkin_id=line.id),
            line.post_name,
            Look(line.status_word, line.tone, line.icon),
            line.used_at,
        )
        for line in patrols.mine(actor, None).lines[:LATELY]
    ]
    return applied + done
