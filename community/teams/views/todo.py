"""The room's part of the desk's queue: applications to decide about, and guardians to be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import url_for

from community.core.authz import Actor, Perm
from community.core.i18n import Text, _
from community.core.ids import parse_id
from community.core.todo import Badge, Queue, Task
from community.teams import services
from community.teams.queries import desk
from community.teams.queries.desk import Application
from community.teams.words import AGES


def _count(actor: Actor, area: str) -> int:
    return desk.waiting(actor, area=area, states=("applied",))


def _tasks(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = desk.applications(actor, limit, area=area, states=("applied",))
    return [_task(actor, row, "application", ("approve", "refuse")) for row in rows]


def _count_guardians(actor: Actor, area: str) -> int:
    return desk.waiting(actor, area=area, states=("waiting_guardian",))


def _guardians(actor: Actor, area: str, limit: int) -> list[Task]:
    rows = desk.applications(actor, limit, area=area, states=("waiting_guardian",))
    return [_task(actor, row, "guardian", ("refuse",)) for row in rows]


def _task(actor: Actor, row: Application, kind: str, acts: tuple[str, ...]) -> Task:
    own = actor.is_me(row.member_id)
    return Task(
        kind=kind,
        key=str(row.id),
        title=row.name,
        about=_("%(team)s · 楼长：%(building)s", team=row.team, building=row.place) if row.place else row.team,
        since=row.applied_at,
        href=url_for("teams.applications", _anchor=f"a{row.id}"),
        place=row.home,
        late=row.late,
        badges=tuple(_badges(row)),
        # Her number is somebody else's: approving her can only be refused until the two are merged.
        acts=() if own else tuple(act for act in acts if act != "approve" or not row.number_verified),
        why_not=_("自己的申请，请另一位管理员来办") if own else None,
    )


def _badges(row: Application) -> list[Badge]:
    found = [Badge(_("已核实"), "green", "check") if row.verified else Badge(_("新登记"), "grey", "person")]
    if row.age_band == "14-17":
        found.append(Badge(AGES[row.age_band], "violet", "people"))
    if row.number_verified:
        found.append(Badge(_("号码已有人用"), "red", "alert"))
    elif row.same_number:
        found.append(Badge(_("同号另有 %(count)s 份登记", count=row.same_number), "amber", "copy"))
    if row.serves:
        found.append(Badge(_("已在 %(count)s 支队", count=row.serves), "grey", "people"))
    return found


def _names(actor: Actor, keys: Sequence[str]) -> Mapping[str, Text]:
    ids = [found for key in keys if (found := parse_id(key))]
    return {str(found): title for found, title in desk.titles(actor, ids).items()}


APPLICATIONS = Queue(
    kind="application",
    perm=Perm.MEMBERSHIP_DECIDE,
    label=_("入队申请"),
    note=_("答应过两天内答复"),
    icon="clock",
    endpoint="teams.applications",
    count=_count,
    tasks=_tasks,
    names=_names,
    approve=lambda actor, key: services.approve(actor, parse_id(key) or 0),
    refuse=lambda actor, key, reason: services.refuse(actor, parse_id(key) or 0, reason),
    undo=lambda actor, key: services.undo(actor, parse_id(key) or 0),
    yes=_("通过"),
    no=_("不通过"),
    reasons=(
        _("没有联系上您，方便时请再报一次"),
        _("登记的信息对不上，请带证件到社区当面办"),
        _("这支队暂时不缺人，欢迎报别的队"),
        _("您的年龄或时间不合适这支队，请看看白天的队"),
    ),
    promise=_("通过就是说您知道他们是谁：新登记的人会一并算核对过身份。"),
)

GUARDIANS = Queue(
    kind="guardian",
    perm=Perm.MEMBERSHIP_DECIDE,
    label=_("等监护人"),
    note=_("给监护人打电话，登记怎样同意的"),
    icon="people",
    endpoint="teams.applications",
    count=_count_guardians,
    tasks=_guardians,
    names=_names,
    refuse=lambda actor, key, reason: services.refuse(actor, parse_id(key) or 0, reason),
    undo=lambda actor, key: services.undo(actor, parse_id(key) or 0),
    no=_("不通过"),
    reasons=(_("监护人没有同意"), _("没有联系上监护人，联系上以后可以再报")),
    rare=True,
)

QUEUES = (APPLICATIONS, GUARDIANS)
