"""Erasing a member: her name and numbers go, the rows about what was done stay on a pseudonym (PIPL art. 47).

She asks, and may take it back for a day: a slip of the finger must not cost anybody years of service. Then a job does
it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update

from community.audit import services as audit
from community.core import clock, events, idempotency
from community.core.authz import Actor, must_be_system
from community.core.db import locking, session
from community.core.i18n import Text, _, plain
from community.core.slots import Provider
from community.people import mandates, phones
from community.people.events import MemberErased
from community.people.models import Consent, DoorWait, Member, MemberArea, MemberCard, PrivacyRequest, SignInCode

COOLING_OFF = dt.timedelta(hours=24)
# What stands in her place wherever rows of what was done are shown.
PSEUDONYM = _("已注销用户")


def _nobody_needs_her(_member_id: int) -> tuple[Text, ...]:
    return ()


# Why a member cannot go yet (she is the last who administers a place); `access`, a higher room, answers.
needed: Provider[tuple[Text, ...]] = Provider("people.needed", _nobody_needs_her)


def erase(actor: Actor, member_id: int) -> bool:
    """Take away who the member is and return True; False when she is gone already, still needed (`needed`) or stopped.

    A suspension stops what she asked for herself: erased, she would be rid of it. What staff asked for goes on.

    Every room is told (MemberErased) in the same transaction. What stays: numbers, dates and states on a row without
    name, home or phone, age band included, because sums and evidence rest on them; consents for three years.
    """
    must_be_system(actor)
    rows = _hers(member_id)
    if not rows or rows[0].erased_at is not None or needed(member_id) or _stopped(rows[0]):
        return False
    ids = tuple(row.id for row in rows)
    scope, now = rows[0].home_path, clock.now()
    events.emit(MemberErased(member_id, ids))
    mandates.end_all(actor, ids)
    mandates.forget_papers(ids)
    _end_what_opens(ids, now)
    for row in rows:
        _blank(row, now)
    session().flush()
    for one in ids:
        idempotency.forget_owner(f"m:{one}")
    _close_requests(ids, now)
    audit.record(actor, "people.erase", "member", member_id, scope_path=scope)
    return True


def _hers(member_id: int) -> Sequence[Member]:
    """Return her own row first, then those merged into it, locked."""
    own = or_(Member.id == member_id, Member.merged_into == member_id)
    statement = select(Member).where(own).order_by(Member.id != member_id, Member.id)
    return session().scalars(locking(statement).execution_options(populate_existing=True)).all()


def _stopped(member: Member) -> bool:
    if member.status != "suspended":
        return False
    asked = PrivacyRequest.member_id == member.id, PrivacyRequest.kind == "erase", PrivacyRequest.state == "asked"
    return any("how" not in request.details for request in session().scalars(select(PrivacyRequest).where(*asked)))


def _blank(member: Member, now: dt.datetime) -> None:
    for one in phones.held_hashes(member.phone_cipher, member.phone_hash):
        tries = DoorWait.subject.startswith(f"phone:{one}:")
        session().execute(delete(DoorWait).where(tries).execution_options(synchronize_session=False))
    member.display_name = plain(PSEUDONYM)
    for column in (
        "phone_cipher", "phone_hash", "phone_tail_hash", "phone_kid", "guardian_name", "guardian_phone_cipher",
        "status_reason", "password_hash", "language", "text_size", "home_area_id",
    ):  # fmt: skip
        setattr(member, column, None)
    member.home_path = ""
    if member.status != "merged":
        member.status = "left"
    # Ends the sessions on all her phones.
    member.session_epoch += 1
    member.erased_at = now


def _end_what_opens(ids: tuple[int, ...], now: dt.datetime) -> None:
    session().execute(delete(MemberArea).where(MemberArea.member_id.in_(ids)))
    session().execute(
        update(Consent).where(Consent.member_id.in_(ids), Consent.withdrawn_at.is_(None)).values(withdrawn_at=now)
    )
    cards = update(MemberCard).where(MemberCard.member_id.in_(ids)).execution_options(synchronize_session="fetch")
    session().execute(cards.where(MemberCard.revoked_at.is_(None)).values(revoked_at=now))
    session().execute(cards.values(revoked_why=None))
    session().execute(
        update(SignInCode)
        .where(SignInCode.member_id.in_(ids))
        .values(code_hash="", why="")
        .execution_options(synchronize_session=False)
    )


def _close_requests(ids: tuple[int, ...], now: dt.datetime) -> None:
    session().execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.member_id.in_(ids), PrivacyRequest.state == "asked")
        .values(state="done", done_at=now)
        .execution_options(synchronize_session=False)
    )
    # How she was recognised at the desk is said in the log; here it would outlive her name.
    session().execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.member_id.in_(ids))
        .values(details={})
        .execution_options(synchronize_session=False)
    )
