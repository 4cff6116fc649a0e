"""Awards that a person has to look at: said yes or no to, by two where a town asks for four eyes, never one's own.

What was decided is carried out ten seconds later (`deciding`), and may be taken back until then. All functions need
`transaction()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from community.audit import services as audit
from community.core import clock, todo
from community.core.authz import Actor, Perm, must
from community.core.db import session
from community.core.errors import Conflict, DomainError, NotFound, on_constraint
from community.core.i18n import Text, _, plain
from community.messages import kinds, services as messages
from community.people import queries as people, standing
from community.points.models import Award
from community.points.queries import families, reviews, terms
from community.points.queries.reviews import Vote
from community.points.services import deciding, waiting

# Told of (points, minutes) that passed and of those that did not.
_PASSED = {"points": "points.review_passed", "minutes": "points.review_passed_minutes"}
_FAILED = {"points": "points.review_failed", "minutes": "points.review_failed_minutes"}
# Whose points somebody else has to decide about, and why.
_HELPED = _("您在替这位代办，不能定她的积分")
_FAMILY = _("您和这位共用积分，不能定她的积分")
_INSTEAD = _("决定已经生效，对方会收到消息。弄错了，请提出更正，由另一位决定。")

_AT_ONCE, _WHY = _("马上记入您的账户。"), _("理由：%(reason)s。不同意可以申诉，由另一位重新看。")
kinds.register(_PASSED["points"], _("%(place)s：%(amount)s 分复核通过"), _AT_ONCE)
kinds.register(_PASSED["minutes"], _("%(place)s：%(amount)s 分钟复核通过"), _AT_ONCE)
kinds.register(_FAILED["points"], _("%(place)s：%(amount)s 分复核没有通过"), _WHY)
kinds.register(_FAILED["minutes"], _("%(place)s：%(amount)s 分钟复核没有通过"), _WHY)


def decided_meanwhile() -> DomainError:
    """Return the refusal of a word on something that somebody else has decided."""
    return Conflict("decided", _("这一笔已经有人定了"), next_step=_("刷新页面看结果。"))


on_constraint("pk_award_vote", decided_meanwhile)


def review(actor: Actor, award_id: int, *, accept: bool, words: str = "") -> bool:
    """Say yes or no to an award that waits for review; returns whether that decided it, or a second person has to.

    One no decides. Raises NotFound outside the actor's areas, DomainError for her own award and a no without words,
    Conflict (decided, voted, not_for_review).
    """
    row, votes = _locked(actor, award_id)
    _must_be_open(row)
    if not all(vote.accepts for vote in votes):
        raise decided_meanwhile()
    if any(vote.by_id in actor.ids for vote in votes):
        raise Conflict("voted", _("您已经看过这一笔了"), next_step=_("还要另一位复核，两个人都同意才记入。"))
    said = clean_words(words, needed=not accept)
    waiting.say(row, actor.member_id, accept=accept, words=said)
    done = not accept or sum(vote.accepts for vote in votes) + 1 >= needed(row)
    audit.record(
        actor, "points.review", "award", award_id, scope_path=row.scope_path, reason=said or None,
        details={"accepted": accept, "done": done},
    )  # fmt: skip
    if done:
        _decide(row, actor, accept=accept, words=said)
    return done


def undo(actor: Actor, award_id: int) -> None:
    """Take back what the actor said less than ten seconds ago: the award waits again as before.

    Raises as `todo.must_be_undoable`, NotFound outside her areas, Conflict (undo_late) when it is carried out.
    """
    row, votes = _locked(actor, award_id)
    mine = next((vote for vote in votes if vote.by_id in actor.ids), None)
    todo.must_be_undoable(
        actor, by_id=mine.by_id if mine else None, at=mine.at if mine else clock.now(), instead=_INSTEAD
    )
    if row is None:
        raise todo.too_late(_INSTEAD)
    waiting.say(row, actor.member_id, accept=True, words="", takes_back=True)
    # What somebody else decided meanwhile stands: one no decides.
    if all(vote.accepts for vote in reviews.votes(award_id)):
        deciding.forget_decision([award_id])
        messages.take_back(row.subject_id, _page(award_id))
    audit.record(actor, "points.unreview", "award", award_id, scope_path=row.scope_path)


def clean_words(words: str, *, needed: bool) -> str:
    """Return what a deciding person wrote, in one line; raises DomainError for a no without words."""
    said = " ".join(words.split())[:200]
    if needed and not said:
        raise DomainError("reason_missing", _("请写明理由，对方会看到"), field="reason")
    return said


def must_be_anothers(actor: Actor, member_id: int) -> None:
    """Raise for an award, a case or an appeal of the actor's own, of somebody in whose place she may act or whose
    family's pot she shares: what she gave them she could spend.
    """
    if actor.is_me(member_id):
        raise DomainError("own_award", _("自己的积分不能自己定"), next_step=_("请另一位管理员来办。"), status=403)
    if standing.helps(actor.ids, member_id):
        raise DomainError("helped", _HELPED, next_step=_("请另一位管理员来办。"), status=403)
    if member_id in families.close_to(actor.ids):
        raise DomainError("of_family", _FAMILY, next_step=_("请另一位管理员来办。"), status=403)


def close_to(actor: Actor) -> Mapping[int, Text]:
    """Return member → why `must_be_anothers` refuses, of everybody but the actor herself; for lists and pages."""
    return dict.fromkeys(families.close_to(actor.ids), _FAMILY) | dict.fromkeys(standing.helped(actor.ids), _HELPED)


def needed(row: Row[Any]) -> int:
    """Return how many people have to say yes to a waiting award."""
    return terms.of_town(row.town_id).people_needed(row.asset, row.award_amount)


def _locked(actor: Actor, award_id: int) -> tuple[Any, Sequence[Vote]]:
    """Return the waiting award (None when it waits no longer) and what was said; its member is locked first."""
    award = session().get(Award, award_id, populate_existing=True)
    if award is None:
        raise NotFound
    must(actor, Perm.AWARD_DECIDE, award)
    must_be_anothers(actor, award.subject_id)
    people.known_member(award.subject_id, lock=True)
    return waiting.waiting_one(award_id), reviews.votes(award_id)


def _must_be_open(row: Any) -> None:
    if row is None or row.not_before is not None:
        raise decided_meanwhile()
    if row.reason_code != "review":
        raise Conflict(
            "not_for_review", _("这一笔不等复核"), next_step=_("存疑的打卡请到打卡记录里核对，等预算的会自动补记。")
        )


def _decide(row: Row[Any], actor: Actor, *, accept: bool, words: str) -> None:
    not_before: dt.datetime = clock.now() + todo.UNDO_WITHIN
    code = deciding.CONFIRMED if accept else deciding.REJECTED
    deciding.decide_later([row], code, by_id=actor.member_id, words=words, not_before=not_before)
    told = {"place": row.explain["place"] or row.code, "amount": row.award_amount}
    messages.notify(
        row.subject_id,
        (_PASSED if accept else _FAILED)[row.asset],
        told if accept else {**told, "reason": plain(words)},
        _page(row.award_id),
        not_before=not_before,
    )


def _page(award_id: int) -> str:
    return f"/points/waiting/{award_id}"
