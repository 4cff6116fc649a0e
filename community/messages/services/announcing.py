"""Publishing, withdrawing and reading announcements."""

from __future__ import annotations

from typing import Any

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import session, upsert
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.core.ids import new_id
from community.messages import policies
from community.messages.models import Announcement, AnnouncementRead
from community.messages.policies import Words
from community.messages.queries import announcements
from community.places import queries as places


def publish(actor: Actor, *, area_id: int, words: Words) -> int:
    """Announce `words` to the people of an area; return the announcement's id.

    Raises NotFound for an area outside the actor's own, DomainError of the field that is wrong. It is shown from
    `starts_at` on, at once when that is past.
    """
    area = places.area(area_id)
    if area is None:
        raise NotFound
    must(actor, Perm.ANNOUNCEMENT_MANAGE, area)
    return tell(actor, area, words)


def tell(actor: Actor, area: Any, words: Words, *, by_id: int | None = None) -> int:
    """Announce what follows from an act in `area` that its own right allowed; return the announcement's id.

    For rooms above, whose service has asked for that right; a job names in whose name it speaks (`by_id`). Raises
    DomainError of the field that is wrong.
    """
    now = clock.now()
    checked = policies.check(words, now)
    made = Announcement(
        id=new_id(),
        area_id=area.id,
        town_id=area.town_id,
        scope_path=area.path,
        audience=checked.audience,
        title=checked.title,
        body=checked.body,
        important=checked.important,
        starts_at=max(checked.starts_at, now),
        until=checked.until,
        created_by=by_id or actor.member_id,
        created_at=now,
    )
    session().add(made)
    session().flush()
    audit.record(actor, "messages.announced", "announcement", str(made.id), scope_path=area.path)
    return made.id


def withdraw(actor: Actor, announcement_id: int, *, reason: str) -> None:
    """Take an announcement back; who reads its address sees that it was withdrawn and why.

    Raises NotFound outside the actor's areas, DomainError without a reason, Conflict when it is withdrawn already.
    """
    found = session().get(Announcement, announcement_id, with_for_update=True)
    if found is None:
        raise NotFound
    must(actor, Perm.ANNOUNCEMENT_MANAGE, found)
    why = " ".join(reason.split())
    if not 0 < len(why) <= policies.WHY_LONGEST:
        raise DomainError("reason_needed", _("请写明原因，200 字以内"), field="reason")
    if found.withdrawn_at is not None:
        raise Conflict("withdrawn", _("这条公告已经撤回"))
    found.withdrawn_at, found.withdrawn_by, found.withdrawn_why = clock.now(), actor.member_id, why
    audit.record(actor, "messages.withdrew", "announcement", str(found.id), scope_path=found.scope_path, reason=why)


def mark_read(actor: Actor, announcement_id: int) -> None:
    """Note that the actor has read it; again changes nothing. Raises NotFound for one that she is not shown."""
    must(actor, Perm.INBOX_READ)
    if announcements.one(actor, announcement_id) is None:
        raise NotFound
    session().execute(
        upsert(AnnouncementRead)
        .values(announcement_id=announcement_id, member_id=actor.member_id, read_at=clock.now())
        .on_conflict_do_nothing()
    )
