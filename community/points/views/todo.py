"""The room's part of the desk's queue: awards that wait. They go on by themselves; what is missing is a budget."""

from __future__ import annotations

from flask import url_for

from community.core.authz import Actor, Perm
from community.core.i18n import _, ngettext
from community.core.todo import Queue, Task
from community.points.queries import awards


def _count(actor: Actor, area: str) -> int:
    return sum(count for count, _points in awards.waiting_by_reason(actor, area=area).values())


def _tasks(actor: Actor, area: str, _limit: int) -> list[Task]:
    count, points = awards.waiting_by_reason(actor, area=area).get("budget", (0, 0))
    if not count:
        return []
    return [
        Task(
            kind="award",
            key="budget",
            title=_("%(count)s 份积分等预算", count=count),
            about=ngettext("共 %(num)s 分，追加预算后自动补记", "共 %(num)s 分，追加预算后自动补记", points),
            since=awards.longest_waiting(actor, "budget", area=area),
            href=url_for("points.awards", reason="budget"),
        )
    ]


AWARDS = Queue(
    kind="award",
    perm=Perm.AWARD_READ,
    label=_("待发放的积分"),
    note=_("等人核对，或者等预算"),
    icon="star",
    endpoint="points.awards",
    count=_count,
    tasks=_tasks,
    looks=True,
)

QUEUES = (AWARDS,)
