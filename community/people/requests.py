"""What a member asks about her data: a copy of it, its erasure, and taking the latter back (PIPL arts 45, 47).

Staff may ask for the erasure of somebody who stands before them; it goes the same way, with the same day to think.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from community.audit import services as audit
from community.core import clock, events
from community.core.authz import Actor, Perm, must, visible
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, Forbidden, NotFound
from community.core.i18n import Text, _
from community.people import consents, policies, queries
from community.people.erasing import COOLING_OFF, needed
from community.people.events import ErasureAsked, ServiceWithdrawn
from community.people.models import Consent, Member, PrivacyRequest

# A copy is made when it is fetched; the address that gives it works this long.
COPY_OPEN = dt.timedelta(minutes=30)
COPIES_A_DAY = 3
HISTORY = 30
Lines = Sequence[Row[*tuple[Any, ...]]]


# --- a copy ---


def ask_copy(actor: Actor) -> PrivacyRequest:
    """Write that the actor wants a copy of her data and return the request: what opens the copy for half an hour.

    Raises Conflict (copy_often) after three within a day.
    """
    must(actor, Perm.SELF_MANAGE)
    queries.known_member(actor.member_id, lock=True)
    now = clock.now()
    lately = select(func.count()).where(
        PrivacyRequest.member_id == actor.member_id,
        PrivacyRequest.kind == "export",
        PrivacyRequest.asked_at > now - dt.timedelta(days=1),
    )
    if session().execute(lately).scalar_one() >= COPIES_A_DAY:
        raise Conflict("copy_often", _("今天已经导出三次了"), next_step=_("请明天再来。今天导出的文件内容是一样的。"))
    return _write(actor, actor.member_id, "export", now + COPY_OPEN, state="done")


def open_copy(actor: Actor, request_id: int) -> PrivacyRequest:
    """Return the actor's own request whose copy may be fetched now; raises NotFound for any other."""
    must(actor, Perm.SELF_MANAGE)
    found = session().get(PrivacyRequest, request_id)
    if found is None or found.member_id != actor.member_id or found.kind != "export" or found.due_at <= clock.now():
        raise NotFound(_("这个下载链接已过期"), next_step=_("请在“我的数据”里再导出一次。"))
    return found


def newest_copy(member_id: int) -> PrivacyRequest | None:
    """Return the member's request whose copy may be fetched now, or None."""
    statement = select(PrivacyRequest).where(
        PrivacyRequest.member_id == member_id, PrivacyRequest.kind == "export", PrivacyRequest.due_at > clock.now()
    )
    return session().scalars(statement.order_by(PrivacyRequest.id.desc()).limit(1)).first()


# --- erasure ---


def hindrances(member_id: int, status: str) -> list[Text]:
    """Return why the member cannot have herself erased now, in words for her; nothing stands in the way of most."""
    found = list(needed(member_id))
    if status == "suspended":
        found.append(_("您的账号暂停中：请先找社区把事情说清楚，恢复后就能注销，也可以请社区当面帮您办。"))
    return found


def ask_erasure(actor: Actor) -> PrivacyRequest:
    """Write that the actor wants to be erased and return the request, the open one if there is one.

    Raises Conflict (cannot_go) with the reason while somebody depends on her or a matter of hers is open.
    """
    member = queries.known_member(actor.member_id, lock=True)
    must(actor, Perm.SELF_MANAGE, member)
    return _ask(actor, member, hindrances(member.id, member.status), {})


def ask_erasure_for(actor: Actor, member_id: int, how: str) -> PrivacyRequest:
    """The same for a member who stands at the desk; `how` says how the actor checked who she is.

    Never for oneself, and only where the member lives. Raises DomainError of the field "how", NotFound, Forbidden.
    """
    member = at_desk(actor, member_id)
    told = " ".join(how.split())
    if not told:
        raise DomainError("how_missing", _("请写明怎样核对了本人"), field="how")
    known = waiting_erasure(member_id)
    if member.status == "suspended" and known is not None and "how" not in known.details:
        _withdraw(actor, member_id)  # a suspension stops her own wish; what is asked for now takes its place
    return _ask(actor, member, list(needed(member_id)), {"asked_by": str(actor.member_id), "how": told[:200]})


def _ask(actor: Actor, member: Member, against: Sequence[Text], details: dict[str, Any]) -> PrivacyRequest:
    known = waiting_erasure(member.id)
    if known is not None:
        return known
    if against:
        raise Conflict("cannot_go", _("现在还不能注销"), next_step=against[0])
    made = _write(actor, member.id, "erase", clock.now() + COOLING_OFF, details=details)
    events.emit(ErasureAsked(member.id, actor.member_id, made.due_at))
    return made


def keep(actor: Actor) -> bool:
    """Take the actor's own wish to be erased back; False when there was none."""
    must(actor, Perm.SELF_MANAGE)
    return _withdraw(actor, actor.member_id)


