"""Settling a flagged check-in: by a leader or admin of its area, or by silence; never by the member herself, her
family, or who acts in her place.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ScalarSelect, func, insert, select

from community.audit import services as audit
from community.core import clock, todo
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.events import emit
from community.core.i18n import _, plain
from community.messages import services as messages
from community.patrols import policies, queries
from community.patrols.events import CheckInReopened, CheckInSettled, CheckInVindicated
from community.patrols.models import CheckIn, CheckInEvent
from community.patrols.texts import reason_text, register_messages
from community.people import queries as people, standing
from community.places import queries as places

register_messages()

_INSTEAD = _("决定已经生效，对方会收到消息。弄错了，请联系镇街或联合会更正。")


def _already() -> DomainError:
    return Conflict("settled", _("这条打卡已经有人处理了"), next_step=_("刷新页面看处理结果。"))


on_constraint("uq_checkin_event_seq", _already)


def settle(actor: Actor, *, checkin_id: uuid.UUID, accept: bool, reason: str) -> CheckIn:
    """Accept or reject a flagged check-in, with a reason that its member reads; emits CheckInSettled.

    Raises NotFound outside the actor's areas, DomainError for her own check-in or one of somebody close to her, or an
    empty reason, Conflict when it is settled already.
    """
    checkin = _locked(checkin_id)
    if checkin is None:
        raise NotFound
    must(actor, Perm.CHECKIN_SETTLE, checkin)
    _must_be_anothers(actor, checkin)
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


def undo(actor: Actor, *, checkin_id: uuid.UUID) -> CheckIn:
    """Take back what the actor settled less than ten seconds ago: it waits again; emits CheckInReopened.

    Raises NotFound outside her areas, DomainError for her own check-in, Forbidden (undo_other) for another person's
    decision, Conflict (undo_late, not_settled).
    """
    checkin = _locked(checkin_id)
    if checkin is None:
        raise NotFound
    must(actor, Perm.CHECKIN_SETTLE, checkin)
    _must_be_anothers(actor, checkin)
    settled = queries.settlement(checkin_id)
    if checkin.status == "flagged" or settled is None:
        raise Conflict("not_settled", _("这条打卡还在等核对，没有要撤销的"), next_step=_("刷新页面再看。"))
    todo.must_be_undoable(actor, by_id=settled.by_id, at=settled.at, instead=_INSTEAD)
    _move(checkin, "flagged", by=actor, reason="undone", act="patrols.undo")
    emit(CheckInReopened(**_fact(checkin), by_id=actor.member_id))
    messages.take_back(checkin.member_id, _page(checkin))
    return checkin


def set_right(event: CheckInVindicated) -> None:
    """Accept a rejected check-in because an objection about it was granted; emits CheckInSettled.

    Another member's check-in, and one that is not rejected any more, stay as they are. Raises DomainError for her own.
    """
    checkin = _locked(event.checkin_id)
    if checkin is None or checkin.member_id != event.member_id or checkin.status != "rejected":
        return
    by = Actor(member_id=event.by_id)
    _must_be_anothers(by, checkin)
    _move(checkin, "accepted", by=by, reason=event.reason[:200], act="patrols.set_right")
    emit(CheckInSettled(**_fact(checkin), accepted=True, by_id=event.by_id, reason=event.reason[:200]))


def _must_be_anothers(actor: Actor, checkin: CheckIn) -> None:
    if actor.is_me(checkin.member_id) or actor.is_me(checkin.proxy_id or 0):
        raise DomainError(
            "own_checkin",
            _("自己的打卡不能自己处理"),
            next_step=_("请另一位队长或管理员处理。"),
            status=403,
        )
    if checkin.member_id in policies.close_to(actor.ids) or standing.helps(actor.ids, checkin.member_id):
        raise DomainError(
            "close_checkin",
            _("这一条与您有关，要由别人来看"),
            next_step=_("请另一位队长或管理员处理。"),
            status=403,
        )


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
    _move(checkin, "accepted" if accept else "rejected", by=by, reason=reason, act="patrols.settle")
    by_id = None if by.system else by.member_id
    # What a person decided she may undo; a rule does not change its mind.
    not_before = None if by.system else clock.now() + todo.UNDO_WITHIN
    fact = _fact(checkin)
    emit(CheckInSettled(**fact, accepted=accept, by_id=by_id, reason=reason, not_before=not_before))
    messages.notify(
        checkin.member_id,
        "patrols.accepted" if accept else "patrols.rejected",
        {"post": fact["post_name"], "reason": plain(reason_text(reason) or "")},
        _page(checkin),
        not_before=not_before,
    )


def _move(checkin: CheckIn, status: str, *, by: Actor, reason: str, act: str) -> None:
    session().execute(
        insert(CheckInEvent).values(
            checkin_id=checkin.id,
            seq=_next_number(checkin.id),
            member_id=checkin.member_id,
            from_status=checkin.status,
            to_status=status,
            by_id=None if by.system else by.member_id,
            reason=reason,
            at=clock.now(),
        )
    )
    # Written to the row that is held here, and to the one in the database.
    checkin.status = status
    session().flush()
    audit.record(
        by, act, "checkin", str(checkin.id), scope_path=checkin.scope_path, reason=reason,
        details={"to": status, "code": checkin.code},
    )  # fmt: skip


def _next_number(checkin_id: uuid.UUID) -> ScalarSelect[int]:
    event = CheckInEvent.__table__.c
    latest = select(func.coalesce(func.max(event.seq) + 1, 0)).where(event.checkin_id == checkin_id)
    return latest.scalar_subquery()


def _fact(checkin: CheckIn) -> dict[str, Any]:
    return {
        "checkin_id": checkin.id,
        "member_id": checkin.member_id,
        "town_id": checkin.town_id,
        "scope_path": checkin.scope_path,
        "post_id": checkin.post_id,
        "post_name": places.post_name(checkin.post_id),
        "team_id": checkin.team_id,
        "used_at": checkin.used_at,
        "grade": checkin.grade,
        "verified": people.is_verified(checkin.member_id),
    }


def _page(checkin: CheckIn) -> str:
    return f"/checkins/{checkin.id}"
