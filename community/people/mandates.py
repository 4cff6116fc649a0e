"""Mandates: a person lets another see her points, and use or defend them for her, for a while.

The helper offers (`ask`) and gets a code; the person types it, sees who offers what, and says yes herself (`confirm`).
For who has no phone a third person writes it down, with a photo of the signed paper (`register`); for a minor only so,
and it is her guardian who signs. Nobody's name or number is looked up on the way. `standing` acts under a mandate.
All functions that write need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, func, or_, select, update

from community.audit import services as audit
from community.core import clock, events, uploads
from community.core.authz import Actor, Perm, must
from community.core.db import BLANK, locking, session
from community.core.db.session import one_at_a_time
from community.core.errors import Conflict, DomainError, Forbidden, NotFound, on_constraint
from community.core.i18n import _
from community.core.ids import clean_code, is_code, new_code
from community.core.uploads import Picture, Upload
from community.people import codes, policies, queries
from community.people.events import MandateEnded, MandateGiven, MandateRunsOut
from community.people.models import Mandate, MandateRequest, Member

PURPOSE = "mandate"
# How long a mandate may last, in days; how long an offer waits for its answer.
SPANS = (90, 180, 365)
OFFER_LIVES = dt.timedelta(days=3)
# Both sides hear of the last day so long before.
TOLD_BEFORE = dt.timedelta(days=7)
# So many helpers one person has at a time, and so many people one helper: nobody collects the old people of a street.
HELPERS_MOST = 3
HELPED_MOST = 10


def _given_meanwhile() -> DomainError:
    return Conflict("given", _("这份代办已经确认过了"), next_step=_("刷新页面看现在的情况。"))


on_constraint("uq_mandate_pair", _given_meanwhile)


# --- the helper offers ---


def ask(actor: Actor, *, may_redeem: bool, may_appeal: bool, days: int) -> MandateRequest:
    """Offer to act for whoever confirms by the code of the returned request; an older open offer ends.

    Raises Forbidden (not_helper) for who is not verified, suspended or a minor, DomainError for the field "days".
    """
    must(actor, Perm.SELF_MANAGE)
    _must_be_helper(queries.known_member(actor.member_id))
    if days not in SPANS:
        raise DomainError("days", _("请选多久"), field="days")
    now = clock.now()
    _close(MandateRequest.helper_id == actor.member_id)
    made = MandateRequest(
        helper_id=actor.member_id, code=new_code(), may_redeem=may_redeem, may_appeal=may_appeal,
        until_on=clock.today() + dt.timedelta(days=days), created_at=now, expires_at=now + OFFER_LIVES,
    )  # fmt: skip
    session().add(made)
    session().flush()
    return made


def offer(actor: Actor, request_id: int) -> MandateRequest:
    """Return the actor's own open offer; raises NotFound for others' and for what is over."""
    found = session().get(MandateRequest, request_id, populate_existing=True)
    if found is None or found.helper_id != actor.member_id or not _open(found):
        raise _over()
    return found


def offered(text: str, *, lock: bool = False) -> MandateRequest:
    """Return the open offer with the code that `text` spells; raises NotFound for none, an old one, a used one."""
    code = clean_code(text[:60])
    statement = select(MandateRequest).where(MandateRequest.code == code)
    if lock:
        statement = locking(statement).execution_options(populate_existing=True)
    found = session().scalars(statement).one_or_none() if is_code(code) else None
    if found is None or not _open(found):
        raise _over()
    return found


# --- the person says yes or no ---


def to_confirm(actor: Actor, text: str, *, lock: bool = False) -> MandateRequest:
    """Return the offer that the actor may confirm for herself.

    Raises NotFound (`offered`), Conflict (oneself) for her own offer, Forbidden for a minor (guardian_only), who is
    not verified (not_verified) or suspended.
    """
    must(actor, Perm.SELF_MANAGE)
    found = offered(text, lock=lock)
    if actor.is_me(found.helper_id):
        raise Conflict("oneself", _("这是您自己的代办码"), next_step=_("请把码给您要帮的人，由她在自己手机上输入。"))
    if actor.minor:
        raise Forbidden(_("未满 18 岁，要由监护人来办"), next_step=_("请监护人到社区签字登记。"), code="guardian_only")
    _must_be_known(queries.known_member(actor.member_id))
    return found


def confirm(actor: Actor, text: str) -> Mandate:
    """Let who offered with this code act for the actor, and return the mandate; raises as `to_confirm`.

    Also Conflict (helpers_many, helped_many). A mandate of the same two that is in force ends: this one replaces it.
    """
    found = to_confirm(actor, text, lock=True)
    return _give(actor, queries.known_member(actor.member_id, lock=True), found, how="own")


def decline(actor: Actor, text: str) -> None:
    """Say no to an offer: its code is worth nothing any more. Raises as `to_confirm`."""
    to_confirm(actor, text, lock=True).closed_at = clock.now()
    session().flush()


# --- somebody writes it down for who has no phone ---


def witnessed(actor: Actor, member_id: int, *, lock: bool = False) -> Member:
    """Return the member whose mandate the actor may write down: an admin of her home, or who looks after her.

    Raises NotFound for anybody else and for who has left, Forbidden (oneself) for the actor herself.
    """
    member = queries.known_member(member_id, lock=lock)
    if actor.instead is not None or actor.status != "active" or member.status not in {"active", "suspended"}:
        raise NotFound
    policies.must_not_be_herself(actor.member_id, member)
    if policies.reaches(actor, Perm.MEMBER_VERIFY, member) or member.id in codes.leads(actor):
        return member
    raise NotFound


def register(actor: Actor, member_id: int, *, code: str, picture: Picture, seen: bool) -> Mandate:
    """Write down a mandate that the member (for a minor: her guardian) signed on paper before the actor.

    Raises as `witnessed`, DomainError of the fields "seen" and "code", Conflict (helpers_many, helped_many).
    """
    member = witnessed(actor, member_id, lock=True)
    _must_be_known(member)
    if not seen:
        raise DomainError("seen", _("请先当面确认，再打勾"), field="seen")
    try:
        found = offered(code, lock=True)
    except NotFound as error:
        raise DomainError("code", error.message, next_step=error.next_step, field="code") from None
    if member.id == found.helper_id or actor.is_me(found.helper_id):
        raise DomainError("code_own", _("代办人不能是她自己，也不能是您"), field="code")
    if policies.needs_guardian(member):
        raise Conflict("guardian_first", _("她未满 18 岁，请先记录监护人的同意"))
    how = "guardian" if member.age_band == policies.MINOR else "paper"
    upload = uploads.keep(actor, PURPOSE, picture)
    return _give(actor, member, found, how=how, witnessed_by=actor.member_id, upload_id=upload.id)


# --- ending ---


def end(actor: Actor, mandate_id: int, *, words: str = "") -> Mandate:
    """End a mandate at once: either side without a reason, who may write one down for the person with one.

    Ending it again changes nothing. Raises NotFound for anybody else, DomainError (field "reason").
    """
    if actor.instead is not None:
        raise NotFound
    found = _locked(mandate_id)
    said = ""
    if not (actor.is_me(found.principal_id) or actor.is_me(found.helper_id)):
        witnessed(actor, found.principal_id)
        said = policies.reason(words, missing=_("请写明为什么停，双方会看到"))
    if found.state != "ended":
        _end(actor, found, said)
    return found


def end_all(actor: Actor, member_ids: Iterable[int]) -> None:
    """End every mandate of somebody who is gone, as a person and as a helper; her offers too."""
    ids = list(member_ids)
    _close(MandateRequest.helper_id.in_(ids))
    theirs = select(Mandate).where(
        or_(Mandate.principal_id.in_(ids), Mandate.helper_id.in_(ids)), Mandate.state == "in_force"
    )
    statement = locking(theirs.order_by(Mandate.mandate_id)).execution_options(populate_existing=True)
    for found in session().scalars(statement).all():
        _end(actor, found, "")


def forget_papers(member_ids: Iterable[int]) -> None:
    """Delete the photos of papers that somebody who is gone had signed, and what was written about her at the end."""
    said = update(Mandate).where(Mandate.principal_id.in_(list(member_ids)), Mandate.end_words != "")
    session().execute(said.values(end_words=BLANK).execution_options(synchronize_session="fetch"))
    signed = select(Upload).join(Mandate, Mandate.upload_id == Upload.id)
    for upload in session().scalars(signed.where(Mandate.principal_id.in_(list(member_ids)))):
        uploads.delete(upload)
    session().flush()


# --- running out ---


def running_out() -> Sequence[int]:
    """Return the mandates whose last days have begun and of which nobody was told yet."""
    today = clock.today()
    soon = select(Mandate.mandate_id).where(
        Mandate.state == "in_force", Mandate.until_on >= today, Mandate.until_on <= today + TOLD_BEFORE,
        Mandate.reminded_at.is_(None),
    )  # fmt: skip
    return session().scalars(soon.order_by(Mandate.mandate_id)).all()


def tell_runs_out(mandate_id: int) -> None:
    """Let both sides know that it runs out soon; again, and ended meanwhile, nothing."""
    found = _locked(mandate_id)
    if found.state != "in_force" or found.reminded_at is not None:
        return
    found.reminded_at = clock.now()
    session().flush()
    events.emit(MandateRunsOut(found.mandate_id, found.principal_id, found.helper_id, found.until_on))


# --- steps ---


def _give(
    actor: Actor,
    member: Member,
    offered_: MandateRequest,
    *,
    how: str,
    witnessed_by: int | None = None,
    upload_id: uuid.UUID | None = None,
) -> Mandate:
    helper = queries.known_member(offered_.helper_id)
    _must_be_helper(helper)
    # Counted one after the other, whoever confirms: no lock on the helper's row, whose command may wait for ours.
    one_at_a_time(f"mandates:{helper.id}")
    old = select(Mandate).where(
        Mandate.principal_id == member.id, Mandate.helper_id == helper.id, Mandate.state == "in_force"
    )
    for before in session().scalars(locking(old)).all():
        _end(actor, before, "", told=False)
    _must_not_be_many(member.id, helper.id)
    made = Mandate(
        principal_id=member.id, helper_id=helper.id, from_on=clock.today(), until_on=offered_.until_on,
        may_redeem=offered_.may_redeem, may_appeal=offered_.may_appeal, how=how, minor=how == "guardian",
        witnessed_by=witnessed_by, upload_id=upload_id, given_at=clock.now(), state="in_force",
    )  # fmt: skip
    offered_.closed_at = clock.now()
    session().add(made)
    session().flush()
    details = {"how": how, "until": made.until_on.isoformat(), "mandate": str(made.mandate_id)}
    audit.record(actor, "people.mandate_give", "member", member.id, scope_path=member.home_path, details=details)
    events.emit(MandateGiven(made.mandate_id, member.id, helper.id, actor.member_id, made.until_on))
    return made


def _end(actor: Actor, found: Mandate, words: str, *, told: bool = True) -> None:
    found.state, found.ended_at, found.ended_by = "ended", clock.now(), actor.member_id or None
    found.end_words = words
    session().flush()
    audit.record(
        actor, "people.mandate_end", "member", found.principal_id, reason=words or None,
        scope_path=queries.home_path(found.principal_id), details={"mandate": str(found.mandate_id)},
    )  # fmt: skip
    if told:
        events.emit(MandateEnded(found.mandate_id, found.principal_id, found.helper_id, actor.member_id, words))


def _locked(mandate_id: int) -> Mandate:
    statement = locking(select(Mandate).where(Mandate.mandate_id == mandate_id))
    found = session().scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _close(condition: ColumnElement[bool]) -> None:
    dead = update(MandateRequest).where(condition, MandateRequest.closed_at.is_(None))
    session().execute(dead.values(closed_at=clock.now()).execution_options(synchronize_session=False))


def _open(found: MandateRequest) -> bool:
    return found.closed_at is None and found.expires_at > clock.now() and found.until_on >= clock.today()


def _over() -> NotFound:
    return NotFound(
        _("这个代办码不对，或者已经过期"), next_step=_("请对一遍再输，或者请对方重新生成一个。"), code="offer_over"
    )


def _must_be_known(member: Member) -> None:
    if member.verified_at is None:
        raise Forbidden(_("要先当面核对过身份"), next_step=_("请到社区，或请楼长、队长带您核对。"), code="not_verified")
    if member.status != "active":
        raise Forbidden(_("账号暂停中，现在不能办"), next_step=_("请联系社区。"), code="suspended")


def _must_be_helper(helper: Member) -> None:
    if helper.status != "active" or helper.verified_at is None or helper.age_band == policies.MINOR:
        raise Forbidden(
            _("代办人要满 18 岁，身份核对过，账号正常"), next_step=_("请先到社区核对身份。"), code="not_helper"
        )


def _must_not_be_many(principal_id: int, helper_id: int) -> None:
    if _count(Mandate.principal_id == principal_id) >= HELPERS_MOST:
        raise Conflict(
            "helpers_many", _("最多 %(count)s 个人代办", count=HELPERS_MOST), next_step=_("请先停掉一份，再加新的。")
        )
    if _count(Mandate.helper_id == helper_id) >= HELPED_MOST:
        raise Conflict(
            "helped_many", _("这位已经在替 %(count)s 个人办事", count=HELPED_MOST), next_step=_("请另找一位帮忙。")
        )


def _count(condition: ColumnElement[bool]) -> int:
    alive = (
        select(func.count())
        .select_from(Mandate)
        .where(
            condition,
            Mandate.state == "in_force",
            Mandate.until_on >= clock.today(),
        )
    )
    return session().execute(alive).scalar_one()
