"""The room's part of the desk's queue: objections that wait for an answer, tried drafts that wait to be published."""

from __future__ import annotations

from flask import url_for

from community.core.authz import Actor, Perm
from community.core.i18n import _, ngettext
from community.core.todo import Queue, Task
from community.points.queries import rule_sets


def _objected(actor: Actor, area: str) -> list[Task]:
    return [
        Task(
            kind="rules",
            key=str(row.id),
            title=row.title,
            about=ngettext("%(num)s 条异议等答复", "%(num)s 条异议等答复", waiting),
            since=first,
            href=url_for("points.rule_set_desk", set_id=row.id, _anchor="objections"),
        )
        for row, waiting, first in rule_sets.objected(actor, area)
    ]


def _ready(actor: Actor, area: str) -> list[Task]:
    return [
        Task(
            kind="rules",
            key=str(row.id),
            title=row.title,
            about=_("草案已试算，等另一个人公示"),
            since=row.simulated_at,
            href=url_for("points.rule_set_desk", set_id=row.id),
        )
        for row in rule_sets.ready(actor, area)
    ]


def _tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    return [*_objected(actor, area), *_ready(actor, area)][:limit]


def _count(actor: Actor, area: str) -> int:
    return len(rule_sets.objected(actor, area)) + len(rule_sets.ready(actor, area))


RULES = Queue(
    kind="rules",
    perm=Perm.AWARD_READ,
    label=_("积分规则"),
    note=_("异议等答复，草案等公示"),
    icon="ballot",
    endpoint="points.rule_sets_desk",
    count=_count,
    tasks=_tasks,
    looks=True,
)

QUEUES = (RULES,)
