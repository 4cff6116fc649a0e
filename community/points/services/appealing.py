"""Objections: one tap from any line, answered before a day by somebody who had no say in it before.

An objection that is granted has consequences: a refused award is posted after all, what was taken is given back, what
was missing is proposed by a named rule and decided by yet another person. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import _, plain
from community.core.ids import new_uuid
from community.messages import kinds, services as messages
from community.people import queries as people
from community.points import texts
from community.points.models import Appeal, Lot, Transfer
from community.points.queries import subjects, terms
from community.points.queries.subjects import Subject
from community.points.services import adjusting, cases, reviewing, waiting
from community.points.services.posting import By
from community.points.services.reviewing import must_be_anothers

LONGEST = 500
# What is given back is valid for at least so long.
_GRACE = dt.timedelta(days=30)
_ANSWERED = "points.appeal_answered"

kinds.register(_ANSWERED, _("您的积分申诉有了答复"), _("%(answer)s"))


def _twice() -> DomainError:
    return Conflict("appealed", _("这一笔您已经申诉过"), next_step=_("请打开那一份申诉看进展。"))


on_constraint("uq_appeal_once", _twice)


def subject_of(actor: Actor, ref: str) -> Subject:
    """Return what `ref` names, if it is the actor's own and may be objected to; raises NotFound."""
    found = subjects.find(ref)
    if found is None or not found.owner_id or found.decision in {"merged", "erased"}:
        raise NotFound
    must(actor, Perm.APPEAL_MAKE, found)
    return found


def appeal(actor: Actor, ref: str, words: str) -> uuid.UUID:
    """Object to a row about oneself, in one's own words; returns the appeal.

    Raises NotFound for what is not the actor's, DomainError without words, Conflict (appealed) the second time.
    """
    subject = subject_of(actor, ref)
    said = _clean(words, _("请写一句：哪里不对"))
    made = Appeal(
        id=new_uuid(),
        town_id=subject.town_id,
        scope_path=subject.scope_path,
        member_id=actor.member_id,
        subject_ref=ref,
        first_by=subject.first_by,
        words=said,
        created_at=clock.now(),
        due_on=clock.today() + dt.timedelta(days=terms.of_town(subject.town_id).appeal_days),
        state="open",
    )
    session().add(made)
    session().flush()
    audit.record(actor, "points.appeal", "appeal", made.id, scope_path=made.scope_path, details={"about": ref})
    return made.id


def withdraw(actor: Actor, appeal_id: uuid.UUID) -> None:
    """Take one's own appeal back while it is open. Raises NotFound, Conflict (answered)."""
    found = _locked(appeal_id)
    must(actor, Perm.APPEAL_MAKE, found)
    _must_be_open(found)
    found.state = "withdrawn"
    session().flush()
    audit.record(actor, "points.appeal_withdraw", "appeal", found.id, scope_path=found.scope_path)


def decide(
    actor: Actor, appeal_id: uuid.UUID, *, change: bool, answer: str, rule_version_id: int | None = None
) -> Appeal:
    """Answer an appeal: what was decided stays, or is changed with what follows from it.

    `rule_version_id` names the rule by which something missing is proposed. Raises NotFound outside the actor's areas,
    DomainError (own_award, decided_first, a field), Conflict (answered, still_full, …).
    """
    found = _locked(appeal_id)
    must(actor, Perm.APPEAL_DECIDE, found)
    must_be_anothers(actor, found.member_id)
    subject = subjects.find(found.subject_ref)
    if subject is None:
        raise NotFound
    if set(actor.ids) & {*subject.deciders, found.first_by}:
        raise DomainError(
            "decided_first",
            _("这一笔原来是您经手的，要由另一位来答复"),
            next_step=_("请同事或上级在待办里打开这一份。"),
            status=403,
        )
    _must_be_open(found)
    said = _clean(answer, _("请写明怎么看的，对方会看到"), "answer")
    outcome = _change(actor, found, subject, rule_version_id) if change else ""
    found.state, found.outcome_ref = "changed" if change else "upheld", outcome
    found.decided_by, found.decided_at, found.answer = actor.member_id, clock.now(), said
    session().flush()
    audit.record(
        actor, "points.appeal_decide", "appeal", found.id, scope_path=found.scope_path,
        details={"to": found.state, "outcome": outcome},
    )  # fmt: skip
    messages.notify(found.member_id, _ANSWERED, {"answer": said}, f"/points/appeals/{found.id}")
    return found


