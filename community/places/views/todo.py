"""The room's part of the desk's queue: signs whose signature will soon no longer hold."""

from __future__ import annotations

from flask import url_for

from community.core.authz import Actor, Perm
from community.core.i18n import _
from community.core.todo import Queue, Task
from community.places import queries
from community.places.views.fakes import FAKE_SIGNS


def _tasks(actor: Actor, area: str, _limit: int) -> list[Task]:
    count = queries.signs_to_reprint(actor, area=area)
    if not count:
        return []
    return [
        Task(
            kind="reprint",
            key="all",
            title=_("%(count)s 块牌子要换新", count=count),
            about=_("签名快要过期，打印新的一版换上"),
            since=None,
            href=url_for("places.posts", state=queries.REPRINT),
        )
    ]


REPRINT = Queue(
    kind="reprint",
    perm=Perm.POST_PRINT,
    label=_("要换新的牌子"),
    note=_("签名快要过期，打印新的一版换上"),
    icon="printer",
    endpoint="places.posts",
    query={"state": queries.REPRINT},
    count=lambda actor, area: queries.signs_to_reprint(actor, area=area),
    tasks=_tasks,
    rare=True,
)

QUEUES = (FAKE_SIGNS, REPRINT)
