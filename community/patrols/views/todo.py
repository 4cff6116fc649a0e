"""The room's part of the desk's queue: flagged check-ins that wait for a person."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from sqlalchemy import Row

from community.core import clock
from community.core.authz import Actor, Perm
from community.core.errors import NotFound
from community.core.i18n import Text, _, plain
from community.core.ids import parse_uuid
from community.core.todo import Badge, Queue, Task
from community.core.web import display
from community.patrols import queries
from community.patrols.services import settle
from community.patrols.views import pages
from community.places import queries as places

# What receipts promise their members.
ANSWER_WITHIN = dt.timedelta(hours=48)


def _tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = queries.waiting(actor, area=area, limit=limit)
    areas = places.by_path(row.CheckIn.scope_path for row in rows)
    names = {path: area.name for path, area in areas.items()}
    return [_task(actor, row, names.get(row.CheckIn.scope_path, "")) for row in rows]


def _task(actor: Actor, row: Row[Any], place: str) -> Task:
    line = pages.line(row, actor)
    return Task(
        kind="checkin",
        key=str(line.id),
        title=line.member_name,
        about=_("%(post)s · %(at)s", post=line.post_name, at=display.instant(line.used_at)),
        since=row.CheckIn.received_at,
        href=url_for("patrols.receipt", checkin_id=line.id),
        place=place,
        late=clock.now() - row.CheckIn.received_at > ANSWER_WITHIN,
        badges=(Badge(_("%(grade)s 级", grade=line.grade), "grey", "shield"), *_whys(line)),
        acts=("approve", "refuse"),
    )


def _whys(line: pages.Line) -> list[Badge]:
    return [Badge(WHY[code], "amber", "alert") for code in line.flags if code in WHY]


# Flags in a word: the whole sentence stands on the check-in's own page.
WHY: dict[str, Text] = {
    "post_paused": _("岗点停用"),
    "geo_far": _("离得远"),
    "too_fast": _("走得太快"),
    "burst": _("打卡太密"),
    "shared_device": _("几人同一手机"),
}


def _names(actor: Actor, keys: Sequence[str]) -> Mapping[str, Text]:
    ids = [found for key in keys if (found := parse_uuid(key)) is not None]
    return {str(found): title for found, title in queries.titles(actor, ids).items()}


def _id(key: str) -> uuid.UUID:
    found = parse_uuid(key)
    if found is None:
        raise NotFound
    return found


def _accept(actor: Actor, key: str) -> object:
    return settle.settle(actor, checkin_id=_id(key), accept=True, reason=plain(_("看过证据，情况属实")))


def _reject(actor: Actor, key: str, reason: str) -> object:
    return settle.settle(actor, checkin_id=_id(key), accept=False, reason=reason)


FLAGGED = Queue(
    kind="checkin",
    perm=Perm.CHECKIN_SETTLE,
    label=_("存疑打卡"),
    note=_("看一眼证据，算或不算都写明原因"),
    icon="alert",
    endpoint="patrols.desk",
    query={"only": "flagged"},
    count=lambda actor, area: queries.waiting_count(actor, area=area),
    tasks=_tasks,
    names=_names,
    approve=_accept,
    refuse=_reject,
    undo=lambda actor, key: settle.undo(actor, checkin_id=_id(key)),
    yes=_("有效"),
    no=_("无效"),
    reasons=(
        _("那个时间您不在这个岗点，队里核实过"),
        _("离岗点太远，联系后也没能说清楚"),
        _("同一部手机替几个人打卡"),
    ),
    promise=_("记为有效的理由写成“看过证据，情况属实”，队员会看到。"),
)

QUEUES = (FLAGGED,)
