"""Objections: one tap from any line, answered before a day by somebody who had no say in it before.

An objection that is granted has consequences: a refused award is posted after all, what was taken is given back, what
was missing is proposed by a named rule and decided by yet another person. All functions need `transaction()`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import select

from community.audit import services as audit
from community.core import clock
from community.core.authz import Actor, Perm, must
from community.core.db import locking, session
from community.core.errors import Conflict, DomainError, Forbidden, NotFound, on_constraint
from community.core.events import emit
from community.core.i18n import _, plain
from community.core.ids import new_uuid, parse_uuid
from community.messages import kinds, services as messages
from community.patrols.events import CheckInVindicated
from community.people import queries as people, standing
from community.points import texts
from community.points.models import Appeal, Award, Lot, Transfer
from community.points.queries import appeals, subjects, terms
from community.points.queries.subjects import Subject
from community.points.services import adjusting, cases, helping, noting, reversing, reviewing, waiting
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
    found = subjects.find(ref, actor.ids)
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
    if appeals.about(actor.ids, subject.ref) is not None:
        # Under whichever of her registrations: the constraint knows one.
        raise _twice()
    # As the row itself is called, however it was asked for: objected to once.
    return _write(actor, subject, subject.ref, said)


def _write(actor: Actor, subject: Subject, ref: str, said: str) -> uuid.UUID:
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
    helping.done(actor, "appeal", f"appeal:{made.id}", f"/points/appeals/{made.id}")
    return made.id


def withdraw(actor: Actor, appeal_id: uuid.UUID) -> None:
    """Take one's own appeal back while it is open; in somebody's place only what the same helper wrote.

    Raises NotFound, Forbidden (beyond_mandate), Conflict (answered).
    """
    found = _locked(appeal_id)
    must(actor, Perm.APPEAL_MAKE, found)
    if not may_withdraw(actor, found):
        raise Forbidden(_("这份申诉不是您替写的"), next_step=_("要撤回，请本人来办。"), code="beyond_mandate")
    _must_be_open(found)
    found.state = "withdrawn"
    session().flush()
    noting.appeals([found], actor.member_id)
    audit.record(actor, "points.appeal_withdraw", "appeal", found.id, scope_path=found.scope_path)
    helping.done(actor, "withdraw", f"appeal:{found.id}", f"/points/appeals/{found.id}")


def may_withdraw(actor: Actor, found: Appeal) -> bool:
    """Say whether the actor may take the appeal back: one's own always, another's only who wrote it in her place."""
    return actor.instead is None or writer_of(found) == actor.doer_id


def take_up(actor: Actor, appeal_id: uuid.UUID) -> uuid.UUID:
    """Go on with what somebody withdrew in the actor's place: the same words, a new clock; returns the new appeal.

    What she withdrew herself stays so. Raises NotFound, Conflict (not_to_take_up), and (appealed) the second time.
    """
    found = _locked(appeal_id)
    must(actor, Perm.APPEAL_MAKE, found)
    if not may_take_up(actor, found):
        raise Conflict("not_to_take_up", _("这份申诉不能接着提"), next_step=_("刷新页面看结果。"))
    ref = f"appeal:{found.id}"
    return _write(actor, subject_of(actor, ref), ref, found.words)


def may_take_up(actor: Actor, found: Appeal) -> bool:
    """Say whether the actor may go on with it: withdrawn by another's hand, and not taken up yet."""
    return (
        actor.instead is None
        and found.state == "withdrawn"
        and withdrawn_by(found) is not None
        and appeals.taken_up(found) is None
    )


