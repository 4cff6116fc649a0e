"""What waits for somebody at the desk, each number with the list behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import url_for

from community.core import clock
from community.core.authz import Actor, Perm, can
from community.core.i18n import Text, _
from community.patrols import queries as patrols
from community.patrols.queries import Figures
from community.people import queries as people
from community.places import queries as posts
from community.points.queries import awards
from community.teams.queries import desk as teams


@dataclass(frozen=True)
class Task:
    """A queue: how many wait, what they are, who waits for what, and the page that works them off."""

    endpoint: str
    href: str
    label: Text
    note: Text
    icon: str
    count: int
    looks: bool = False


@dataclass(frozen=True)
class _Queue:
    endpoint: str
    perm: Perm
    label: Text
    note: Text
    icon: str
    count: Callable[[Actor], int]
    show: str | None = None
    state: str | None = None
    only: str | None = None
    # To be looked at here and worked off elsewhere: it does not count among what waits for her.
    looks: bool = False
    # Shown only while something waits: most desks never see it.
    rare: bool = False


def _held(actor: Actor) -> int:
    return sum(count for count, _points in awards.waiting_by_reason(actor).values())


_QUEUES = (
    _Queue(
        "teams.applications",
        Perm.MEMBERSHIP_DECIDE,
        _("入队申请"),
        _("答应过两天内答复"),
        "clock",
        teams.waiting,
    ),
    _Queue(
        "patrols.desk",
        Perm.CHECKIN_SETTLE,
        _("存疑打卡"),
        _("看一眼证据，算或不算都写明原因"),
        "alert",
        patrols.waiting_count,
        only="flagged",
    ),
    _Queue(
        "people.desk_people",
        Perm.MEMBER_VERIFY,
        _("待核对的人"),
        _("当面见过本人再点核对，核对后积分才能用"),
        "person",
        people.waiting,
        show="unverified",
    ),
    _Queue(
        "places.posts",
        Perm.POST_PRINT,
        _("要换新的牌子"),
        _("签名快要过期，打印新的一版换上"),
        "printer",
        posts.signs_to_reprint,
        state=posts.REPRINT,
        rare=True,
    ),
    _Queue(
        "points.awards",
        Perm.AWARD_READ,
        _("待发放的积分"),
        _("等人核对，或者等预算"),
        "star",
        _held,
        looks=True,
    ),
)


def tasks(actor: Actor) -> list[Task]:
    """Return the queues that `actor` may open by a grant, with what waits in each."""
    open_to_her = [queue for queue in _QUEUES if queue.perm in actor.perms and can(actor, Perm.DESK_OPEN)]
    counted = [(queue, queue.count(actor)) for queue in open_to_her]
    return [
        Task(
            queue.endpoint,
            url_for(queue.endpoint, show=queue.show, state=queue.state, only=queue.only),
            queue.label,
            queue.note,
            queue.icon,
            count,
            queue.looks,
        )
        for queue, count in counted
        if count or not queue.rare
    ]


def figures(actor: Actor) -> Figures | None:
    """Return today's check-ins in the areas of `actor`; None for who may not read them by a grant."""
    if Perm.CHECKIN_READ not in actor.perms:
        return None
    return patrols.figures(actor, clock.today())


def places(actor: Actor) -> str:
    """Return the names of the places that `actor` holds an office in."""
    return " · ".join(dict.fromkeys(held.place for held in actor.held if held.place))
