"""Settling a flagged check-in: by a leader or admin of its area, never by the member herself, or by silence."""

from __future__ import annotations

import uuid

from sqlalchemy import insert, select, update

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.events import emit
from community.core.i18n import _, plain
from community.messages import services as messages
from community.patrols.events import CheckInSettled
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.texts import reason_text, register_messages
from community.people import queries as people
from community.places import queries as places

register_messages()


def _already() -> DomainError:
    return Conflict("settled", _("这条打卡已经有人处理了"), next_step=_("刷新页面看处理结果。"))


on_constraint("uq_checkin_event_move", _already)


def settle(actor: Actor, *, checkin_id: uuid.UUID, accept: bool, reason: str) -> CheckIn:
    """Accept or reject a flagged check-in, with a reason that its member reads; emits CheckInSettled.

    Raises NotFound outside the actor's areas, DomainError for her own check-in or an empty reason, Conflict when it is
    settled already.
    """
    checkin = _locked(checkin_id)
    if checkin is None:
        raise NotFound
    must(actor, Perm.CHECKIN_SETTLE, checkin)
    if checkin.member_id == actor.member_id:
        raise DomainError(
            "own_checkin",
            _("自己的打卡不能自己处理"),
            next_step=_("请另一位队长或管理员处理。"),
            status=403,
        )
    if not reason.strip():
        raise DomainError("reason_missing", _("请写明理由，对方会看到"), field="reason")
    _decide(checkin, accept=accept, by=actor, reason=reason.strip()[:200])
    return checkin


def settle_by_silence(actor: Actor, *, checkin_id: uuid.UUID) -> bool:
    """Accept a flagged check-in that nobody settled within seven days; False when somebody just did."""
    checkin = _locked(checkin_id)
    if checkin is None or checkin.status != "flagged":
        return False
    must(actor, Perm.CHECKIN_SETTLE, checkin)
    _decide(checkin, accept=True, by=actor, reason="silence")
    return True


def _locked(checkin_id: uuid.UUID) -> CheckIn | None:
    """Return the check-in, locked; its member first, as every command of hers does, so that who she is stands still."""
    member_id = session().execute(select(CheckIn.member_id).where(CheckIn.id == checkin_id)).scalar()
    if member_id is None:
        return None
    people.known_member(member_id, lock=True)
    statement = locking(select(CheckIn).where(CheckIn.id == checkin_id)).execution_options(populate_existing=True)
    return session().execute(statement).scalar()


def _decide(checkin: CheckIn, *, accept: bool, by: Actor, reason: str) -> None:
    if checkin.status != "flagged":
        raise _already()
    status = "accepted" if accept else "rejected"
    by_id = None if by.system else by.member_id
    session().execute(
        insert(CheckInEvent).values(
            checkin_id=checkin.id,
            member_id=checkin.member_id,
            from_status="flagged",
            to_status=status,
            by_id=by_id,
            reason=reason,
            at=clock.now(),
        )
    )
    session().execute(update(CheckIn).where(CheckIn.id == checkin.id).values(status=status))
    audit.record(
        by, "patrols.settle", "checkin", str(checkin.id), scope_path=checkin.scope_path, reason=reason,
        details={"to": status, "code": checkin.code},
    )  # fmt: skip
    post_name = places.post_name(checkin.post_id)
    emit(
        CheckInSettled(
            checkin_id=checkin.id,
            member_id=checkin.member_id,
            town_id=checkin.town_id,
            scope_path=checkin.scope_path,
            post_id=checkin.post_id,
            post_name=post_name,
            team_id=checkin.team_id,
            used_at=checkin.used_at,
            grade=checkin.grade,
            verified=people.is_verified(checkin.member_id),
            accepted=accept,
            by_id=by_id,
            reason=reason,
        )
    )
    messages.notify(
        checkin.member_id,
        "patrols.accepted" if accept else "patrols.rejected",
        {"post": post_name, "reason": plain(reason_text(reason) or "")},
        f"/checkins/{checkin.id}",
    )
