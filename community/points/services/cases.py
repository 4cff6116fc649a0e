"""Manual awards by a named rule, and reversals of wrong awards: proposed by one, decided by others, never one's own.

What was decided is carried out ten seconds later by a job and may be taken back until then. Locks: who it is about,
the case, then what a posting locks. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from community.audit import services as audit
from community.core import clock, todo, uploads
from community.core.authz import Actor, Perm, must
from community.core.db import locking, part, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _, plain
from community.core.ids import new_uuid
from community.core.uploads import Picture
from community.messages import kinds, services as messages
from community.people import queries as people
from community.points import texts
from community.points.models import CaseVote, PointsCase
from community.points.queries import cases, subjects, terms
from community.points.queries.subjects import Subject
from community.points.services import awarding, reversing
from community.points.services.posting import By
from community.points.services.reviewing import clean_words, decided_meanwhile, must_be_anothers

# The pictures that a manual award or a reversal rests on.
PURPOSE = "points"
_INSTEAD = _("决定已经生效，对方会收到消息。弄错了，请提出更正，由另一位决定。")
_AWARDED, _FAILED, _UNKEPT = "points.case_awarded", "points.case_failed", "points.appeal_unkept"
_REVERSED = {"points": "points.case_reversed", "minutes": "points.case_reversed_minutes"}

kinds.register(_AWARDED, _("为您补记了积分"), _("%(reason)s。打开看依据的规则和经手的人。"))
kinds.register(
    _REVERSED["points"],
    _("一笔积分作了更正"),
    _("理由：%(reason)s。收回 %(taken)s 分，已经用掉或到期的 %(gone)s 分不追回。不同意可以申诉。"),
)
kinds.register(
    _REVERSED["minutes"],
    _("一笔服务分钟作了更正"),
    _("理由：%(reason)s。收回 %(taken)s 分钟，有 %(gone)s 分钟不追回。不同意可以申诉。"),
)
kinds.register(_UNKEPT, _("申诉后要补记的一笔没有记成"), _("原因：%(reason)s。不同意可以再申诉，由另一位重新看。"))
kinds.register(_FAILED, _("您提出的补记或更正没有办成"), _("打开看原因。"))


def _open_already() -> DomainError:
    return Conflict("proposed", _("这一笔已经有人提出更正"), next_step=_("请打开那一份，等另一位决定。"))


on_constraint("uq_points_case_open_reversal", _open_already)
on_constraint("pk_case_vote", decided_meanwhile)


@dataclass(frozen=True, slots=True)
class Place:
    """A place to ask a right for."""

    scope_path: str


def propose_award(
    actor: Actor,
    member_id: int,
    *,
    rule_version_id: int,
    earned_on: dt.date,
    where: str,
    reason: str,
    picture: Picture,
    amount: int | None = None,
    again: bool = False,
) -> uuid.UUID:
    """Propose to award a member by a named rule for what she did on that day in the area `where`; returns the case.

    `again` says that it is another act than what the rule gave her for that day already. Raises NotFound outside the
    actor's areas, DomainError for herself, a day out of reach, without a reason, for the same words or a second act
    that nobody said is one, Conflict as `awarding.award_manual`.
    """
    member = people.known_member(member_id, lock=True)
    must(actor, Perm.AWARD_PROPOSE, member)
    must(actor, Perm.AWARD_PROPOSE, Place(where))
    must_be_anothers(actor, member_id)
    today = clock.today()
    if not today - cases.REACHES_BACK <= earned_on <= today:
        raise DomainError("day", _("请填最近 90 天里的一天"), field="earned_on")
    said = clean_words(reason, needed=True)
    if cases.is_repeated(member_id, rule_version_id, earned_on, said):
        raise DomainError("same_words", _("同样的事已经提出过一次"), field="reason")
    known = cases.same_day(member_id, rule_version_id, earned_on)
    if known and not again:
        raise DomainError(
            "same_day",
            _("那一天按这条规则已经有 %(count)s 笔。确实是另一件事，请勾选", count=len(known)),
            field="again",
        )
    upload = uploads.keep(actor, PURPOSE, picture)
    return open_award(
        actor, member_id, rule_version_id=rule_version_id, earned_on=earned_on, where=where, reason=said,
        upload_id=upload.id, amount=amount,
    )  # fmt: skip


def open_award(
    actor: Actor,
    member_id: int,
    *,
    rule_version_id: int,
    earned_on: dt.date,
    where: str,
    reason: str,
    upload_id: uuid.UUID | None = None,
    amount: int | None = None,
) -> uuid.UUID:
    """Write the proposal of an award whose proposer's right was asked already; returns the case."""
    named, town_id = awarding.manual_terms(rule_version_id, earned_on, where, amount)
    return _open(
        actor,
        kind="award",
        town_id=town_id,
        scope_path=where,
        subject_id=member_id,
        rule_version_id=rule_version_id,
        amount=named.amount,
        earned_on=earned_on,
        reason=reason,
        upload_id=upload_id,
        needs=terms.of_town(town_id).people_needed(named.asset, named.amount),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What reversing a posting would mean now: at most how much, and how much of it is still there to take."""

    subject: Subject
    most: int
    left: int
    proposed: PointsCase | None


def plan_reversal(actor: Actor, txn_id: int) -> Plan:
    """Return what reversing this posting would mean now. Raises as `propose_reversal` for what cannot be reversed."""
    subject = _posting(actor, txn_id)
    must_be_anothers(actor, subject.owner_id)
    most = reversing.open_amount(txn_id)
    return Plan(subject, most, min(most, reversing.left_of(txn_id)), cases.reversal_of(txn_id))


def propose_reversal(
    actor: Actor, txn_id: int, *, amount: int, reason: str, picture: Picture | None = None
) -> uuid.UUID:
    """Propose to take a wrong award back, or a part of it; returns the case.

    Raises NotFound outside the actor's areas, DomainError for her own award, no reason or a wrong amount, Conflict
    (not_reversible, reversed_already, proposed).
    """
    subject = _posting(actor, txn_id)
    people.known_member(subject.owner_id, lock=True)
    must_be_anothers(actor, subject.owner_id)
    most = reversing.open_amount(txn_id)
    said = clean_words(reason, needed=True)
    if not 0 < amount <= most:
        raise DomainError("amount", _("请填 1 到 %(most)s", most=most), field="amount")
    if cases.reversal_of(txn_id) is not None:
        raise _open_already()
    return _open(
        actor,
        kind="reversal",
        town_id=subject.town_id,
        scope_path=subject.scope_path,
        subject_id=subject.owner_id,
        txn_id=txn_id,
        amount=amount,
        earned_on=subject.on_day,
        reason=said,
        upload_id=uploads.keep(actor, PURPOSE, picture).id if picture else None,
        # As many as for all that was taken of it so far: a large one is not taken in slices.
        needs=terms.of_town(subject.town_id).people_needed(subject.asset, reversing.settled(txn_id) + amount),
    )


def _posting(actor: Actor, txn_id: int) -> Subject:
    subject = subjects.find(f"txn:{txn_id}")
    if subject is None:
        raise NotFound
    must(actor, Perm.AWARD_PROPOSE, Place(subject.scope_path))
    return subject


def _open(actor: Actor, **fields: Any) -> uuid.UUID:
    case = PointsCase(id=new_uuid(), proposed_by=actor.member_id, created_at=clock.now(), **fields)
    session().add(case)
    session().flush()
    audit.record(
        actor, "points.propose", "points_case", case.id, scope_path=case.scope_path, reason=case.reason,
        details={"kind": case.kind, "amount": case.amount},
    )  # fmt: skip
    return case.id


# --- deciding ---


def vote(actor: Actor, case_id: uuid.UUID, *, accept: bool, words: str = "") -> bool:
    """Say yes or no to a case; returns whether that decided it, or a second person has to. One no decides.

    Raises NotFound outside the actor's areas, DomainError for a case about her or proposed by her and a no without
    words, Conflict (decided, voted).
    """
    case = _locked(actor, case_id)
    must_be_anothers(actor, case.subject_id)
    if actor.is_me(case.proposed_by):
        raise DomainError(
            "own_proposal", _("自己提出的，要由另一位来定"), next_step=_("请同事在待办里打开这一份。"), status=403
        )
    votes = cases.votes(case_id)
    if case.state != "open" or case.not_before is not None or not all(one.accepts for one in votes):
        raise decided_meanwhile()
    if any(one.by_id in actor.ids for one in votes):
        raise Conflict("voted", _("您已经看过这一笔了"), next_step=_("还要另一位复核，两个人都同意才记入。"))
    said = clean_words(words, needed=not accept)
    _say(case, actor, accept=accept, words=said)
    done = not accept or sum(one.accepts for one in votes) + 1 >= case.needs
    if done:
        case.not_before = clock.now() + todo.UNDO_WITHIN
        session().flush()
    audit.record(
        actor, "points.decide", "points_case", case_id, scope_path=case.scope_path, reason=said or None,
        details={"accepted": accept, "done": done},
    )  # fmt: skip
    return done


def undo(actor: Actor, case_id: uuid.UUID) -> None:
    """Take back what the actor said less than ten seconds ago: the case waits again as before.

    Raises as `todo.must_be_undoable`, NotFound outside her areas, Conflict (undo_late) when it is carried out.
    """
    case = _locked(actor, case_id)
    votes = cases.votes(case_id)
    mine = next((one for one in votes if one.by_id in actor.ids), None)
    at = mine.at if mine else clock.now()
    todo.must_be_undoable(actor, by_id=mine.by_id if mine else None, at=at, instead=_INSTEAD)
    if case.state != "open":
        raise todo.too_late(_INSTEAD)
    _say(case, actor, accept=True, words="", takes_back=True)
    if all(one.accepts for one in cases.votes(case_id)):
        case.not_before = None
    session().flush()
    audit.record(actor, "points.undecide", "points_case", case_id, scope_path=case.scope_path)


def _locked(actor: Actor, case_id: uuid.UUID) -> PointsCase:
    found = session().get(PointsCase, case_id)
    if found is None:
        raise NotFound
    must(actor, Perm.AWARD_DECIDE, found)
    people.known_member(found.subject_id, lock=True)
    return _lock(case_id)


def _lock(case_id: uuid.UUID) -> PointsCase:
    wanted = locking(select(PointsCase).where(PointsCase.id == case_id)).execution_options(populate_existing=True)
    return session().scalars(wanted).one()


def _say(case: PointsCase, actor: Actor, *, accept: bool, words: str, takes_back: bool = False) -> None:
    session().execute(
        insert(CaseVote.__table__),  # type: ignore[arg-type]
        {
            "case_id": case.id,
            "seq": cases.said(case.id),
            "by_id": actor.member_id,
            "proposed_by": case.proposed_by,
            "subject_id": case.subject_id,
            "accepts": accept,
            "takes_back": takes_back,
            "words": words,
            "at": clock.now(),
        },
    )


def give_up(member_ids: Iterable[int], why: str) -> None:
    """End what is to be decided or carried out about registrations that are "erased" or "merged": no account left."""
    still_open = select(PointsCase.id).where(PointsCase.subject_id.in_(list(member_ids)), PointsCase.state == "open")
    for case_id in session().scalars(still_open.order_by(PointsCase.id)).all():
        _end(_lock(case_id), "refused", why)


# --- carrying out ---


def carry_out(case_id: uuid.UUID) -> str:
    """Do what was decided about a case and may no longer be undone; returns what came of it, "" when it is not due.

    What the rules or the ledger refuse (a cap, a version that ended) ends the case with that word; who proposed it is
    told.
    """
    case = _lock(case_id)
    if case.state != "open" or case.not_before is None or case.not_before > clock.now():
        return ""
    votes = cases.votes(case_id)
    refused = next((one for one in votes if not one.accepts), None)
    if refused is not None:
        _end(case, "refused", "refused")
        return case.outcome
    by = By(case.proposed_by, votes[-1].by_id)
    try:
        with part():
            (_award if case.kind == "award" else _reverse)(case, by)
    except DomainError as refusal:
        if not refusal.final:
            # Somebody was in the way: the decision stands, and the job comes again.
            raise
        _end(case, "refused", refusal.code[:20])
    return case.outcome


def _award(case: PointsCase, by: By) -> None:
    done = awarding.award_manual(
        case.rule_version_id or 0,
        case.subject_id,
        evidence_ref=f"case:{case.id}",
        earned_on=case.earned_on,
        by=by,
        where=case.scope_path,
        place=plain(_("人工补记")),
        amount=case.amount,
    )
    # What waits for the budget or for her to be verified goes on by itself.
    going_on = done.txn_id is not None or done.reason in {"budget", "unverified"}
    case.done_txn_id = done.txn_id
    _end(case, "posted" if going_on else "refused", done.reason or "posted")


def _reverse(case: PointsCase, by: By) -> None:
    done = reversing.reverse(
        case.txn_id or 0, case.amount, by=by, evidence_ref=f"case:{case.id}", reason_code="wrong", explain={},
    )  # fmt: skip
    case.done_txn_id, case.written_off = done.txn_id, done.written_off
    _end(case, "posted", "posted" if done.taken else "written_off")


def _end(case: PointsCase, state: str, outcome: str) -> None:
    case.state, case.outcome, case.done_at, case.not_before = state, outcome, clock.now(), None
    session().flush()
    if state == "refused":
        messages.notify(case.proposed_by, _FAILED, {}, f"/desk/cases/{case.subject_id}/{case.id}")
        if outcome != "erased" and (appeal_id := cases.promise_of(case)):
            why = cases.refusal(cases.votes(case.id)) or plain(texts.OUTCOMES[outcome])
            messages.notify(case.subject_id, _UNKEPT, {"reason": why}, f"/points/appeals/{appeal_id}")
        return
    page = f"/points/{case.done_txn_id or case.txn_id}" if case.done_txn_id or case.txn_id else "/points"
    if case.kind == "award":
        messages.notify(case.subject_id, _AWARDED, {"reason": case.reason}, page)
    else:
        told = {"reason": case.reason, "taken": case.amount - case.written_off, "gone": case.written_off}
        messages.notify(case.subject_id, _REVERSED[cases.asset_of(case)], told, page)