def decide(
    actor: Actor, appeal_id: uuid.UUID, *, change: bool, answer: str, rule_version_id: int | None = None
) -> Appeal:
    """Answer an appeal: what was decided stays, or is changed with what follows from it.

    `rule_version_id` names the rule by which something missing is proposed. What moves as much as two people have to
    agree to waits, still open, for a second one who is of the same mind. Raises NotFound outside the actor's areas,
    DomainError (own_award, decided_first, a field), Conflict (answered, voted, still_full, …).
    """
    found = _locked(appeal_id)
    must(actor, Perm.APPEAL_DECIDE, found)
    must_be_anothers(actor, found.member_id)
    subject = subjects.find(found.subject_ref, (found.member_id,))
    if subject is None:
        raise NotFound
    if set(actor.ids) & {*subject.deciders, found.first_by, *written_by(found)}:
        raise DomainError(
            "decided_first",
            _("这一笔原来是您经手的，要由另一位来答复"),
            next_step=_("请同事或上级在待办里打开这一份。"),
            status=403,
        )
    _must_be_open(found)
    if found.decided_by in actor.ids:
        raise Conflict("voted", _("您已经同意过了"), next_step=_("分值较大，还要另一位也同意才改。"))
    said = _clean(answer, _("请写明怎么看的，对方会看到"), "answer")
    if change and found.decided_by is None and _takes_two(subject):
        return _agree_first(actor, found, said)
    outcome = _change(actor, found, subject, rule_version_id, said) if change else ""
    found.state, found.outcome_ref = "changed" if change else "upheld", outcome
    found.decided_by, found.decided_at, found.answer = actor.member_id, clock.now(), said
    session().flush()
    noting.appeals([found], actor.member_id)
    audit.record(
        actor, "points.appeal_decide", "appeal", found.id, scope_path=found.scope_path,
        details={"to": found.state, "outcome": outcome},
    )  # fmt: skip
    messages.notify(found.member_id, _ANSWERED, {"answer": said}, f"/points/appeals/{found.id}")
    return found


def writer_of(found: Appeal) -> int | None:
    """Return who wrote an appeal in its member's place; None for one of her own hand."""
    return _helper(found, "appeal")


def withdrawn_by(found: Appeal) -> int | None:
    """Return who withdrew an appeal in its member's place."""
    return _helper(found, "withdraw")


def _helper(found: Appeal, act: str) -> int | None:
    return next(iter(standing.helpers_of([f"appeal:{found.id}"], act).values()), None)


def written_by(found: Appeal) -> set[int]:
    """Return who wrote an appeal in its member's place, or withdrew what it goes on with: none of them answers it."""
    return writers([found])[found.id]


def writers(found: Collection[Appeal]) -> dict[uuid.UUID, set[int]]:
    """Return the same for many, by appeal, in as many statements as for one."""
    trails = appeals.behind({one.subject_ref for one in found})
    refs = {one.id: [f"appeal:{one.id}", *trails[one.subject_ref][:-1]] for one in found}
    every = [ref for mine in refs.values() for ref in mine]
    helpers = [standing.helpers_of(every, act) for act in ("appeal", "withdraw")] if every else []
    return {key: {who[ref] for who in helpers for ref in mine if ref in who} for key, mine in refs.items()}


def _takes_two(subject: Subject) -> bool:
    """Say whether granting this posts so much at once that two people have to agree; a proposal asks them anyway."""
    at_once = consequence(subject) in {"post", "set_right", "give_back"}
    # What was taken of a posting in slices was decided as one.
    taken = reversing.settled(subject.reverses_txn_id) if subject.reverses_txn_id else 0
    weight = max(abs(subject.amount), taken)
    return at_once and terms.of_town(subject.town_id).people_needed(subject.asset, weight) > 1


def _agree_first(actor: Actor, found: Appeal, said: str) -> Appeal:
    """Keep that one person would grant it: it stays open for another."""
    found.decided_by, found.decided_at, found.answer = actor.member_id, clock.now(), said
    session().flush()
    noting.appeals([found], actor.member_id)
    audit.record(actor, "points.appeal_agree", "appeal", found.id, scope_path=found.scope_path)
    return found


def give_up(member_ids: Iterable[int]) -> None:
    """End what somebody who leaves for good still objected to: nobody is left to answer."""
    hers = locking(select(Appeal).where(Appeal.member_id.in_(list(member_ids)), Appeal.state == "open"))
    still_open = session().scalars(hers.execution_options(populate_existing=True)).all()
    for found in still_open:
        found.state = "withdrawn"
    session().flush()
    noting.appeals(still_open, 0)


