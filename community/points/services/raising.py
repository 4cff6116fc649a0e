"""Objections that nobody answered in time go up: to the next level at which somebody may decide them.

Who let the day go by decides it no more. Where nobody is above, it stays and is told again. Need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import func, select

from community.access import queries as access
from community.audit import services as audit
from community.core import clock
from community.core.authz import Perm, system_actor
from community.core.db import locking, session
from community.core.i18n import _
from community.messages import kinds, services as messages
from community.people import queries as people, standing
from community.places import queries as places
from community.points.models import Appeal
from community.points.queries import families, subjects, terms
from community.points.services import appealing

_APPEAL = Appeal.__table__.c
_RAISED, _LATE, _URGED = "points.appeal_raised", "points.appeal_late", "points.appeal_urged"

kinds.register(_RAISED, _("有一份积分申诉转到您这一级"), _("下一级过了答复的日子。请由没经手过的人在 %(day)s 前答复。"))
_UNANSWERED = _("您的积分申诉还没有答复，我们催了")
kinds.register(_LATE, _UNANSWERED, _("已经转到%(place)s，最晚 %(day)s 答复。"))
kinds.register(_URGED, _UNANSWERED, _("还在%(place)s，最晚 %(day)s 答复。"))


def due() -> Sequence[uuid.UUID]:
    """Return the open objections whose day, or whose day since they went up, is over."""
    last = func.coalesce(_APPEAL.raised_until, _APPEAL.due_on)
    wanted = select(_APPEAL.id).where(_APPEAL.state == "open", last < clock.today()).order_by(last, _APPEAL.id)
    return session().scalars(wanted).all()


def raise_(appeal_id: uuid.UUID) -> bool:
    """Let an overdue objection go up a level; say whether it did. Everybody concerned is told, and a new clock runs."""
    member_id = session().scalar(select(_APPEAL.member_id).where(_APPEAL.id == appeal_id))
    if member_id is None:
        return False
    people.known_member(member_id, lock=True)
    wanted = locking(select(Appeal).where(Appeal.id == appeal_id)).execution_options(populate_existing=True)
    found = session().scalars(wanted).one()
    if found.state != "open" or (found.raised_until or found.due_on) >= clock.today():
        return False
    levels = _levels(found)
    before = found.scope_path
    found.scope_path = levels[1][0] if len(levels) > 1 else before
    found.raised_until = clock.today() + dt.timedelta(days=terms.of_town(found.town_id).appeal_days)
    session().flush()
    # On the level at which it may be decided now, also when that is the old one: it is told again.
    path, holders = levels[1] if len(levels) > 1 else levels[0] if levels else (before, [])
    area = places.by_path([path]).get(path)
    day = {"day": found.raised_until}
    for one in holders:
        messages.notify(one, _RAISED, day, f"/desk/appeals/{found.member_id}/{found.id}")
    told = {"place": area.name if area else "", **day}
    messages.notify(
        found.member_id, _LATE if found.scope_path != before else _URGED, told, f"/points/appeals/{found.id}"
    )
    audit.record(
        system_actor("raise_appeals"), "points.appeal_raise", "appeal", found.id, scope_path=found.scope_path,
        details={"from": before},
    )  # fmt: skip
    return found.scope_path != before


def _levels(found: Appeal) -> list[tuple[str, list[int]]]:
    """Return (path, who may decide) of the areas around an objection at which anybody may, the nearest first."""
    parts = found.scope_path.rstrip("/").split("/")
    paths = ["/".join(parts[:count]) + "/" for count in range(len(parts), 0, -1)]
    areas = places.by_path(paths)
    subject = subjects.find(found.subject_ref, (found.member_id,))
    said = {found.first_by, found.decided_by, *appealing.written_by(found), *(subject.deciders if subject else ())}
    levels = []
    for path in paths:
        may = access.holders(Perm.APPEAL_DECIDE, areas[path].id) if path in areas else []
        if others := [one for one in may if _may_answer(one, found.member_id, said)]:
            levels.append((path, others))
    return levels


def _may_answer(holder: int, member_id: int, said: Collection[int | None]) -> bool:
    """Say whether `appealing.decide` would let a holder answer; `said` are those who had a say in it already."""
    ids = people.identity_ids(holder)
    if member_id in ids or not set(ids).isdisjoint(said):
        return False
    return not standing.helps(ids, member_id) and member_id not in families.close_to(ids)
