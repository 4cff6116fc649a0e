"""The room's part of the desk's queue: people whom nobody has checked yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for

from community.core.authz import Actor, Perm
from community.core.i18n import Text, _
from community.core.ids import parse_id
from community.core.todo import Badge, Queue, Task
from community.people import policies, queries, services
from community.places import queries as places


def _tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = queries.unverified(actor, area=area, limit=limit)
    names = places.names(row.home_area_id for row in rows)
    return [_task(row, names.get(row.home_area_id, "")) for row in rows]


def _task(row: Any, place: str) -> Task:
    guardian = row.age_band == policies.MINOR and row.guardian_at is None
    badges = [Badge(_("同号另有 %(count)s 份登记", count=row.same_number), "amber", "copy")] if row.same_number else []
    if guardian:
        badges.append(Badge(_("等监护人"), "violet", "people"))
    return Task(
        kind="person",
        key=str(row.id),
        title=row.display_name,
        about=_("见到本人，核对身份"),
        since=row.created_at,
        href=url_for("people.desk_person", member_id=row.id),
        place=place,
        badges=tuple(badges),
        # A number that is registered twice: the two are looked at side by side, and merged or verified there.
        acts=() if guardian or row.same_number else ("approve",),
        why_not=_("先登记监护人的同意") if guardian else None,
    )


def _names(actor: Actor, keys: Sequence[str]) -> Mapping[str, Text]:
    ids = [found for key in keys if (found := parse_id(key))]
    return {str(found): name for found, name in queries.titles(actor, ids).items()}


PEOPLE = Queue(
    kind="person",
    perm=Perm.MEMBER_VERIFY,
    label=_("待核对的人"),
    note=_("当面见过本人再点核对，核对后积分才能用"),
    icon="person",
    endpoint="people.desk_people",
    query={"show": "unverified"},
    count=lambda actor, area: queries.waiting(actor, area=area),
    tasks=_tasks,
    names=_names,
    approve=lambda actor, key: services.verify(actor, member_id=parse_id(key) or 0, undoable=True),
    undo=lambda actor, key: services.undo_verify(actor, member_id=parse_id(key) or 0),
    yes=_("已核对"),
    promise=_("请确认每一位您都当面见过本人、看过证件。"),
)

QUEUES = (PEOPLE,)