def consequence(subject: Subject) -> str:
    """Return what granting an objection to this would do: a word of `texts.CONSEQUENCES`."""
    if subject.state == "refused":
        return "set_right" if _checkin(subject) else "post"
    if subject.state == "held":
        return "review" if subject.reason_code == "review" else "explain"
    if subject.state == "order":
        return "again"
    return "give_back" if subject.amount < 0 else "propose"


# --- what follows ---


def _change(actor: Actor, found: Appeal, subject: Subject, rule_version_id: int | None, said: str) -> str:
    what = consequence(subject)
    if what == "propose":
        return _propose(actor, found, subject, rule_version_id)
    if what == "give_back":
        return f"txn:{_give_back(actor, found, subject)}"
    if what == "again":
        # Points and piece went back when it ended: there is nothing to post, only to say so.
        return subject.ref
    by = By(found.decided_by or actor.member_id, actor.member_id)
    if what == "post":
        return _post(subject, by)
    if what == "set_right":
        return _set_right(actor, subject, said, by)
    if what == "review":
        reviewing.review(actor, _number(subject), accept=True)
        return subject.ref
    raise Conflict(
        "only_words", _("这一笔还在等，不用改决定"), next_step=_("请选“维持”，写明在等什么、什么时候有结果。")
    )


def _number(subject: Subject) -> int:
    return int(subject.ref.partition(":")[2])


def _checkin(subject: Subject) -> uuid.UUID | None:
    """Return the check-in whose rejection is why the award was refused."""
    kind, _colon, key = subject.evidence_ref.partition(":")
    return parse_uuid(key) if kind == "checkin" and subject.decision == "rejected" else None


def _set_right(actor: Actor, subject: Subject, said: str, by: By) -> str:
    """Let the rejected check-in count after all: what was refused for it is posted as the rules allow now."""
    checkin_id = _checkin(subject)
    if checkin_id is None:
        raise reviewing.decided_meanwhile()
    waiting.reopen_evidence(subject.evidence_ref)
    # Settled anew, the check-in posts its awards as any other does.
    emit(CheckInVindicated(checkin_id=checkin_id, member_id=subject.owner_id, by_id=actor.member_id, reason=said))
    # What rests on a check-in that counts already, or is another registration's by now, nobody settles anew.
    left = [row for row in waiting.waiting_for(subject.evidence_ref) if row.reason_code == "review"]
    made = waiting.post_reopened(left, by)
    award = session().get_one(Award, _number(subject), populate_existing=True)
    for txn_id in (award.txn_id, *(outcome.txn_id for outcome in made)):
        if txn_id:
            return f"txn:{txn_id}"
    if left and award.state == "refused" and award.decision != waiting.MERGED:
        raise _still_full(award.decision or "")
    return subject.ref if award.state == "held" else subject.evidence_ref


def _post(subject: Subject, by: By) -> str:
    """Post a refused award after all, as its rule allows."""
    row = waiting.reopen(_number(subject))
    if row is None:
        raise reviewing.decided_meanwhile()
    outcome = waiting.post_reopened([row], by)[0]
    if outcome.txn_id:
        return f"txn:{outcome.txn_id}"
    if outcome.reason == "budget":
        return subject.ref
    raise _still_full(outcome.reason)


def _still_full(reason: str) -> Conflict:
    why = plain(texts.REFUSED[reason])
    return Conflict(
        "still_full", _("按规则还是记不上：%(why)s", why=why), next_step=_("请选“维持”，把这一条写进答复。")
    )


def _give_back(actor: Actor, found: Appeal, subject: Subject) -> int:
    by = By(found.decided_by or actor.member_id, actor.member_id)
    return adjusting.adjust(
        subject.town_id, subject.owner_id, subject.asset, -subject.amount,
        expires_on=_valid_until(subject), by=by, evidence_ref=f"appeal:{found.id}",
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