def keep_for(actor: Actor, member_id: int) -> bool:
    """The same at the desk, for a wish that was written down there; her own nobody else takes back (Forbidden)."""
    at_desk(actor, member_id)
    known = waiting_erasure(member_id)
    if known is not None and "how" not in known.details:
        raise Forbidden(_("这是她自己申请的，只有她自己能撤回"), code="her_own")
    return _withdraw(actor, member_id)


def _withdraw(actor: Actor, member_id: int) -> bool:
    member = queries.known_member(member_id, lock=True)
    known = waiting_erasure(member_id)
    if known is None:
        return False
    known.state, known.done_at = "withdrawn", clock.now()
    session().flush()
    audit.record(actor, "people.keep", "member", member_id, scope_path=member.home_path)
    return True


def at_desk(actor: Actor, member_id: int) -> Member:
    """Return the member, locked in a command, if the actor may ask for her erasure; raises NotFound or Forbidden.

    Never oneself, and only who lives where the actor decides and holds no office above that.
    """
    member = queries.known_member(member_id, lock=True)
    if member.status in {"merged", "left"}:
        raise NotFound
    must(actor, Perm.MEMBER_VERIFY, member)
    policies.must_not_be_herself(actor.member_id, member)
    if not policies.covers_home(actor, member):
        raise Forbidden(_("她不住在您管的范围，不能在这里办"), code="another_home")
    if not actor.system and any(not policies.decides_at(actor, path) for path in policies.offices(member_id)):
        raise Forbidden(_("她有上级职务，请由上级管理员来办"), code="higher_office")
    return member


def _write(
    actor: Actor,
    member_id: int,
    kind: str,
    due_at: dt.datetime,
    *,
    state: str = "asked",
    details: dict[str, Any] | None = None,
) -> PrivacyRequest:
    now = clock.now()
    made = PrivacyRequest(
        member_id=member_id, kind=kind, state=state, asked_at=now, due_at=due_at, details=details or {},
        done_at=now if state == "done" else None,
    )  # fmt: skip
    session().add(made)
    session().flush()
    audit.record(
        actor, f"people.ask_{kind}", "member", member_id, scope_path=queries.home_path(member_id),
        reason=(details or {}).get("how"),
    )  # fmt: skip
    return made


def waiting_erasure(member_id: int) -> PrivacyRequest | None:
    """Return the member's request to be erased that waits for its time, or None."""
    statement = select(PrivacyRequest).where(
        PrivacyRequest.member_id == member_id, PrivacyRequest.kind == "erase", PrivacyRequest.state == "asked"
    )
    return session().scalars(statement.limit(1)).first()


def due_erasures() -> list[int]:
    """Return the members whose day to think is over, the longest due first.

    All of them: some wait long for who takes over, and nobody behind them may wait with them.
    """
    statement = (
        select(PrivacyRequest.member_id)
        .where(PrivacyRequest.kind == "erase", PrivacyRequest.state == "asked", PrivacyRequest.due_at <= clock.now())
        .order_by(PrivacyRequest.due_at)
    )
    return list(session().scalars(statement))


def for_desk(actor: Actor) -> tuple[Lines, Lines]:
    """Return the erasures that wait in the actor's areas, the next one first, and requests of late, the newest first.

    Who was erased has no area any more: her request is seen by those who may read the log.
    """
    must(actor, Perm.MEMBER_VERIFY)
    lines = (
        select(PrivacyRequest, Member.display_name, Member.id.label("about"))
        .join(Member, Member.id == PrivacyRequest.member_id)
        .where(visible(actor, Perm.MEMBER_VERIFY, Member))
    )
    open_ones = lines.where(PrivacyRequest.kind == "erase", PrivacyRequest.state == "asked")
    closed = lines.where(PrivacyRequest.state != "asked").order_by(PrivacyRequest.asked_at.desc()).limit(HISTORY)
    return session().execute(open_ones.order_by(PrivacyRequest.due_at)).all(), session().execute(closed).all()


# --- taking back the consent to be registered ---


def withdraw_service(actor: Actor) -> int:
    """End the actor's consents to be registered and return how many there were; her memberships end with them.

    The rows stay as proof of the time. Without this consent nothing more is written of her; being erased is the next
    step, which she takes herself.
    """
    must(actor, Perm.SELF_MANAGE)
    statement = select(Consent).where(
        Consent.member_id.in_(queries.identity_ids(actor.member_id)),
        Consent.scope == consents.SERVICE,
        Consent.withdrawn_at.is_(None),
    )
    open_ones = session().scalars(locking(statement)).all()
    for row in open_ones:
        row.withdrawn_at = clock.now()
    session().flush()
    events.emit(ServiceWithdrawn(actor.member_id))
    audit.record(
        actor, "people.withdraw_service", "member", actor.member_id, scope_path=queries.home_path(actor.member_id)
    )
    return len(open_ones)
