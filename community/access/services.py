"""Giving, changing and ending roles. Nobody gives herself a role, nor a right that she lacks in that place or so long.

Every way comes by `policies.may_give`; the database refuses a grant given by its own holder.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy import or_, select

from community.access import policies, queries
from community.access.events import RoleChanged, RoleEnded, RoleFact, RoleGiven
from community.access.models import Role, RoleGrant
from community.access.policies import Place
from community.audit import services as audit
from community.core import clock, events
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound
from community.core.i18n import _
from community.people import codes, policies as people_policies, queries as people

__all__ = ["Place", "appoint", "change_end", "end", "end_grant", "grant"]


def grant(
    actor: Actor,
    *,
    member_id: int,
    role: str,
    place: Place,
    reason: str | None = None,
    starts_at: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> RoleGrant:
    """Give the member `role` at `place` and return the grant; one held there with these very dates stays as it is.

    It holds from `starts_at` (now) `until` an instant (for good). The actor holds GRANT_MANAGE there and every right of
    the role, as long as she gives it; jobs and commands (system actors) give any role. Raises NotFound for an unknown
    role, a place outside the actor's or a member whom she does not see, Forbidden for oneself and for rights not held,
    Conflict for who may hold no office, DomainError of the fields starts_on and until_on and (held_otherwise) for one
    who holds it there with other dates.
    """
    must(actor, Perm.GRANT_MANAGE, place)
    kind = _kind(role)
    if not actor.system:
        policies.check_dates(starts_at or clock.now(), until)
        policies.may_give(actor, kind, place, member_id, until=until, for_ever=until is None)
        policies.may_hold(actor, people.known_member(member_id, lock=True))
    _may_give_everywhere(actor, kind, place, member_id)
    held = _in_force(member_id, kind.code, place)
    if held is not None:
        _must_have_dates(held, starts_at, until)
        return held
    made = _give(actor, kind, member_id=member_id, place=place, reason=reason, starts_at=starts_at, until=until)
    _tell(actor, RoleGiven, made, reason or "")
    return made


def appoint(actor: Actor, *, member_id: int, role: str, place: Place) -> RoleGrant:
    """Give a role that comes with an office of a room above, by whoever that room's rule lets name its holder.

    The actor needs no GRANT_MANAGE, but every right of the role in every area of `place`. Raises NotFound for an
    unknown role, Forbidden for oneself and for rights not held.
    """
    kind = _kind(role)
    _may_give_everywhere(actor, kind, place, member_id)
    return _in_force(member_id, role, place) or _give(actor, kind, member_id=member_id, place=place)


def change_end(actor: Actor, grant_id: int, *, until: dt.datetime | None, reason: str) -> RoleGrant:
    """Let a grant end on another date (None: on none) and return it. Takes what giving it anew would take.

    Raises NotFound outside the actor's places, Forbidden for one's own and for more or longer than held, Conflict for
    one that has ended, follows a team's role, or is the last administrator's.
    """
    told = people_policies.reason(reason, missing=_("请写明为什么改日期，她会看到"))
    held = _decidable(actor, grant_id)
    policies.may_give(
        actor, _kind(held.role), queries.place_of(held), held.member_id, until=until, for_ever=until is None
    )
    policies.check_end(max(clock.now(), held.starts_at), until)
    if until is not None:
        _must_not_be_last(held, until)
    _end_at(actor, held, until, told)
    _note(actor, "access.change", held, told)
    _tell(actor, RoleChanged, held, told)
    return held


def end_grant(actor: Actor, grant_id: int, *, reason: str) -> RoleGrant:
    """End a grant now and return it: somebody else's whose rights the actor holds there, or her own.

    Raises as `change_end` does.
    """
    told = people_policies.reason(reason, missing=_("请写明为什么结束，她会看到"))
    held = _decidable(actor, grant_id)
    if not actor.is_me(held.member_id):
        policies.may_give(actor, _kind(held.role), queries.place_of(held), held.member_id)
    _must_not_be_last(held, clock.now())
    _end_at(actor, held, _now_for(held), told)
    _note(actor, "access.end", held, told)
    _tell(actor, RoleEnded, held, told)
    return held


def end(actor: Actor, *, member_id: int, role: str, place: Place, reason: str | None = None) -> bool:
    """End the member's `role` at `place` now, as rooms above do; returns whether she held it. The row stays.

    Raises NotFound for a place outside the actor's, Forbidden for a right that she lacks there, Conflict for the last
    system_admin of all.
    """
    must(actor, Perm.GRANT_MANAGE, place)
    held = _in_force(member_id, role, place)
    if held is None:
        return False
    policies.may_give(actor, _kind(role), place, member_id)
    _must_not_be_last(held, clock.now())
    _end_at(actor, held, _now_for(held), reason)
    _note(actor, "access.end", held, reason)
    return True


def _kind(role: str) -> Role:
    kind = session().get(Role, role)
    if kind is None:
        raise NotFound
    return kind


def _may_give_everywhere(actor: Actor, kind: Role, place: Place, member_id: int) -> None:
    for path in (place.path, *place.more_paths):
        policies.may_give(actor, kind, replace(place, path=path), member_id)


def _must_have_dates(held: RoleGrant, starts_at: dt.datetime | None, until: dt.datetime | None) -> None:
    """Refuse to pass over other dates in silence: who gives it believes that hers hold."""
    now = clock.now()
    if (max(held.starts_at, now), held.until) != (max(starts_at or now, now), until):
        raise DomainError(
            "held_otherwise",
            _("她在这里已经有这个职务，起止日期不同"),
            next_step=_("请在授权列表里打开它，改那里的日期。"),
            field="until_on",
        )


def _give(
    actor: Actor,
    kind: Role,
    *,
    member_id: int,
    place: Place,
    reason: str | None = None,
    starts_at: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> RoleGrant:
    made = RoleGrant(
        member_id=member_id,
        role=kind.code,
        area_id=place.area_id,
        scope_path=place.path if place.area_id else None,
        team_id=place.team_id,
        place=place.name[:60],
        starts_at=max(starts_at or clock.now(), clock.now()),
        until=until,
        granted_by=actor.member_id or None,
        reason=reason,
    )
    session().add(made)
    session().flush()
    codes.close_for_office(member_id)
    _note(actor, "access.grant", made, reason, path=place.path)
    return made


def _decidable(actor: Actor, grant_id: int) -> RoleGrant:
    found = session().get(RoleGrant, grant_id)
    if found is None:
        raise NotFound
    must(actor, Perm.GRANT_MANAGE, queries.place_of(found))
    if found.role == policies.SYSTEM_ADMIN:
        queries.lock_holders(found.role)
    held = session().scalars(locking(select(RoleGrant).where(RoleGrant.id == grant_id)), execution_options=_ANEW).one()
    policies.must_be_open(held)
    return held


_ANEW = {"populate_existing": True}


def _now_for(held: RoleGrant) -> dt.datetime:
    return max(clock.now(), held.starts_at + dt.timedelta(microseconds=1))


def _end_at(actor: Actor, held: RoleGrant, until: dt.datetime | None, reason: str | None) -> None:
    held.until, held.ended_by, held.end_reason = until, actor.member_id or None, reason
    session().flush()


def _must_not_be_last(held: RoleGrant, when: dt.datetime) -> None:
    """Refuse to leave the site without an administrator after `when`: nobody could name the next one."""
    if held.role != policies.SYSTEM_ADMIN:
        return
    if not queries.held_by_another(held.role, held.member_id, when, held.scope_path or ""):
        raise Conflict("last_admin", policies.LAST_ADMIN)


def _in_force(member_id: int, role: str, place: Place) -> RoleGrant | None:
    now = clock.now()
    if role == policies.SYSTEM_ADMIN:
        queries.lock_holders(role)
    statement = select(RoleGrant).where(
        RoleGrant.member_id == member_id,
        RoleGrant.role == role,
        RoleGrant.area_id == place.area_id if place.area_id else RoleGrant.team_id == place.team_id,
        or_(RoleGrant.until.is_(None), RoleGrant.until > now),
    )
    return session().scalars(locking(statement.limit(1)), execution_options=_ANEW).first()


def _note(actor: Actor, act: str, held: RoleGrant, reason: str | None, *, path: str = "") -> None:
    audit.record(
        actor,
        act,
        "member",
        held.member_id,
        scope_path=path or queries.place_of(held).path,
        reason=reason,
        details={"role": held.role, "place": held.place, "until": held.until.isoformat() if held.until else ""},
    )


def _tell(actor: Actor, fact: type[RoleFact], held: RoleGrant, reason: str) -> None:
    if actor.system:
        return
    kind = _kind(held.role)
    events.emit(fact(held.member_id, kind.name, kind.name_en, held.place, held.until, reason))