def consequence(subject: Subject) -> str:
    """Return what granting an objection to this would do: a word of `texts.CONSEQUENCES`."""
    if subject.state == "refused":
        return "post"
    if subject.state == "held":
        return "review" if subject.reason_code == "review" else "explain"
    if subject.state == "order":
        return "explain"
    return "give_back" if subject.amount < 0 else "propose"


# --- what follows ---


def _change(actor: Actor, found: Appeal, subject: Subject, rule_version_id: int | None) -> str:
    what = consequence(subject)
    if what == "propose":
        return _propose(actor, found, subject, rule_version_id)
    if what == "give_back":
        return f"txn:{_give_back(actor, found, subject)}"
    if what == "post":
        return _post(actor, subject)
    if what == "review":
        reviewing.review(actor, _number(subject), accept=True)
        return subject.ref
    raise Conflict(
        "only_words", _("这一笔还在等，不用改决定"), next_step=_("请选“维持”，写明在等什么、什么时候有结果。")
    )


def _number(subject: Subject) -> int:
    return int(subject.ref.partition(":")[2])


def _post(actor: Actor, subject: Subject) -> str:
    """Post a refused award after all, as its rule allows."""
    row = waiting.reopen(_number(subject))
    if row is None:
        raise reviewing.decided_meanwhile()
    outcome = waiting.post_waiting([row], By(actor.member_id, actor.member_id))[0]
    if outcome.txn_id:
        return f"txn:{outcome.txn_id}"
    if outcome.reason == "budget":
        return subject.ref
    why = plain(texts.REFUSED[outcome.reason])
    raise Conflict("still_full", _("按规则还是记不上：%(why)s", why=why), next_step=_("请选“维持”，把这一条写进答复。"))


def _give_back(actor: Actor, found: Appeal, subject: Subject) -> int:
    return adjusting.adjust(
        subject.town_id, subject.owner_id, subject.asset, -subject.amount,
        expires_on=_valid_until(subject), by=By(actor.member_id, actor.member_id), evidence_ref=f"appeal:{found.id}",
        reason_code="appeal", explain={"where": subject.scope_path, "gives_back": str(subject.txn_id)},
    )  # fmt: skip


def _valid_until(subject: Subject) -> dt.date | None:
    """Return until when what is given back is valid: as the lot it was taken from, thirty days at least."""
    if subject.asset == "minutes":
        return None
    least = clock.today() + _GRACE
    if subject.reverses_txn_id is None:
        return least
    lot = select(Lot.expires_on).join(Transfer, Transfer.id == Lot.transfer_id)
    first: Any = session().scalar(lot.where(Transfer.txn_id == subject.reverses_txn_id))
    return max(first or least, least)


def _propose(actor: Actor, found: Appeal, subject: Subject, rule_version_id: int | None) -> str:
    if rule_version_id is None:
        raise DomainError("rule", _("请选按哪一条规则补记"), field="rule")
    case_id = cases.open_award(
        actor, subject.owner_id, rule_version_id=rule_version_id, earned_on=subject.on_day, where=subject.scope_path,
        reason=found.words[:300],
    )  # fmt: skip
    return f"case:{case_id}"


def _locked(appeal_id: uuid.UUID) -> Appeal:
    """Return the appeal, locked; its member first, as every command of hers does."""
    member_id = session().scalar(select(Appeal.member_id).where(Appeal.id == appeal_id))
    if member_id is None:
        raise NotFound
    people.known_member(member_id, lock=True)
    wanted = locking(select(Appeal).where(Appeal.id == appeal_id)).execution_options(populate_existing=True)
    return session().scalars(wanted).one()


def _must_be_open(found: Appeal) -> None:
    if found.state != "open":
        raise Conflict("answered", _("这份申诉已经办结"), next_step=_("刷新页面看结果。"))


def _clean(words: str, missing: Any, field: str = "words") -> str:
    said = " ".join(words.split())
    if not said:
        raise DomainError(f"{field}_missing", missing, field=field)
    if len(said) > LONGEST:
        raise DomainError(f"{field}_long", _("最多 %(count)s 字", count=LONGEST), field=field)
    return said
